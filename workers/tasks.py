"""Celery tasks. Each is three moves: claim by id, call the work, turn the outcome into state."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable

from celery import current_app, shared_task
from celery.signals import worker_process_init

from leaderboard.models import Board, Job
from leaderboard.services import audits_overall, boards, budgets, jobs, pipeline, variation
from workers.batches import close_order
from workers.canaries import judge_canaries
from workers.checking import check_endpoint
from workers.generation import generate
from workers.generators.errors import Deferred
from workers.judging import judge
from workers.live import answer
from workers.runtime import Lease, LeaseLost, Unfinished, leased, worker_name
from workers.selection import select
from workers.trying import try_judge

log = logging.getLogger(__name__)
WAIT_FOR_BUDGET = (60.0, 3600.0)
"""Seconds until a job looks again whether it may spend, at least and at most; raising a cap wakes it at once."""
BETWEEN_LOOKS = 3.0
"""Seconds between two jobs that look: were all that wait to do so each minute, workers would do nothing else."""


def _plan(lease: Lease) -> None:
    if lease.job.sweep is not None:
        pipeline.plan_sweep(lease.job.sweep)
        return
    assert lease.job.submission is not None
    pipeline.plan(lease.job.submission)


def _refresh(lease: Lease) -> None:
    """What a refresh takes is kept with its job: a patient request for the next one waits accordingly."""
    began = time.monotonic()
    board = Board.objects.select_related("benchmark", "baseline", "metric").get(pk=lease.job.payload["board"])
    votes = boards.newest_vote(board)
    boards.refresh(board)
    variation.refresh_when_idle(board)
    audits_overall.refresh_when_idle(board)
    jobs.note(lease.job, seconds=time.monotonic() - began, votes=votes)


def _nothing(lease: Lease) -> None:
    """A command that was killed: what it held back ends with the job, whatever it was doing."""


WORK: dict[str, Callable[[Lease], None]] = {
    Job.Kind.PLAN: _plan,
    Job.Kind.GENERATE: generate,
    Job.Kind.SELECT: select,
    Job.Kind.JUDGE: judge,
    Job.Kind.REFRESH: _refresh,
    Job.Kind.CHECK: check_endpoint,
    Job.Kind.CANARY: judge_canaries,
    Job.Kind.TRIAL: try_judge,
    Job.Kind.CLOSE: close_order,
    Job.Kind.LIVE: answer,
    Job.Kind.COMMAND: _nothing,
}


@shared_task(name="touchstone.run", ignore_result=True)
def run(job_id: int) -> None:
    """Do one job, if it is ours to do; people who wait come first."""
    give_way()
    job = jobs.claim(job_id, worker_name())
    if job is not None:
        perform(job)


def give_way() -> None:
    """Answer the live battles that wait for a worker of our queues, also in the middle of other work."""
    for pk in jobs.waiting(Job.Kind.LIVE, list(current_app.amqp.queues.consume_from)):
        job = jobs.claim(pk, worker_name())
        if job is not None:
            perform(job)


def perform(job: Job) -> None:
    """Work on a claimed job and record how it ended."""
    batch = {} if job.kind == Job.Kind.LIVE else {"give_way": give_way}
    try:
        with leased(job, **batch) as lease, budgets.released(job, unless=Deferred):
            WORK[job.kind](lease)
    except LeaseLost:
        return
    except (budgets.OverBudget, Deferred) as problem:
        jobs.postpone(job, str(problem), getattr(problem, "seconds", 0.0) or _until_next_look())
        return
    except Unfinished as problem:
        log.warning("Job %s is not done: %s", job.key, problem)
        jobs.give_back(job, str(problem)[:2000], left=problem.left, final=problem.final)
    except Exception as problem:  # every fault of the work becomes state that a user can read
        log.warning("Job %s failed: %r", job.key, problem, exc_info=True)
        jobs.give_back(job, f"{type(problem).__name__}: {problem}"[:2000])
    else:
        jobs.finish(job)
    if job.sweep is not None:
        pipeline.advance_sweep(job.sweep)
    if job.submission is not None:
        pipeline.advance(job.submission)
        if job.kind == Job.Kind.JUDGE:
            boards.request_refresh(job.submission.board, patient=True)
    elif job.kind == Job.Kind.JUDGE and "board" in job.payload:
        boards.request_refresh(Board.objects.get(pk=job.payload["board"]))


def _until_next_look() -> float:
    least, most = WAIT_FOR_BUDGET
    return min(most, max(least, BETWEEN_LOOKS * jobs.count_postponed(budgets.WAITING)))


@shared_task(name="touchstone.sweep", ignore_result=True)
def sweep() -> None:
    """Ring again for lapsed and forgotten work."""
    pipeline.sweep()


@worker_process_init.connect
def begin(**_: object) -> None:
    """A new process: it must not share its parent's database connection, and what is loaded stays.

    A full garbage collection that looks through all of it stops every thread for a tenth of a second.
    """
    from django.db import connections

    connections.close_all()
    gc.freeze()
