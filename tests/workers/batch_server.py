"""Files and batches of calls on this machine, as OpenAI's Batch API has them, which goes wrong as told."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.judges.loopback import LengthJudge

USUAL = ("validating", "in_progress", "finalizing", "completed")
ENDED = ("completed", "failed", "expired", "cancelled")
Fault = tuple[int, bytes] | None


@dataclass
class Batch:
    """One batch; each look at it takes it a step further along `script`."""

    id: str
    input: str
    metadata: dict[str, str]
    script: tuple[str, ...]
    created: int
    looks: int = 0
    status: str = "validating"
    total: int = 0
    done: int = 0
    failed: int = 0
    files: dict[str, str] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "input_file_id": self.input,
            "completion_window": "24h",
            "status": self.status,
            "created_at": self.created,
            "metadata": self.metadata,
            "output_file_id": self.files.get("output"),
            "error_file_id": self.files.get("errors"),
            "errors": {"object": "list", "data": self.errors} if self.errors else None,
            "request_counts": {"total": self.total, "completed": self.done, "failed": self.failed},
        }


class BatchServer:
    """`scripts`: the states of the first, second … batch; later ones go as usual.

    `spoil(batch number, line number)`: a line to be told instead of an answer, None for a good one; "none" for no line.
    `fault(method, path, number)`: status and body instead of the right answer to the call of this number.
    """

    def __init__(self) -> None:
        self.judge = LengthJudge()
        self.url = ""
        self.scripts: list[tuple[str, ...]] = []
        self.spoil: Callable[[int, int], Any] = lambda batch, line: None
        self.fault: Callable[[str, str, int], Fault] = lambda method, path, number: None
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, Batch] = {}
        self.calls: Counter[str] = Counter()
        self.billed: Counter[str] = Counter()
        self.live = 0
        self.halved = 0
        self.lock = threading.Lock()

    def lines(self, file_id: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files[file_id].split(b"\n") if line]

    def store(self, data: bytes, kind: str) -> str:
        name = f"file-{kind}-{len(self.files)}"
        self.files[name] = data
        return name

    def create(self, fields: dict[str, Any]) -> Batch:
        assert fields["endpoint"] == "/v1/chat/completions"
        assert fields["completion_window"] == "24h"
        number = len(self.batches)
        script = self.scripts[number] if number < len(self.scripts) else USUAL
        batch = Batch(f"batch_{number}", fields["input_file_id"], fields["metadata"], script, int(time.time()))
        rows = self.lines(batch.input)
        keys = [row["custom_id"] for row in rows]
        assert len(set(keys)) == len(keys)
        assert all(len(key) <= 64 for key in keys)
        assert all((row["method"], row["url"]) == ("POST", "/v1/chat/completions") for row in rows)
        batch.total = len(rows)
        self.batches[batch.id] = batch
        return batch

    def look(self, batch: Batch) -> Batch:
        if batch.status not in ENDED:
            batch.status = batch.script[min(batch.looks, len(batch.script) - 1)]
            batch.looks += 1
            if batch.status in ENDED:
                self.finish(batch)
        return batch

    def finish(self, batch: Batch) -> None:
        """What is written when it ends; lines come in another order than they were asked in."""
        if batch.status == "failed":
            batch.errors = [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached.", "line": None}]
            return
        rows = self.lines(batch.input)
        stop = len(rows) if batch.status == "completed" else len(rows) // 2
        good, bad = [], []
        for place, row in enumerate(rows):
            spoilt = self.spoil(int(batch.id.removeprefix("batch_")), place)
            if place >= stop:
                code = f"batch_{batch.status}"
                bad.append({"custom_id": row["custom_id"], "response": None, "error": {"code": code, "message": code}})
            elif spoilt is None:
                self.billed[row["custom_id"]] += 1
                body = self.judge.reply(row["body"])
                good.append(_line(row, 200, body))
            elif spoilt != "none":
                bad.append(_line(row, *spoilt))
        batch.done, batch.failed = len(good), len(bad)
        for kind, found in (("output", good), ("errors", bad)):
            if found:
                text = b"".join(json.dumps(line).encode() + b"\n" for line in reversed(found))
                batch.files[kind] = self.store(text, kind)

    def answer(self, method: str, path: str, body: bytes, content_type: str) -> bytes:
        parts = urlsplit(path)
        names = parts.path.removeprefix("/v1/").split("/")
        with self.lock:
            if names == ["chat", "completions"]:
                self.live += 1
                return json.dumps(self.judge.reply(json.loads(body))).encode()
            if method == "POST" and names == ["files"]:
                return json.dumps({"id": self.store(_file(body, content_type), "in"), "object": "file"}).encode()
            if method == "GET" and names[0] == "files":
                data = self.files[names[1]]
                self.halved -= 1
                return data[: len(data) * 2 // 3] if self.halved >= 0 else data
            if names == ["batches"]:
                if method == "POST":
                    return json.dumps(self.create(json.loads(body)).told()).encode()
                return json.dumps(self.page(parse_qs(parts.query))).encode()
            batch = self.batches[names[1]]
            if names[2:] == ["cancel"]:
                batch.status, batch.script = "cancelling", ("cancelling", "cancelled")
                batch.looks = 0
                return json.dumps(batch.told()).encode()
            return json.dumps(self.look(batch).told()).encode()

    def page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        rows = sorted(self.batches.values(), key=lambda one: -int(one.id.removeprefix("batch_")))
        if "after" in query:
            rows = rows[[one.id for one in rows].index(query["after"][0]) + 1 :]
        shown = rows[:2]
        return {"object": "list", "data": [one.told() for one in shown], "has_more": len(rows) > len(shown)}


def _line(row: dict[str, Any], status: int, body: Any) -> dict[str, Any]:
    answer = {"status_code": status, "request_id": "r", "body": body}
    return {"id": "b", "custom_id": row["custom_id"], "response": answer, "error": None}


def _file(body: bytes, content_type: str) -> bytes:
    """The file of a form whose purpose is batch."""
    form = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts = {part.get_param("name", header="content-disposition"): part for part in form.get_payload()}
    assert parts["purpose"].get_payload(decode=True).strip() == b"batch"
    assert parts["file"].get_filename().endswith(".jsonl")
    return parts["file"].get_payload(decode=True)


def _handler(server: BatchServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            body = self._body()
            path = urlsplit(self.path).path.removeprefix("/v1")
            kind = f"{self.command} {'/'.join(path.split('/')[:2])}"
            with server.lock:
                number = server.calls[kind]
                server.calls[kind] += 1
            fault = server.fault(self.command, path, number)
            status, data = fault or (200, server.answer(self.command, self.path, body, self.headers["Content-Type"]))
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        do_GET = do_POST = _do

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def serve() -> Iterator[BatchServer]:
    """A server behind a real port."""
    server = BatchServer()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}/v1"
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
