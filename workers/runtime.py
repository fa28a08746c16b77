"""What a worker process keeps: loaded generators, its name, and the lease of the job in hand."""

from __future__ import annotations

import os
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

from leaderboard.contracts import registry
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.protocols import Generator
from leaderboard.models import Job, LanguageModel
from leaderboard.queries.turns import MissingTurnError
from leaderboard.services import jobs
from workers.generators.errors import GenerationFailed

KEPT_MODELS = 4
_models: OrderedDict[str, Generator] = OrderedDict()


class LeaseLost(Exception):
    """The job was cancelled, or another worker has it; what was stored stays."""


class Unfinished(Exception):
    """Some items of a job, `left`, could not be done; what was done is stored. `final`: trying again is useless."""

    def __init__(self, problem: Exception, left: Sequence[Any]) -> None:
        super().__init__(f"{type(problem).__name__}: {problem}")
        self.left = left
        self.final = isinstance(problem, MissingTurnError) or (
            isinstance(problem, GenerationFailed) and not problem.retryable
        )


def worker_name() -> str:
    """`host:pid`, so that a supervisor can end the leases of a worker that it saw die."""
    return f"{socket.gethostname()}:{os.getpid()}"


def generator_for(model: LanguageModel) -> Generator:
    """The loaded generator; the least used of more than `KEPT_MODELS` is dropped."""
    key = fingerprint(model.generator, model.params, model.revision)
    if key not in _models:
        _models[key] = registry.generators.build(model.generator, model.params)
        while len(_models) > KEPT_MODELS:
            _models.popitem(last=False)
    _models.move_to_end(key)
    return _models[key]


def _nothing() -> None:
    """No work is more urgent."""


class Lease:
    """The job in hand; `check` raises LeaseLost once it is no longer ours.

    `give_way` does what is more urgent than this job and waits for this worker.
    """

    def __init__(self, job: Job, give_way: Callable[[], None] = _nothing) -> None:
        self.job = job
        self.lost = threading.Event()
        self._give_way = give_way

    def check(self) -> None:
        """Call between pieces of work, once what is done is stored."""
        if self.lost.is_set():
            raise LeaseLost(self.job.key)
        self._give_way()


@contextmanager
def leased(job: Job, give_way: Callable[[], None] = _nothing) -> Iterator[Lease]:
    """Renews the lease from a thread of its own while the work runs."""
    lease, stop = Lease(job, give_way), threading.Event()
    thread = threading.Thread(target=_beat, args=(lease, stop), daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        stop.set()
        thread.join()


def _beat(lease: Lease, stop: threading.Event) -> None:
    try:
        while not stop.wait(settings.HEARTBEAT_SECONDS):
            try:
                if not jobs.renew(lease.job):
                    lease.lost.set()
                    return
            except DatabaseError:  # away for a moment: the lease outlives several beats
                connection.close()
    finally:
        connection.close()
