"""Notifications, received by a server on this machine: what arrives, for whom, and that nothing about sending decides over a run."""
from __future__ import annotations

import json
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from helpers import export, finished, wait_until

SECRET = "T0SECRET/B0SECRET/verysecretpath"
ROWS = 200


class Receiver:
    """An HTTP server that keeps what it is sent and answers as it is told."""

    def __init__(self, certificate=None):
        self.requests: list[dict] = []
        self.status, self.headers, self.body, self.holds = 200, {}, b"ok", threading.Event()
        self.holds.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append({"path": self.path, "headers": dict(self.headers), "body": body, "at": time.monotonic()})
                receiver.holds.wait(60)
                try:
                    self.send_response(receiver.status)
                    for name, value in {"Content-Length": str(len(receiver.body)), **receiver.headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(receiver.body)
                except OSError:
                    pass  # it went away

            def do_GET(self):
                receiver.requests.append({"path": self.path, "method": "GET"})
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server.server_address[1]}/{SECRET}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def documents(self) -> list[dict]:
        return [json.loads(request["body"]) for request in self.requests]

    def close(self):
        self.holds.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    with closing(Receiver()) as server:
        yield server


@pytest.fixture
def source(rivet) -> dict:
    path = rivet.folder / "source.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT NOT NULL, day DATE NOT NULL)")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", ((i, f"name {i}", f"2026-11-{1 + i % 4:02}") for i in range(ROWS)))
    return {"type": "sqlite", "path": str(path)}


GOOD = export("orders", table="orders")
BAD = export("bad", table="orders", path="./bad", quality={"row_count_min": ROWS + 1})
EVERYTHING = ["success", "failure", "schema_change", "degraded"]


def slack(receiver, *on: str) -> dict:
    return {"slack": {"webhook_url": receiver.url, "on": list(on) or ["failure"]}}


def webhook(receiver, **keys) -> dict:
    return {"webhook": {"url": receiver.url, "on": EVERYTHING, **keys}}


def assert_secret_is_nowhere(rivet, *outputs):
    """Neither on the screen nor in anything that was written; the configuration itself may have it."""
    for done in outputs:
        assert SECRET not in done.stdout + done.stderr
    for path in rivet.folder.rglob("*"):
        if path.is_file() and path.name != "rivet.yaml":
            assert SECRET.encode() not in path.read_bytes(), path


# -- what is told


def test_slack_hears_of_a_failure_and_not_of_a_success(rivet, source, receiver):
    done = rivet("run", "-c", rivet.config(source, GOOD, BAD, notifications=slack(receiver)))
    assert done.code == 3
    (document,) = receiver.documents()
    (attachment,) = document["attachments"]
    (run_id,) = rivet.state("SELECT run_id FROM export_metrics WHERE export_name = 'bad'")[0]
    assert attachment["color"] == "danger" and attachment["title"] == f"rivet: bad failed (run {run_id})"
    assert "quality: " in attachment["text"] and attachment["footer"].endswith("rivet.yaml")
    assert receiver.requests[0]["path"] == f"/{SECRET}" and receiver.requests[0]["headers"]["Content-Type"] == "application/json"
    assert "warning" not in done.stderr
    assert_secret_is_nowhere(rivet, done)


def test_the_webhook_document_says_what_the_summary_says(rivet, source, receiver):
    config = rivet.config(source, GOOD, BAD, notifications=webhook(receiver))
    done = rivet("run", "-c", config, "--summary-output", "summary.json")
    good, bad = receiver.documents()
    for document, entry in zip((good, bad), json.loads((rivet.folder / "summary.json").read_text())["per_export"]):
        assert document["export"] == entry["export_name"]
        assert {key: document[key] for key in ("run_id", "status", "rows", "files", "bytes", "duration_ms", "mode")} == {
            key: entry[key] for key in ("run_id", "status", "rows", "files", "bytes", "duration_ms", "mode")}
        assert document["version"] == 1 and document["partitions"] is None and document["config_path"] == str(config)
        assert document["host"] == socket.gethostname() and document["started_at"] <= document["finished_at"]
    assert (good["event"], good["occasions"], good["error"]) == ("success", ["success"], None)
    assert (bad["event"], bad["error"]["kind"], bad["error"]["exit_class"]) == ("failure", "data", "data_integrity")
    assert "row_count" in bad["error"]["message"] and bad["error"]["hint"]
    assert done.code == 3


def test_a_changed_schema_and_a_degraded_run_are_told(rivet, source, receiver):
    config = rivet.config(source, GOOD, notifications=slack(receiver, "schema_change", "degraded"))
    rivet.ok("run", "-c", config)
    assert receiver.requests == []
    with closing(sqlite3.connect(source["path"])) as connection, connection:
        connection.execute("ALTER TABLE orders ADD COLUMN note TEXT")
    rivet.ok("run", "-c", config)
    (attachment,) = receiver.documents()[0]["attachments"]
    assert attachment["color"] == "warning" and "the schema changed" in attachment["title"] and "note" in attachment["text"]

    rivet.killed_at("before_seal", "run", "-c", config)
    rivet.ok("run", "-c", config)
    (attachment,) = receiver.documents()[1]["attachments"]
    assert "with warnings" in attachment["title"] and "continued the run of a process that had died" in attachment["text"]


def test_partitions_are_one_message(rivet, source, receiver):
    entry = export("orders", table="orders", path="./output/{partition}", partition_by="day")
    config = rivet.config(source, entry, notifications=webhook(receiver) | slack(receiver, "degraded"))
    rivet.ok("run", "-c", config)
    (document,) = receiver.documents()
    assert (document["export"], document["rows"], document["files"]) == ("orders", ROWS, 4)
    assert sorted(one["name"] for one in document["partitions"]) == [f"orders__2026-11-{day:02}" for day in range(1, 5)]
    assert sum(one["rows"] for one in document["partitions"]) == ROWS


@pytest.mark.parametrize("flag", ["--parallel-exports", "--parallel-export-processes"])
def test_the_reporting_process_sends_once_for_each_export(rivet, source, receiver, flag):
    parts = export("parts", table="orders", path="./parts/{partition}", partition_by="day")
    done = rivet("run", "-c", rivet.config(source, GOOD, BAD, parts, notifications=webhook(receiver)), flag)
    assert done.code == 3
    assert sorted((document["export"], document["event"]) for document in receiver.documents()) == [
        ("bad", "failure"), ("orders", "success"), ("parts", "success")]


@pytest.mark.parametrize("key, told", [("url_env", 1), ("url", 0)])
def test_an_applied_plan_tells_receivers_that_variables_name(rivet, source, receiver, key, told):
    rivet.env["HOOK"] = receiver.url
    rivet.config(source, export("orders", table="orders"),
                 notifications={"webhook": {key: "HOOK" if key == "url_env" else receiver.url, "on": ["success"]}})
    rivet.ok("plan", "-c", "rivet.yaml", "-o", "plan.json")
    assert SECRET not in (rivet.folder / "plan.json").read_text()
    rivet.ok("apply", "plan.json")
    assert [document["export"] for document in receiver.documents()] == ["orders"] * told


def test_messages_go_out_after_everything_else(rivet, source, receiver):
    """Manifest, report, notification: while the receiver waits, all the rest is there."""
    receiver.holds.clear()
    process = rivet.start("run", "-c", rivet.config(source, GOOD, notifications=webhook(receiver)), "--summary-output", "summary.json")
    wait_until(lambda: receiver.requests, process)
    assert rivet.output().manifest("orders")["row_count"] == ROWS
    assert (rivet.folder / "summary.json").exists() and rivet.state("SELECT count(*) FROM run_aggregate") == [(1,)]
    receiver.holds.set()
    assert finished(process).code == 0


def test_an_interrupted_run_is_a_failure(rivet, source, receiver):
    config = rivet.config(source, GOOD, notifications=webhook(receiver, on=["failure"]))
    gate = rivet.folder / "gate"
    process = rivet.start("run", "-c", config, env={"RIVET_TEST_PAUSE_AT": f"batch_written={gate}"})
    wait_until((rivet.folder / "gate.reached").exists, process)
    process.send_signal(signal.SIGINT)
    gate.touch()
    assert finished(process).code == 130
    (document,) = receiver.documents()
    assert (document["event"], document["status"]) == ("failure", "interrupted")


# -- secrets


def test_urls_and_headers_come_from_variables_and_stay_secret(rivet, source, receiver):
    notifications = {"slack": {"webhook_url_env": "SLACK", "on": ["failure"]},
                     "webhook": {"url_env": "HOOK", "headers": {"X-Team": "data"}, "headers_env": {"Authorization": "AUTH"}}}
    config = rivet.config(source, GOOD, BAD, notifications=notifications)
    done = rivet("run", "-c", config, env={"SLACK": receiver.url, "HOOK": receiver.url, "AUTH": f"Bearer {SECRET}"})
    assert done.code == 3
    to_slack, to_hook = receiver.requests
    assert "Authorization" not in to_slack["headers"]
    assert to_hook["headers"]["Authorization"] == f"Bearer {SECRET}" and to_hook["headers"]["X-Team"] == "data"
    assert_secret_is_nowhere(rivet, done)
    missing = rivet("run", "-c", config, env={"SLACK": receiver.url, "HOOK": receiver.url})
    assert missing.code == 1 and "'AUTH', named by 'headers_env', is not set" in missing.stderr


def test_what_is_sent_is_redacted(rivet, source, receiver):
    entry = export("orders", query="SELECT * FROM missing WHERE token = 'verysecretpath'")
    done = rivet("run", "-c", rivet.config(source, entry, notifications=webhook(receiver, headers={"X-Auth": "verysecretpath"})))
    assert done.code == 1 and len(receiver.requests) == 1
    assert b"verysecretpath" not in receiver.requests[0]["body"] and "verysecretpath" not in done.stderr


def test_credentials_do_not_travel_in_plain_text(rivet, source):
    notifications = {"webhook": {"url": "http://hooks.example.org/x", "headers_env": {"Authorization": "AUTH"}}}
    done = rivet("run", "-c", rivet.config(source, GOOD, notifications=notifications), env={"AUTH": "x" * 20})
    assert done.code == 1 and "sends credentials in plain text" in done.stderr


# -- receivers that do not do their part


def sent_badly(rivet, source, notifications) -> str:
    """The run succeeds whatever becomes of its message. What is said about that."""
    done = rivet.ok("run", "-c", rivet.config(source, GOOD, notifications=notifications), "--json")
    assert done.json()["success_count"] == 1 and rivet.output().manifest("orders")["row_count"] == ROWS
    (warning,) = [line for line in done.stderr.splitlines() if "was not sent" in line]
    assert warning.startswith("warning: notification of export 'orders' to the webhook was not sent: ")
    assert_secret_is_nowhere(rivet, done)
    return warning


def test_a_refusal_is_a_warning_with_the_answer(rivet, source, receiver):
    receiver.status, receiver.body = 500, f"no such hook: /{SECRET}\x1b[31m\nbye".encode()
    warning = sent_badly(rivet, source, webhook(receiver))
    assert "the server answered 500: no such hook: /***" in warning and "\x1b" not in warning


def test_a_failed_run_keeps_its_exit_code(rivet, source, receiver):
    receiver.status = 500
    done = rivet("run", "-c", rivet.config(source, BAD, notifications=webhook(receiver)), "--json-errors")
    assert done.code == 3 and "was not sent" in done.stderr and done.error()["exit_class"] == "data_integrity"


def test_nobody_listening_is_a_warning(rivet, source):
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/{SECRET}"
    assert "connect" in sent_badly(rivet, source, {"webhook": {"url": url, "on": ["success"]}}).lower()


def test_silence_costs_ten_seconds_once(rivet, source, receiver):
    receiver.holds.clear()
    began = time.monotonic()
    done = rivet.ok("run", "-c", rivet.config(source, GOOD, {**GOOD, "name": "again"}, notifications=webhook(receiver)))
    assert 9.5 < time.monotonic() - began < 14
    assert "1 more to the webhook not tried" in done.stderr and len(receiver.requests) == 1


def test_a_redirect_is_not_followed(rivet, source, receiver):
    with closing(Receiver()) as other:
        receiver.status, receiver.headers = 307, {"Location": other.url}
        assert "the server answered 307, a redirect" in sent_badly(rivet, source, webhook(receiver))
        assert other.requests == []


def test_an_endless_answer_is_not_read_to_its_end(rivet, source, receiver):
    receiver.body = b"x" * (50 << 20)
    done = rivet.ok("run", "-c", rivet.config(source, GOOD, notifications=webhook(receiver)))
    assert "was not sent" not in done.stderr  # it said 200
    receiver.status = 404
    assert len(sent_badly(rivet, source, webhook(receiver))) < 500


def test_certificates_are_verified(rivet, source, tmp_path):
    pem = tmp_path / "server.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    pem.write_bytes((tmp_path / "key.pem").read_bytes() + (tmp_path / "cert.pem").read_bytes())
    with closing(Receiver(certificate=pem)) as server:
        assert "certificate" in sent_badly(rivet, source, webhook(server))
        assert server.requests == []
