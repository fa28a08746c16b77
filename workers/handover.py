"""Takes results from work that runs in a thread beside, as many at once as are there. Knows no Django."""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from workers.generators.stopping import Stopped, stopping

T = TypeVar("T")
MOST = 500
"""Results in one batch."""
LINGER = 0.05
"""Seconds that a batch waits for company, so that each transaction does not store a single row."""

GRACE = 0.5
"""Seconds that stopped work may still give results: those that had come, and may have been paid for."""


@dataclass
class _Side(Generic[T]):
    """The thread that does the work."""

    work: Callable[[], Iterable[T]]
    stop: Callable[[], bool]
    results: queue.SimpleQueue[T | None] = field(default_factory=queue.SimpleQueue)
    ended: threading.Event = field(default_factory=threading.Event)
    problem: BaseException | None = None

    def run(self) -> None:
        stopping.set(self.stop)
        try:
            until = float("inf")
            for result in self.work():
                self.results.put(result)
                until = min(until, time.monotonic() + GRACE) if self.stop() else until
                if time.monotonic() > until:
                    raise Stopped("The work was stopped.")
        except BaseException as problem:  # raised again in the caller's thread
            self.problem = problem
        finally:
            self.results.put(None)
            self.ended.set()


def in_batches(work: Callable[[], Iterable[T]], stop: Callable[[], bool]) -> Iterator[list[T]]:
    """Yields every result soon after it was made, with all others that are there by then, so that a caller who stores
    each batch keeps up at any rate.

    Raises: what `work` raises, after the results that it gave; Stopped once `stop` says so. Where the caller breaks
    off, the work is stopped and waited for.
    """
    left = threading.Event()
    side = _Side(work, lambda: left.is_set() or stop())
    thread = threading.Thread(target=contextvars.copy_context().run, args=(side.run,), name="work", daemon=True)
    thread.start()
    try:
        going = True
        while going:
            batch, going = _batch(side)
            if batch:
                yield batch
    finally:
        left.set()
        thread.join()
    if side.problem is not None:
        raise side.problem


def _batch(side: _Side[T]) -> tuple[list[T], bool]:
    """Waits for one result and takes what else comes soon; False with the last."""
    batch: list[T] = []
    found = side.results.get()
    if found is not None:
        side.ended.wait(LINGER)
    while found is not None:
        batch.append(found)
        if len(batch) >= MOST or side.results.empty():
            return batch, True
        found = side.results.get()
    return batch, False
