"""The Batch API of an OpenAI-compatible endpoint: files of calls that are answered within a day, for less.

Only the protocol is here. What was ordered is remembered by a `Desk`, which the worker has where it may wait.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import aiohttp

from workers.generators import calling
from workers.generators.errors import CallFailed, Fault
from workers.generators.http_transport import Transport

R = TypeVar("R")
MOST_CALLS = 50_000
MOST_BYTES = 200 * 10**6
"""In one file of calls."""
MOST_ANSWERS = 2 * 2**30
"""Bytes of one file of answers."""
FILE_SECONDS = 900.0
PAGES = 200
"""Pages of 100 batches that are looked through at most."""
PATH = "/v1/chat/completions"
MARK = "touchstone"
"""Under this name the endpoint keeps our word for a batch."""
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
STATES = ENDED | {"validating", "in_progress", "finalizing", "cancelling"}
PASSING = frozenset({408, 409, 429})


@dataclass(frozen=True)
class Remote:
    """A batch as the endpoint tells it. `output` and `errors` are ids of files, empty where there is none."""

    id: str
    status: str
    total: int
    done: int
    failed: int
    output: str
    errors: str
    told: str

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.status in ENDED


@dataclass(frozen=True)
class Line:
    """What came of one call: `reply` is the body of a good answer, None where there is an `error`.

    `final`: the same call would fail again.
    """

    key: str
    reply: Mapping[str, Any] | None
    error: str = ""
    final: bool = False


class Desk(Protocol):
    """Remembers what was ordered for one piece of work, whoever does it."""

    def take(self, api: BatchApi, calls: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
        """The answer to each call, by its key, as far as there is one; the others are ordered.

        Raises, after these: Deferred while some are to come, GenerationFailed for those that failed for good.
        """
        ...

    def refuse(self, key: str, reason: str) -> None:
        """An answer that was taken cannot be read; it is ordered again."""
        ...


desk: ContextVar[Desk | None] = ContextVar("desk", default=None)
"""Set where the work may wait; elsewhere every call is made at once."""


class BatchApi:
    """One endpoint. Every step is tried once and raises CallFailed; `retryable` tells what may work later."""

    def __init__(self, generator: str, settings: Mapping[str, Any], key: str) -> None:
        self.generator, self.settings = generator, settings
        self._key = key

    @property
    def source(self) -> str:
        """Endpoint and model."""
        return f"{self.settings['base_url'].rstrip('/')} {self.settings['model']}"

    def upload(self, calls: Iterable[tuple[str, Mapping[str, Any]]], token: str) -> str:
        """The id of the file that holds these calls."""
        with tempfile.TemporaryFile() as file:
            for key, body in calls:
                file.write(line_of(key, body))
            file.seek(0)
            form = aiohttp.FormData()
            form.add_field("purpose", "batch")
            form.add_field("file", file, filename=f"{MARK}-{token}.jsonl", content_type="application/jsonl")
            answer = self._once(lambda transport: transport.upload("/files", form, FILE_SECONDS))
        return _word(answer, "id")

    def create(self, file_id: str, token: str) -> Remote:
        """A batch of the calls in a file; `token` can find it again."""
        fields = {
            "input_file_id": file_id,
            "endpoint": PATH,
            "completion_window": "24h",
            "metadata": {MARK: token},
        }
        return _remote(self._once(lambda transport: transport.post("/batches", fields, self._seconds)))

    def find(self, token: str, since: float) -> Remote | None:
        """The batch of this token, made after `since` (Unix time), the newest being told first; None for none."""
        after = ""
        for _ in range(PAGES):
            path = f"/batches?limit=100{after}"
            page = self._once(lambda transport, path=path: transport.get(path, self._seconds))  # type: ignore[misc]
            rows = page.get("data") if isinstance(page, dict) else None
            if not isinstance(rows, list):
                raise CallFailed("The server's list of batches cannot be read.", Fault.GARBAGE)
            for row in rows:
                if isinstance(row, dict) and (row.get("metadata") or {}).get(MARK) == token:
                    return _remote(row)
            if not rows or not page.get("has_more") or _number(rows[-1], "created_at") < since:
                return None
            after = f"&after={quote(_word(rows[-1], 'id'))}"
        raise CallFailed("The server has too many batches to find ours among them.", Fault.UNWANTED)

    def look(self, remote_id: str) -> Remote:
        """How far a batch is."""
        return _remote(self._once(lambda transport: transport.get(f"/batches/{quote(remote_id)}", self._seconds)))

    def cancel(self, remote_id: str) -> Remote:
        """Ask for an end; what is answered by then comes and costs."""
        return _remote(
            self._once(lambda transport: transport.post(f"/batches/{quote(remote_id)}/cancel", {}, self._seconds))
        )

    def lines(self, file_id: str) -> Iterator[Line | None]:
        """Every line of a file of answers, in any order; None for one that cannot be read."""
        with tempfile.TemporaryFile() as file:
            path = f"/files/{quote(file_id)}/content"
            self._once(lambda transport: transport.download(path, file, MOST_ANSWERS, FILE_SECONDS))
            file.seek(0)
            for raw in file:
                if raw.strip():
                    yield _line(raw)

    @property
    def _seconds(self) -> float:
        return float(self.settings["timeout_seconds"])

    def _once(self, send: Callable[[Transport], Awaitable[R]]) -> R:
        base_url, ceiling = self.settings["base_url"], self.settings["concurrency"]
        return calling.once(send, base_url=base_url, key=self._key, ceiling=ceiling)


def line_of(key: str, body: Mapping[str, Any]) -> bytes:
    """A call as a line of a file."""
    fields = {"custom_id": key, "method": "POST", "url": PATH, "body": body}
    return json.dumps(fields).encode() + b"\n"


def parts_of(calls: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    """The keys of calls, as many together as one file may hold."""
    part: list[str] = []
    size = 0
    for key, body in calls.items():
        own = len(line_of(key, body))
        if part and (len(part) == MOST_CALLS or size + own > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(key)
        size += own
    if part:
        yield part


def _remote(answer: Any) -> Remote:
    status = _word(answer, "status")
    if status not in STATES:
        raise CallFailed(f"The server tells a state of a batch that is not known: {status[:40]}", Fault.GARBAGE)
    counts = answer.get("request_counts") or {}
    total, done, failed = (_number(counts, name) for name in ("total", "completed", "failed"))
    files = [answer.get(name) or "" for name in ("output_file_id", "error_file_id")]
    return Remote(_word(answer, "id"), status, total, done, failed, str(files[0]), str(files[1]), _faults(answer))


def _faults(answer: Mapping[str, Any]) -> str:
    """What the endpoint says is wrong with the whole batch."""
    found = (answer.get("errors") or {}).get("data") or []
    told = [str(one.get("message") or one.get("code")) for one in found[:3] if isinstance(one, dict)]
    return "; ".join(told)[:300]


def _word(answer: Any, name: str) -> str:
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, str) or not 0 < len(found) <= 200:
        raise CallFailed(f"The server's answer about a batch has no {name}.", Fault.GARBAGE)
    return found


def _number(answer: Any, name: str) -> int:
    found = answer.get(name) if isinstance(answer, dict) else None
    return max(0, int(found)) if isinstance(found, (int, float)) else 0


def _line(raw: bytes) -> Line | None:
    try:
        told = json.loads(raw)
        key, answer, error = told["custom_id"], told.get("response") or {}, told.get("error") or {}
        status, body = int(answer.get("status_code") or 0), answer.get("body")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if not isinstance(key, str):
        return None
    if status == 200 and isinstance(body, dict):
        return Line(key, body)
    inner = body.get("error") if isinstance(body, dict) else None
    words = (inner if isinstance(inner, dict) else error if isinstance(error, dict) else {}).get("message")
    final = 400 <= status < 500 and status not in PASSING
    return Line(key, None, f"The server answered {status or 'nothing'}: {words or 'nothing more'}"[:300], final)
