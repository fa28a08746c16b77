"""Celery tasks. Each is three moves: claim by id, call the work, turn the outcome into state."""

from __future__ import annotations

import logging
from collections.abc import Callable

from celery import shared_task
from celery.signals import worker_process_init

from leaderboard.models import Board, Job
from leaderboard.services import boards, jobs, pipeline, variation
from workers.generation import generate
from workers.judging import judge
from workers.runtime import Lease, LeaseLost, leased, worker_name

log = logging.getLogger(__name__)


def _plan(lease: Lease) -> None:
    assert lease.job.submission is not None
    pipeline.plan(lease.job.submission)


def _refresh(lease: Lease) -> None:
    board = Board.objects.select_related("benchmark", "baseline", "metric").get(pk=lease.job.payload["board"])
    boards.refresh(board)
    variation.refresh_when_idle(board)


WORK: dict[str, Callable[[Lease], None]] = {
    Job.Kind.PLAN: _plan,
    Job.Kind.GENERATE: generate,
    Job.Kind.JUDGE: judge,
    Job.Kind.REFRESH: _refresh,
}


@shared_task(name="touchstone.run", ignore_result=True)
def run(job_id: int) -> None:
    """Do one job, if it is ours to do."""
    job = jobs.claim(job_id, worker_name())
    if job is not None:
        perform(job)


def perform(job: Job) -> None:
    """Work on a claimed job and record how it ended."""
    try:
        with leased(job) as lease:
            WORK[job.kind](lease)
    except LeaseLost:
        return
    except Exception as problem:  # every fault of the work becomes state that a user can read
        log.warning("Job %s failed: %r", job.key, problem, exc_info=True)
        jobs.give_back(job, f"{type(problem).__name__}: {problem}"[:2000])
    else:
        jobs.finish(job)
    if job.submission is not None:
        pipeline.advance(job.submission)
        if job.kind == Job.Kind.JUDGE:
            boards.request_refresh(job.submission.board)


@shared_task(name="touchstone.sweep", ignore_result=True)
def sweep() -> None:
    """Ring again for lapsed and forgotten work."""
    pipeline.sweep()


@worker_process_init.connect
def _fresh_connections(**_: object) -> None:
    """A forked child must not share its parent's database connection."""
    from django.db import connections

    connections.close_all()
