"""The job table as the queue: claim, renew, finish, retry, sweep. Celery messages only ring the bell.

Every time is the database's clock, so a worker whose clock is wrong does no harm.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Now

from leaderboard.celery import app
from leaderboard.models import Job

log = logging.getLogger(__name__)
RESEND_SECONDS = 15.0
OPEN = (Job.State.READY, Job.State.RUNNING)


@dataclass(frozen=True)
class NewJob:
    """A job to be made; `key` makes it unique for good, `items` is how many pieces of work it holds."""

    key: str
    kind: str
    queue: str
    payload: dict[str, Any]
    submission_id: uuid.UUID | None = None
    items: int = 0


def in_seconds(seconds: float) -> ExpressionWrapper[Any]:
    """The database's now, plus `seconds`."""
    return ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=models.DateTimeField())


def enqueue(new: Iterable[NewJob]) -> None:
    """Insert jobs, ignoring keys that exist, and ring for them once the transaction is committed."""
    rows = [Job(**vars(job)) for job in new]
    Job.objects.bulk_create(rows, ignore_conflicts=True)
    keys = [row.key for row in rows]
    transaction.on_commit(lambda: ring_all(Job.objects.filter(key__in=keys, state=Job.State.READY)))


def ring_all(jobs: models.QuerySet[Job]) -> int:
    """Send one message for each job. A broker that is away costs nothing: the sweep rings again."""
    found = list(jobs.values_list("pk", "queue"))
    sent = [pk for pk, queue in found if _ring(pk, queue)]
    if sent:
        Job.objects.filter(pk__in=sent).update(sent_at=Now())
    return len(sent)


def _ring(pk: int, queue: str) -> bool:
    try:
        app.send_task("touchstone.run", args=[pk], queue=queue, ignore_result=True)
    except Exception as problem:  # any broker fault: the table keeps the job, the sweep re-sends it
        log.warning("The message for job %s could not be sent: %r", pk, problem)
        return False
    return True


def claim(pk: int, worker: str) -> Job | None:
    """Take the job if it is due or its lease has lapsed; None where another worker has it.

    One conditional UPDATE decides the race. `attempts` and `epoch` rise before any work.
    """
    owner = f"{worker}:{uuid.uuid4().hex}"
    due = Q(state=Job.State.READY, not_before__lte=Now()) | Q(state=Job.State.RUNNING, lease_until__lt=Now())
    taken = Job.objects.filter(due, pk=pk).update(
        state=Job.State.RUNNING,
        owner=owner,
        epoch=F("epoch") + 1,
        attempts=F("attempts") + 1,
        lease_until=in_seconds(settings.LEASE_SECONDS),
    )
    return Job.objects.select_related("submission").get(pk=pk) if taken else None


def _held(job: Job) -> models.QuerySet[Job]:
    return Job.objects.filter(pk=job.pk, epoch=job.epoch, state=Job.State.RUNNING)


def renew(job: Job) -> bool:
    """Lengthen the lease; False where the job is no longer ours or was cancelled."""
    return _held(job).update(lease_until=in_seconds(settings.LEASE_SECONDS)) == 1


def finish(job: Job) -> bool:
    """Mark as done, only while we still own it."""
    return _held(job).update(state=Job.State.DONE, lease_until=None, error="") == 1


def give_back(job: Job, error: str) -> None:
    """Let the job be tried again after a pause that doubles; out of attempts, split it or fail it."""
    if job.attempts >= settings.MAX_ATTEMPTS:
        split_or_fail(job, error)
        return
    pause = 2.0**job.attempts
    _held(job).update(state=Job.State.READY, lease_until=None, error=error, not_before=in_seconds(pause), sent_at=None)


def split_or_fail(job: Job, error: str) -> None:
    """Halve a chunk that cannot be finished, so that one poison item cannot hold the rest; fail a single item."""
    items = job.payload.get("items", [])
    with transaction.atomic():
        if _held(job).update(state=Job.State.FAILED, lease_until=None, error=error) and len(items) > 1:
            Job.objects.filter(pk=job.pk).update(state=Job.State.CANCELLED, error=f"Split in two after: {error}")
            middle = len(items) // 2
            enqueue(_part(job, half, part) for half, part in enumerate((items[:middle], items[middle:])))


def _part(job: Job, half: int, items: list[Any]) -> NewJob:
    return NewJob(
        key=f"{job.key}/{half}",
        kind=job.kind,
        queue=job.queue,
        payload={**job.payload, "items": items},
        submission_id=job.submission_id,
        items=len(items),
    )


def rearm(key: str, kind: str, queue: str, payload: dict[str, Any], delay: float) -> None:
    """Have the one job of this key run once more after `delay` seconds, if it is not waiting already."""
    Job.objects.bulk_create([Job(key=key, kind=kind, queue=queue, payload=payload)], ignore_conflicts=True)
    Job.objects.filter(key=key, state__in=(Job.State.DONE, Job.State.FAILED)).update(
        state=Job.State.READY, attempts=0, not_before=in_seconds(delay), sent_at=None
    )


def cancel_open(submission_id: uuid.UUID) -> None:
    """Cancel every open job of a submission; a worker in the middle learns it at its next heartbeat."""
    Job.objects.filter(submission_id=submission_id, state__in=OPEN).update(state=Job.State.CANCELLED, lease_until=None)


def retry_failed(submission_id: uuid.UUID) -> int:
    """Make every failed job of a submission ready again; returns how many."""
    failed = Job.objects.filter(submission_id=submission_id, state=Job.State.FAILED)
    return failed.update(state=Job.State.READY, attempts=0, not_before=Now(), sent_at=None)


def release(worker: str) -> int:
    """End the leases of a worker that is known to be dead, so that its jobs need not wait to lapse."""
    return Job.objects.filter(state=Job.State.RUNNING, owner__startswith=f"{worker}:").update(
        lease_until=in_seconds(-1), sent_at=None
    )


def send_due() -> int:
    """Ring again for what is due and was not rung lately, and for lapsed leases; returns how many."""
    quiet = Q(sent_at=None) | Q(sent_at__lt=in_seconds(-RESEND_SECONDS))
    due = Q(state=Job.State.READY, not_before__lte=Now()) | Q(state=Job.State.RUNNING, lease_until__lt=Now())
    return ring_all(Job.objects.filter(due & quiet).order_by("pk")[:500])
