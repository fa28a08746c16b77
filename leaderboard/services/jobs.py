"""The job table as the queue: claim, renew, finish, retry, sweep. Celery messages only ring the bell.

Every time is the database's clock, so a worker whose clock is wrong does no harm.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Now

from leaderboard.celery import app
from leaderboard.models import Job
from leaderboard.services.text import storable

log = logging.getLogger(__name__)
RESEND_SECONDS = 15.0
FEW = 16
"""Items that are left of a chunk, at most, to get a job each."""
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
    sweep_id: uuid.UUID | None = None


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
    return Job.objects.select_related("submission", "sweep").get(pk=pk) if taken else None


def _held(job: Job) -> models.QuerySet[Job]:
    return Job.objects.filter(pk=job.pk, epoch=job.epoch, state=Job.State.RUNNING)


def renew(job: Job) -> bool:
    """Lengthen the lease; False where the job is no longer ours or was cancelled."""
    return _held(job).update(lease_until=in_seconds(settings.LEASE_SECONDS)) == 1


def finish(job: Job) -> bool:
    """Mark as done, only while we still own it."""
    return _held(job).update(state=Job.State.DONE, lease_until=None, error="") == 1


def note(job: Job, **told: Any) -> None:
    """Keep something with a job that we still own."""
    _held(job).update(payload={**job.payload, **told})


def give_back(job: Job, error: str, *, left: Sequence[Any] | None = None, final: bool = False) -> None:
    """Let the job be tried again after a pause that doubles; out of attempts, or where trying is useless, split it.

    `left`: those of its items that are not done, where that is known. `final`: the same would happen again.
    """
    error = storable(error)  # it may hold a server's words; a job whose end cannot be stored is begun again for ever
    if final and left is not None and len(left) == len(job.payload["items"]):
        _held(job).update(state=Job.State.FAILED, lease_until=None, error=error)
    elif final or job.attempts >= settings.MAX_ATTEMPTS:
        split_or_fail(job, error, left)
    else:
        pause, again = in_seconds(2.0**job.attempts), {"state": Job.State.READY, "sent_at": None}
        _held(job).update(**again, lease_until=None, error=error, not_before=pause)


def postpone(job: Job, reason: str, seconds: float) -> None:
    """Let the job wait, visibly and without losing an attempt."""
    _held(job).update(
        state=Job.State.READY,
        lease_until=None,
        sent_at=None,
        error=storable(reason),
        not_before=in_seconds(seconds),
        attempts=F("attempts") - 1,
    )


def wake(reason: str) -> None:
    """Let every job that was postponed for a reason that begins so try again now."""
    _postponed(reason).update(not_before=Now(), sent_at=None)


def count_postponed(reason: str) -> int:
    """Jobs that wait for a reason that begins so."""
    return _postponed(reason).count()


def _postponed(reason: str) -> models.QuerySet[Job]:
    return Job.objects.filter(state=Job.State.READY, error__startswith=reason)


def split_or_fail(job: Job, error: str, left: Sequence[Any] | None = None) -> None:
    """Divide a chunk that cannot be finished, so that one poison item cannot hold the rest; fail a single item.

    A chunk that works for several submissions becomes one for each. Of any other, what is done stays with it and what
    is `left` becomes jobs of its own: one for each item where they are few, else two.
    """
    pieces = _pieces(job, left)
    with transaction.atomic():
        if _held(job).update(state=Job.State.FAILED, lease_until=None, error=error) and pieces:
            _keep_done(job, left, f"Divided after: {error}")
            enqueue(pieces)


def _keep_done(job: Job, left: Sequence[Any] | None, error: str) -> None:
    items = job.payload.get("items", [])
    done = [item for item in items if item not in left] if left is not None else []
    own = {"payload": {**job.payload, "items": done}, "items": len(done)} if done else {}
    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE if done else Job.State.CANCELLED, error=error, **own)


def _pieces(job: Job, left: Sequence[Any] | None) -> list[NewJob]:
    if "parts" in job.payload:
        return [_own_part(job, part) for part in job.payload["parts"]]
    items = list(job.payload.get("items", []) if left is None else left)
    few = left is not None and len(items) <= FEW and len(items) < len(job.payload["items"])
    middle = len(items) // 2
    halves = [[item] for item in items] if few else [items[:middle], items[middle:]] if middle else []
    return [_part(job, half, part) for half, part in enumerate(halves)]


def _own_part(job: Job, part: dict[str, Any]) -> NewJob:
    """What a chunk of a sweep does for one of its submissions."""
    items, owner = part["items"], part["submission"]
    payload = {"entry": part["entry"], "items": items}
    return NewJob(f"{job.key}/{owner}", job.kind, job.queue, payload, uuid.UUID(owner), len(items))


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


def hasten(key: str, delay: float) -> None:
    """Let a job that waits for its time wait `delay` seconds at most."""
    late = Job.objects.filter(key=key, state=Job.State.READY, not_before__gt=in_seconds(delay))
    late.update(not_before=in_seconds(delay), sent_at=None)


def waiting(kind: str, queues: Sequence[str]) -> list[int]:
    """Jobs of a kind that are due on these queues and that nobody has, the oldest first."""
    found = Job.objects.filter(kind=kind, state=Job.State.READY, queue__in=queues, not_before__lte=Now())
    return list(found.order_by("pk").values_list("pk", flat=True))


def cancel_keys(keys: Sequence[str]) -> None:
    """Cancel those of these jobs that are open."""
    Job.objects.filter(key__in=keys, state__in=OPEN).update(state=Job.State.CANCELLED, lease_until=None)


def cancel_open(submission_id: uuid.UUID) -> None:
    """Cancel every open job of a submission; a worker in the middle learns it at its next heartbeat."""
    Job.objects.filter(submission_id=submission_id, state__in=OPEN).update(state=Job.State.CANCELLED, lease_until=None)


def cancel_sweep(sweep_id: uuid.UUID) -> None:
    """Cancel every open job that works for several submissions of a sweep."""
    Job.objects.filter(sweep_id=sweep_id, state__in=OPEN).update(state=Job.State.CANCELLED, lease_until=None)


def interrupt(sweep_id: uuid.UUID) -> None:
    """Have a sweep's running jobs begin again, without what was cancelled since; this costs them no attempt."""
    Job.objects.filter(sweep_id=sweep_id, state=Job.State.RUNNING).update(
        state=Job.State.READY, lease_until=None, sent_at=None, attempts=F("attempts") - 1
    )


def retry_failed(submission_id: uuid.UUID) -> int:
    """Make every failed job of a submission ready again; returns how many."""
    failed = Job.objects.filter(submission_id=submission_id, state=Job.State.FAILED)
    return failed.update(state=Job.State.READY, attempts=0, not_before=Now(), sent_at=None)


def failed_items(submission_id: uuid.UUID, kind: str, **payload: Any) -> list[Any]:
    """Items of a submission's failed jobs of this kind, and of this payload where one is given."""
    found = Job.objects.filter(submission_id=submission_id, kind=kind, state=Job.State.FAILED)
    parts = found.filter(**{f"payload__{name}": value for name, value in payload.items()})
    return [item for own in parts.values_list("payload", flat=True) for item in own["items"]]


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
