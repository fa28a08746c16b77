"""One JSON call to an HTTP endpoint, and what can go wrong with it; no retries here.

aiohttp without a client library on top, since a library's typed answers cost more processor time than all else of a
call (docs/benchmarks.md has the figures). Answers are read as `Fields`, so the same code reads a library's.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO

import aiohttp

from workers.generators.errors import CallFailed, Fault

MAX_ANSWER_BYTES = 16 * 2**20
MOST_AFTER = 300.0
"""Seconds of a Retry-After that are heeded at most."""
TOLD = 300
"""Characters of a server's own message that are shown."""
BUSY = frozenset({429, 503})
PASSING = frozenset({408, 409})


class Fields(dict[str, Any]):
    """A JSON object whose members read as attributes too; one that is not there is None."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        return self.get(name)


class Transport:
    """Connections to one endpoint. Made and used inside one event loop."""

    def __init__(self, base_url: str, key: str) -> None:
        self._url = base_url.rstrip("/")
        headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "identity", "Accept": "application/json"}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def post(self, path: str, fields: Mapping[str, Any], seconds: float) -> Any:
        """The JSON of a good answer to `fields`. Raises CallFailed, after `seconds` at the latest."""
        body = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")
        return await self._call("POST", path, seconds, data=body, headers={"Content-Type": "application/json"})

    async def post_for(
        self,
        path: str,
        fields: Mapping[str, Any],
        seconds: float,
        take: Callable[[aiohttp.ClientResponse], Awaitable[Any]],
    ) -> Any:
        """What `take` makes of the answer to `fields`, whatever its status. Raises CallFailed."""
        body = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream, application/json"}
        return await self._call("POST", path, seconds, take, data=body, headers=headers)

    async def get(self, path: str, seconds: float) -> Any:
        """The JSON of a good answer. Raises CallFailed."""
        return await self._call("GET", path, seconds)

    async def upload(self, path: str, form: aiohttp.FormData, seconds: float) -> Any:
        """The JSON of a good answer to a form with a file. Raises CallFailed."""
        return await self._call("POST", path, seconds, data=form)

    async def download(self, path: str, into: BinaryIO, most: int, seconds: float) -> None:
        """Write the body of a good answer, at most so many bytes. Raises CallFailed."""

        async def save(answer: aiohttp.ClientResponse) -> None:
            if not 200 <= answer.status < 300:
                await whole(answer)
            async for part in parts(answer, most):
                into.write(part)

        await self._call("GET", path, seconds, save, headers={"Accept": "*/*"})

    async def close(self) -> None:
        """Drop the connections."""
        await self._session.close()

    async def _call(
        self,
        method: str,
        path: str,
        seconds: float,
        take: Callable[[aiohttp.ClientResponse], Awaitable[Any]] | None = None,
        **more: Any,
    ) -> Any:
        try:
            async with (
                asyncio.timeout(seconds),
                self._session.request(method, self._url + path, allow_redirects=False, **more) as answer,
            ):
                return await (take or whole)(answer)
        except TimeoutError:
            raise CallFailed("The server did not answer in time.", Fault.TIMEOUT) from None
        except aiohttp.ClientConnectorError as problem:
            raise CallFailed(f"The server cannot be reached: {problem.strerror}", Fault.CONNECT) from None
        except (aiohttp.ClientError, OSError) as problem:
            raise CallFailed(f"The server cut the connection ({type(problem).__name__}).", Fault.CUT) from None


async def whole(answer: aiohttp.ClientResponse) -> Any:
    """The JSON of a good answer. Raises CallFailed."""
    body = b"".join([part async for part in parts(answer, MAX_ANSWER_BYTES)])
    return _read(answer.status, answer.headers, body)


async def parts(answer: aiohttp.ClientResponse, most: int) -> AsyncIterator[bytes]:
    """At most so many bytes, whatever the status; nothing packed, for a small packed body can be a huge one."""
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise CallFailed("The server packed its answer although it was asked not to.", Fault.UNWANTED)
    size = 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > most:
            answer.close()
            raise CallFailed(f"The server's answer is longer than {most:,} bytes.", Fault.UNWANTED)
        yield part


def _read(status: int, headers: Mapping[str, str], body: bytes) -> Any:
    if 200 <= status < 300:
        try:
            return json.loads(body, object_hook=Fields)
        except (ValueError, RecursionError):
            raise CallFailed("The server's answer is not JSON.", Fault.GARBAGE) from None
    message = f"The server answered {status}: {_message(body)}"
    after = seconds_of(headers.get("Retry-After", ""))
    if status in BUSY:
        raise CallFailed(message, Fault.BUSY, after=after)
    passing = status in PASSING or status >= 500
    raise CallFailed(message, Fault.SERVER if passing else Fault.REFUSED, after=after)


def words(told: Fields) -> str:
    """A server's own words about a fault, cut short."""
    return _message(json.dumps(told).encode())


def _message(body: bytes) -> str:
    """The server's own words, cut short."""
    text = body[: 8 * TOLD].decode("utf-8", "replace")
    try:
        told = json.loads(text)["error"]
        text = str(told["message"]) if isinstance(told, dict) else str(told)
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    # JSON can spell half a character, which neither a log nor a terminal takes.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return " ".join(text.split())[:TOLD] or "nothing more"


def seconds_of(retry_after: str) -> float:
    """A Retry-After header, in seconds or as a date (RFC 9110, 10.2.3); 0 where it cannot be read."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (ValueError, TypeError, IndexError):
            return 0.0
    return 0.0 if math.isnan(seconds) else min(max(seconds, 0.0), MOST_AFTER)
