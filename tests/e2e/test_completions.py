"""Completions in the shells themselves, and the manual page as two formatters read it."""
from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from helpers import Rivet, export, rivet_binary


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with `rivet` on its own PATH, the three scripts and a configuration."""
    where = tmp_path_factory.mktemp("completions")
    (where / "bin").mkdir()
    (where / "bin" / "rivet").symlink_to(rivet_binary())
    rivet = Rivet(where)
    for shell in ("bash", "zsh", "fish"):
        (where / f"rivet.{shell}").write_text(rivet.ok("completions", shell).stdout)
    rivet.config({"type": "sqlite", "path": "x"}, export("orders", table="a"), export("order items", table="b"), export("users", table="c"),
                 name="shop.yaml")
    (where / "reports").mkdir()
    return where


def shell(folder: Path, *command: str) -> str:
    assert shutil.which(command[0]), f"{command[0]} is not installed: run scripts/setup.sh"
    environment = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def bash(folder: Path, line: str) -> list[str]:
    """What bash offers at the end of the line: its words as readline cuts them, at `=` too."""
    words = line.replace("=", " = ").split(" ") if "=" in line else line.split(" ")
    script = f"""source ./rivet.bash
COMP_WORDS=({" ".join(f"'{word}'" for word in words)}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
$(complete -p rivet | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "${{COMPREPLY[@]}}" """
    return sorted(filter(None, shell(folder, "bash", "--norc", "-c", script).splitlines()))


def fish(folder: Path, line: str) -> list[str]:
    out = shell(folder, "fish", "--no-config", "-c", f"source ./rivet.fish; complete -C '{line}'")
    return sorted(offer.split("\t")[0] for offer in out.splitlines())


def zsh(folder: Path, line: str) -> list[str]:
    """What zsh writes on an interactive terminal after a tab: the offers, without their descriptions."""
    environment = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    setup = ("PS1=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source ./rivet.zsh; "
             "setopt auto_list no_list_ambiguous no_auto_menu; "
             "print READY\n")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvpe("zsh", ["zsh", "-f", "-i"], environment)
    try:
        os.write(terminal, setup.encode())
        read_until(terminal, "\nREADY")
        os.write(terminal, line.encode() + b"\t")
        shown = read_until(terminal, None)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(terminal)
    return shown


def read_until(terminal: int, text: str | None) -> str:
    """Reads until the text comes, or until nothing more does."""
    seen, deadline = "", time.monotonic() + 20
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 20 if text or len(seen) == 0 else 1.5)
        if not ready:
            break
        seen += os.read(terminal, 65536).decode(errors="replace").replace("\r", "")
        if text and text in seen:
            break
    return seen


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_scripts_are_well_formed(folder, name):
    assert shell(folder, name, "-n", f"rivet.{name}") == ""
    assert "***" not in (folder / f"rivet.{name}").read_text()


def available(rivet) -> list[str]:
    return sorted(command["name"] for command in rivet.ok("schema", "cli").json()["commands"] if command["available"])


@pytest.mark.parametrize("complete", [bash, fish])
class TestOffers:
    def test_commands(self, rivet, folder, complete):
        assert complete(folder, "rivet ") == available(rivet)
        assert complete(folder, "rivet ru") == ["run"]
        assert {"show", "reset", "reset-chunks"} <= set(complete(folder, "rivet state "))
        assert complete(folder, "rivet schema c") == ["cli", "config"]
        assert complete(folder, "rivet --json-errors ru") == ["run"]

    def test_options_of_the_command(self, rivet, folder, complete):
        assert complete(folder, "rivet run --val") == ["--validate"]
        assert complete(folder, "rivet state reset-chunks --stu") == ["--stuck-checkpoints"]
        assert {"--config", "--json-errors"} <= set(complete(folder, "rivet metrics --"))
        assert complete(folder, "rivet metrics --val") == []

    def test_words_of_an_option(self, rivet, folder, complete):
        assert complete(folder, "rivet validate --depth ") == ["full", "light", "sample"]
        assert complete(folder, "rivet validate --depth l") == ["light"]

    def test_an_argument(self, rivet, folder, complete):
        assert complete(folder, "rivet completions ") == ["bash", "fish", "zsh"]

    def test_files(self, rivet, folder, complete):
        assert complete(folder, "rivet run -c sho") == ["shop.yaml"]
        assert [offer.rstrip("/") for offer in complete(folder, "rivet validate -o rep")] == ["reports"]
        assert complete(folder, "rivet run -p sho") == []

    def test_a_command_as_the_value_of_an_option_is_no_command(self, rivet, folder, complete):
        assert complete(folder, "rivet state show -c run --js") == ["--json", "--json-errors"]

    def test_exports_of_the_file(self, rivet, folder, complete):
        assert complete(folder, "rivet run -c shop.yaml -e us") == ["users"]
        assert [offer.replace("\\", "") for offer in complete(folder, "rivet run -c shop.yaml -e ord")] == ["order items", "orders"]
        assert complete(folder, "rivet run -c nothing.yaml -e ") == []
        assert complete(folder, "rivet run -e ") == []


def test_bash_completes_after_an_equals_sign(folder):
    assert bash(folder, "rivet validate --depth=") == ["full", "light", "sample"]
    assert bash(folder, "rivet validate --depth=s") == ["sample"]
    assert bash(folder, "rivet run --config=shop.yaml -e us") == ["users"]


def test_fish_describes_what_it_offers(folder):
    out = shell(folder, "fish", "--no-config", "-c", "source ./rivet.fish; complete -C 'rivet ru'")
    assert out == "run\tExecute exports\n"


def test_zsh_completes_on_a_terminal(folder):
    assert "rivet run" in zsh(folder, "rivet ru")
    assert all(word in zsh(folder, "rivet state ") for word in ("show", "files", "reset-chunks", "progression"))
    assert "--stuck-checkpoints" in zsh(folder, "rivet state reset-chunks --st")
    assert all(word in zsh(folder, "rivet validate --depth ") for word in ("full", "light", "sample"))
    assert "--depth=sample" in zsh(folder, "rivet validate --depth=sa")
    assert "shop.yaml" in zsh(folder, "rivet run -c sho")
    assert "-e users" in zsh(folder, "rivet run -c shop.yaml -e us")


@pytest.mark.parametrize("name", ["elvish", "powershell", "tcsh"])
def test_other_shells_are_refused_with_those_that_there_are(rivet, name):
    done = rivet("completions", name)
    assert (done.code, done.stdout) == (1, "")
    assert f"no completions for '{name}'" in done.stderr and "bash, zsh and fish" in done.stderr


def test_names_are_offered_of_files_that_do_not_load(rivet):
    path = rivet.folder / "odd.yaml"
    for text, names in [("exports: [{name: a}, {name: '${B}'}, {nome: c}, 7]", "a\n"), ("", ""), ("exports: 3", ""), ("\tx", ""), ("a: [", "")]:
        path.write_text(text)
        done = rivet("complete-exports", path)
        assert (done.code, done.stdout, done.stderr) == (0, names, ""), text
    assert rivet.ok("complete-exports", "nowhere.yaml").stdout == ""


# -- the manual page


@pytest.fixture(scope="module")
def page(folder) -> Path:
    path = folder / "rivet.1"
    path.write_text(Rivet(folder).ok("man").stdout)
    return path


def test_formatters_have_nothing_to_say_about_the_page(page, folder):
    assert shell(folder, "mandoc", "-Tlint", "-Wstyle", str(page)) == ""
    assert "RIVET(1)" in shell(folder, "groff", "-man", "-Tutf8", "-ww", str(page))
    assert "RIVET(1)" in shell(folder, "man", "--warnings=w", "-l", str(page))


def test_the_page_names_every_command_and_option(rivet, page, folder):
    text = shell(folder, "mandoc", "-Tutf8", "-Owidth=200", str(page))
    plain = re.sub(".\b", "", text)  # bold is a letter over itself
    for title in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"):
        assert f"\n{title}\n" in plain, title

    def look(command: dict, path: str) -> None:
        if not command["available"]:
            assert path not in plain
            return
        assert path in plain
        for option in command["options"]:
            assert all(name in plain for name in option["names"]), (path, option)
        for below in command["commands"]:
            look(below, f"{path} {below['name']}")

    look(rivet.ok("schema", "cli").json(), "rivet")


# -- installation


def test_installing_puts_page_and_completions_where_they_are_looked_for(folder, tmp_path):
    build = rivet_binary().parent
    assert (build / "cmake_install.cmake").is_file(), f"{build} is no build folder"
    subprocess.run(["cmake", "--install", str(build), "--prefix", str(tmp_path)], check=True, capture_output=True, timeout=120)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"bin/rivet", "share/man/man1/rivet.1", "share/bash-completion/completions/rivet", "share/zsh/site-functions/_rivet",
                     "share/fish/vendor_completions.d/rivet.fish"}
    installed = subprocess.run([tmp_path / "bin" / "rivet", "--version"], capture_output=True, text=True, check=True)
    assert installed.stdout.startswith("rivet ")
    assert (tmp_path / "share/fish/vendor_completions.d/rivet.fish").read_text() == (folder / "rivet.fish").read_text()
