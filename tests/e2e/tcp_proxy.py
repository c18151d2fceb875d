"""A TCP proxy before a server on loopback that counts bytes, and ends or holds connections at a byte of one's choice."""
from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass

UP, DOWN = "up", "down"  # to the server, to the client
_PIECE = 16 << 10
# Little is under way unseen: what the proxy holds back keeps the server from sending more.
_BUFFER = 16 << 10
_HELD_AT_MOST_S = 60


@dataclass(frozen=True)
class Cut:
    """Ends the connection that carries this byte, of all bytes in this direction, right before it.

    `reset`: as a crashed host does, else as a process does that closes its socket.
    """

    direction: str
    position: int
    reset: bool = False


@dataclass(frozen=True)
class Loss:
    """Ends the connection right before these bytes, at their n-th coming in this direction (from 1): a reply that is lost."""

    direction: str
    bytes: bytes
    number: int


class _Link:
    """One client and its connection to the server."""

    def __init__(self, client: socket.socket, server: socket.socket):
        self.client, self.server = client, server
        self._is_reset = False

    def end(self, reset: bool = False) -> None:
        """Both pumps see the end of what they read; a reset goes out with close()."""
        self._is_reset = self._is_reset or reset
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                if self._is_reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RD if self._is_reset else socket.SHUT_RDWR)

    def close(self) -> None:
        self.client.close()
        self.server.close()


class TcpProxy:
    """Use as a context manager. `passed` counts bytes since the last `arm`, of all connections together."""

    def __init__(self, server_port: int):
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._cuts: list[Cut] = []
        self._hold: tuple[str, int] | None = None
        self._may_pass = threading.Event()
        self._links: list[_Link] = []
        self.held = threading.Event()
        self.passed = {UP: 0, DOWN: 0}
        self.cuts_made = 0
        self._losses: list[Loss] = []
        self.seen: dict[tuple[str, bytes], int] = {}

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def url(self, url: str) -> str:
        """The same database, reached through the proxy."""
        return url.replace(f":{self._server_port}/", f":{self.port}/")

    def arm(self, *cuts: Cut | Loss, hold: tuple[str, int] | None = None) -> None:
        """Counts from 0 again; each cut is made once. At `hold`, (direction, position), nothing passes that way any more:
        `held` is set, until `release`."""
        with self._lock:
            self._cuts, self._hold = [cut for cut in cuts if isinstance(cut, Cut)], hold
            self._losses = [cut for cut in cuts if isinstance(cut, Loss)]
            self.seen = {}
            self.passed = {UP: 0, DOWN: 0}
            self.cuts_made = 0
            self.held.clear()
            self._may_pass.set()

    def release(self) -> None:
        self._may_pass.set()

    def __enter__(self) -> TcpProxy:
        self.arm()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._listener.close()
        self.release()
        for link in self._links:
            link.end(reset=True)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        try:
            server.connect(("127.0.0.1", self._server_port))
        except OSError:
            client.close()
            return
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = _Link(client, server)
        self._links.append(link)
        pumps = [threading.Thread(target=self._pump, args=(link, *way), daemon=True)
                 for way in ((UP, client, server), (DOWN, server, client))]
        for pump in pumps:
            pump.start()
        threading.Thread(target=self._close_after, args=(link, pumps), daemon=True).start()

    def _close_after(self, link: _Link, pumps: list[threading.Thread]) -> None:
        for pump in pumps:
            pump.join()
        self._links.remove(link)
        link.close()

    def _pump(self, link: _Link, direction: str, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                while piece:
                    lost = self._find_loss(direction, piece)
                    if lost is not None:
                        target.sendall(piece[:lost])
                        link.end()
                        return
                    count, cut, hold = self._take(direction, len(piece))
                    target.sendall(piece[:count])
                    piece = piece[count:]
                    if cut:
                        link.end(cut.reset)
                        return
                    if hold:
                        self.held.set()
                    if hold or self.held.is_set():
                        self._may_pass.wait(_HELD_AT_MOST_S)
        link.end()  # what one side ends is over for both

    def _find_loss(self, direction: str, piece: bytes) -> int | None:
        """Where the piece ends because of a loss. Bytes that are looked for come in one piece: replies are short."""
        with self._lock:
            for pattern in {loss.bytes for loss in self._losses if loss.direction == direction}:
                at = piece.find(pattern)
                while at >= 0:
                    number = self.seen[direction, pattern] = self.seen.get((direction, pattern), 0) + 1
                    if Loss(direction, pattern, number) in self._losses:
                        self.cuts_made += 1
                        return at
                    at = piece.find(pattern, at + 1)
        return None

    def _take(self, direction: str, count: int) -> tuple[int, Cut | None, bool]:
        """How many of the next bytes may pass, and what happens after them."""
        with self._lock:
            start = self.passed[direction]
            cut = min((c for c in self._cuts if c.direction == direction), key=lambda c: c.position, default=None)
            if cut and cut.position <= start + count:
                count = max(cut.position - start, 0)
                self._cuts.remove(cut)
                self.cuts_made += 1
            else:
                cut = None
            hold = self._hold is not None and self._hold[0] == direction and self._hold[1] <= start + count
            if hold:
                self._hold = None
                self._may_pass.clear()
            self.passed[direction] += count
            return count, cut, hold
