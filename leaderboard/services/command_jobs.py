"""The job of a command that asks models itself: nothing is queued, but what it holds back of a budget belongs to it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db.models.functions import Now

from leaderboard.models import Job
from leaderboard.services import budgets, jobs

QUEUE = "default"
"""A worker takes the job of a command that was killed, and ends what it held back."""


def begin(name: str, worker: str) -> Job:
    """A job that is being worked on by this process, and that lapses unless its lease is renewed."""
    _end_lapsed(worker)
    made = Job.objects.create(
        key=f"command:{name}:{uuid.uuid4()}",
        kind=Job.Kind.COMMAND,
        queue=QUEUE,
        state=Job.State.RUNNING,
        owner=f"{worker}:{uuid.uuid4().hex}",
        epoch=1,
        attempts=1,
        lease_until=jobs.in_seconds(settings.LEASE_SECONDS),
    )
    return Job.objects.get(pk=made.pk)


def end(job: Job) -> None:
    """Forget the job, with what it still holds back, unless a worker has taken it for lapsed."""
    budgets.release(job)
    Job.objects.filter(pk=job.pk, epoch=job.epoch).delete()


def _end_lapsed(worker: str) -> None:
    """Of commands that were killed; a worker does so too, where one runs."""
    lapsed = Job.objects.filter(kind=Job.Kind.COMMAND, state=Job.State.RUNNING, lease_until__lt=Now())
    for pk in lapsed.values_list("pk", flat=True):
        if (job := jobs.claim(pk, worker)) is not None:
            end(job)
