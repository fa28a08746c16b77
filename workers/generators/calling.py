"""Many calls at once: retries, the bridge between the caller's thread and the process's one event loop.

Each result is handed over as soon as it is there. Whoever stops listening ends the calls that are in flight.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import queue
import random
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from leaderboard.contracts.said import said
from workers.generators.concurrency import PATIENCE, Gate
from workers.generators.errors import CallFailed, EndpointDown, Fault, GenerationFailed
from workers.generators.http_transport import Transport
from workers.generators.stopping import Stopped, stopping

T = TypeVar("T")
R = TypeVar("R")
BASE_SECONDS, MOST_SECONDS = 0.5, 60.0
POLL_SECONDS = 0.25
"""How soon a stop is noticed while nothing comes."""
LAST_SECONDS = 2.0
"""How long a stopped call's own end is waited for."""


class Endpoint:
    """An endpoint as this process knows it: its connections, and how many calls it bears at once."""

    def __init__(self, base_url: str, key: str, ceiling: int) -> None:
        self.transport = Transport(base_url, key)
        self.gate = Gate(ceiling)

    async def call(self, send: Callable[[Transport], Awaitable[R]], attempts: int) -> R:
        """What `send` gives, tried `attempts` times. Raises CallFailed of the last try.

        Tries that found no connection do not count; they end after PATIENCE.
        """
        tried, lost, lost_since = 0, 0, time.monotonic()
        while True:
            began = await self.gate.enter()
            try:
                made = await send(self.transport)
                self.gate.succeeded()
                return made
            except CallFailed as problem:
                self._heed(problem, began)
                lost, lost_since = (lost + 1, lost_since) if problem.fault is Fault.CONNECT else (0, time.monotonic())
                tried += not lost
                if not problem.retryable or tried >= attempts:
                    raise
                if lost and time.monotonic() - lost_since > PATIENCE:
                    raise EndpointDown(str(problem)) from None
            finally:
                self.gate.leave()
            await asyncio.sleep(random.uniform(0, min(MOST_SECONDS, BASE_SECONDS * 2.0 ** (tried + lost))))

    def _heed(self, problem: CallFailed, began: float) -> None:
        if problem.fault is Fault.CONNECT:
            self.gate.unreachable()
        elif problem.fault in (Fault.BUSY, Fault.TIMEOUT) or problem.after:
            self.gate.pushed_back(began, problem.after)
        else:
            self.gate.answered()


class _Loop:
    """The process's event loop in a thread of its own, and its endpoints."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.endpoints: dict[tuple[str, str, int], Endpoint] = {}
        threading.Thread(target=self.loop.run_forever, name="calls", daemon=True).start()

    def endpoint(self, base_url: str, key: str, ceiling: int) -> Endpoint:
        """The one of these settings; call inside the loop."""
        name = (base_url, key, ceiling)
        if name not in self.endpoints:
            self.endpoints[name] = Endpoint(*name)
        return self.endpoints[name]

    def close(self) -> None:
        """Drop every connection; only in the process that made them."""

        async def close() -> None:
            await asyncio.gather(*(endpoint.transport.close() for endpoint in self.endpoints.values()))

        if self.pid == os.getpid():
            with contextlib.suppress(Exception):  # the process ends; what cannot be closed is closed with it
                asyncio.run_coroutine_threadsafe(close(), self.loop).result(2)


_lock = threading.Lock()
_current: _Loop | None = None


def _loop() -> _Loop:
    """Made on first use, and anew in a forked child."""
    global _current  # noqa: PLW0603 - one loop a process is the point
    with _lock:
        if _current is None or _current.pid != os.getpid():
            _current = _Loop()
            atexit.register(_current.close)
        return _current


class _Stream(Generic[T, R]):
    """One batch of calls, from the loop to the caller's thread."""

    def __init__(self, items: Sequence[T]) -> None:
        self.results: queue.SimpleQueue[R | Exception | None] = queue.SimpleQueue()
        self._items = iter(items)

    async def run(self, width: int, one: Callable[[T], Awaitable[R]]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(width):
                    group.create_task(self._work(one))
        except* Exception as problem:
            self.results.put(problem.exceptions[0])
        finally:
            self.results.put(None)

    async def _work(self, one: Callable[[T], Awaitable[R]]) -> None:
        for item in self._items:
            try:
                self.results.put(await one(item))
            except EndpointDown:
                raise
            except Exception as problem:  # one bad answer must not lose the others
                self.results.put(problem)


def stream(
    items: Sequence[T],
    send: Callable[[Transport, T], Awaitable[R]],
    *,
    base_url: str,
    key: str,
    ceiling: int,
    attempts: int,
) -> Iterator[R]:
    """Yields what `send` made of each item, as it comes.

    Raises, once all others are in: GenerationFailed for those that failed. At once: EndpointDown. After those that
    had come: Stopped.
    """
    home, batch = _loop(), _Stream[T, R](items)

    async def run() -> None:
        endpoint = home.endpoint(base_url, key, ceiling)

        async def one(item: T) -> R:
            return await endpoint.call(lambda transport: send(transport, item), attempts)

        await batch.run(min(ceiling, len(items)), one)

    running = asyncio.run_coroutine_threadsafe(run(), home.loop)
    failed: list[Exception] = []
    try:
        while (made := _next(batch.results, running)) is not None:
            if isinstance(made, Exception):
                failed.append(made)
            else:
                yield made
    finally:
        running.cancel()
    if failed:
        raise _summary(failed, len(items))


def once(send: Callable[[Transport], Awaitable[R]], *, base_url: str, key: str, ceiling: int) -> R:
    """What `send` makes of an endpoint's connections, tried once. Raises what it raises; Stopped."""
    home, stop = _loop(), stopping.get()

    async def run() -> R:
        return await send(home.endpoint(base_url, key, ceiling).transport)

    running = asyncio.run_coroutine_threadsafe(run(), home.loop)
    while True:
        if stop():
            running.cancel()
            raise Stopped("The work was stopped.")
        done, _ = concurrent.futures.wait([running], timeout=POLL_SECONDS)
        if done:
            return running.result()


def _next(results: queue.SimpleQueue[Any], running: concurrent.futures.Future[None]) -> Any:
    """The next result. Once `stopping` says so, no more are asked for; raises Stopped after those that are there."""
    stop = stopping.get()
    while not running.cancelled() and not stop():
        with contextlib.suppress(queue.Empty):
            return results.get(timeout=POLL_SECONDS)
    running.cancel()
    with contextlib.suppress(queue.Empty):
        if (made := results.get(timeout=LAST_SECONDS)) is not None:
            return made
    raise Stopped("The work was stopped.")


def _summary(failed: Sequence[Exception], of: int) -> Exception:
    first = next((one for one in failed if not isinstance(one, GenerationFailed)), failed[0])
    if len(failed) == 1 or not isinstance(first, GenerationFailed):
        return first
    lasting = all(isinstance(one, GenerationFailed) and not one.retryable for one in failed)
    return GenerationFailed(
        said("{n} of {of} calls failed. The first: {first}", n=len(failed), of=of, first=first), retryable=not lasting
    )
