"""A chat completions server on this machine that misbehaves as told, and remembers what it was asked and gave."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.judges.loopback import LengthJudge


@dataclass(frozen=True)
class Way:
    """How one call is answered. `body` None is the right answer; `half` breaks off in its middle and cuts."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    wait: float = 0.0
    half: bool = False
    drip: float = 0.0
    """Seconds between bytes."""
    reset: bool = False
    """Cut before any answer."""
    until: threading.Event | None = None
    """Answer once this is set."""


GOOD = Way()


class RoughServer:
    """`way(number, key)` says how the call of this number about this content is answered; numbers begin at 0."""

    def __init__(self, way: Callable[[int, str], Way] = lambda number, key: GOOD) -> None:
        self.way, self.judge = way, LengthJudge()
        self.url = ""
        self.lock = threading.Lock()
        self.calls: Counter[str] = Counter()
        self.good: Counter[str] = Counter()
        self.refused = self.in_flight = self.most = 0
        self.times: list[float] = []

    def ask(self, request: dict[str, Any]) -> tuple[str, Way]:
        key = content_key(request)
        with self.lock:
            number = self.calls.total()
            self.calls[key] += 1
            self.in_flight += 1
            self.most = max(self.most, self.in_flight)
            self.times.append(time.monotonic())
            return key, self.way(number, key)

    def done(self, key: str, way: Way) -> None:
        with self.lock:
            self.in_flight -= 1
            self.refused += way.status == 429
            if way.status == 200 and way.body is None and not (way.half or way.reset):
                self.good[key] += 1


def content_key(request: dict[str, Any]) -> str:
    """The question and both answers in their order, without the names and nonces of one wording."""
    body = request["messages"][-1]["content"]
    quoted = re.findall(r"(?m)^\"(?:[^\"\\]|\\.)*\"$", body)
    return hashlib.sha256("\n".join(quoted).encode()).hexdigest()[:16]


def _handler(server: RoughServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key, way = server.ask(request)
            try:
                time.sleep(way.wait)
                if way.until is not None:
                    way.until.wait(20)
                self._answer(way, request)
            except OSError:  # the client left first
                self.close_connection = True
            finally:
                server.done(key, way)

        def _answer(self, way: Way, request: dict[str, Any]) -> None:
            if way.reset:
                return self._cut()
            raw = json.dumps(server.judge.reply(request)).encode() if way.body is None else way.body
            self.send_response(way.status)
            for name, value in {"Content-Type": "application/json", **way.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            raw = raw[: len(raw) // 2] if way.half else raw
            for piece in [raw] if not way.drip else [raw[i : i + 1] for i in range(len(raw))]:
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(way.drip)
            return self._cut() if way.half else None

        def _cut(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def serve(way: Callable[[int, str], Way] = lambda number, key: GOOD) -> Iterator[RoughServer]:
    """A server behind a real port."""
    server = RoughServer(way)

    class Http(ThreadingHTTPServer):
        request_queue_size = 512
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    http = Http(("127.0.0.1", 0), _handler(server))
    server.url = f"http://127.0.0.1:{http.server_port}/v1"
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
