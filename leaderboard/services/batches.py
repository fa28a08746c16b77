"""Remembers what was ordered at an endpoint's Batch API, before it is ordered, so that nothing is paid twice.

Everything here may be done again after a kill: an answer that is stored twice is the same answer.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q

from leaderboard.models import BatchCall, BatchOrder, Hold, Job, Submission
from leaderboard.services import budgets, jobs
from leaderboard.services.jobs import NewJob
from leaderboard.services.text import storable

WAITING = "Waiting for the batch"
"""How the error of a job begins whose calls were ordered."""
BATCH = 500
QUEUE = "judge"
State = BatchOrder.State


@dataclass(frozen=True)
class Known:
    """What is known of one call: whether an answer is stored or to come, how often it was ordered, why it failed."""

    answered: bool = False
    coming: bool = False
    orders: int = 0
    error: str = ""
    final: bool = False


@dataclass(frozen=True)
class Answer:
    """What came of a call; `reply` is None where there is an `error`, which would come again where it is `final`."""

    key: str
    reply: Mapping[str, Any] | None
    error: str = ""
    final: bool = False


def scope_of(job: Job) -> str:
    """The same for a job and the parts that it was divided into."""
    return job.key.partition("/")[0]


def start(job: Job, keys: Sequence[str], **fields: Any) -> BatchOrder:
    """Store an order with its calls; the endpoint knows nothing of it yet."""
    with transaction.atomic():
        order = BatchOrder.objects.create(
            scope=scope_of(job), job=job, submission_id=job.submission_id, total=len(keys), **fields
        )
        BatchCall.objects.bulk_create((BatchCall(order=order, key=key) for key in keys), batch_size=BATCH)
    return order


def drop(order: BatchOrder) -> None:
    """Forget an order of which the endpoint made no batch."""
    BatchOrder.objects.filter(pk=order.pk, remote_id="").delete()


def uploaded(order: BatchOrder, file_id: str) -> None:
    """The endpoint has the calls; from now on there may be a batch of them."""
    order.file_id = file_id
    BatchOrder.objects.filter(pk=order.pk).update(file_id=file_id)


def seen(order: BatchOrder, remote: Any) -> None:
    """How far the endpoint says that it is; `remote` has `id`, `status`, `done` and `failed`."""
    told = {"remote_id": remote.id, "status": remote.status, "done": remote.done, "failed": remote.failed}
    told["error"] = ""
    BatchOrder.objects.filter(pk=order.pk).exclude(state=State.CLOSED).update(state=State.OPEN, **told)
    for name, value in told.items():
        setattr(order, name, value)


def trouble(order: BatchOrder, problem: str) -> None:
    """Why the endpoint could not be asked; it is asked again."""
    BatchOrder.objects.filter(pk=order.pk).exclude(state=State.CLOSED).update(error=storable(problem))


def keep(order: BatchOrder, answers: Iterable[Answer]) -> int:
    """Store what came of its calls, some at a time; how many calls these were."""
    found = 0
    for part in _parts(answers):
        known = {call.key: call for call in order.calls.filter(key__in=[one.key for one in part]).defer("reply")}
        rows = [_answered(known[one.key], one) for one in part if one.key in known]
        BatchCall.objects.bulk_update(rows, ["reply", "error", "final"])
        found += len(rows)
    return found


def _answered(call: BatchCall, answer: Answer) -> BatchCall:
    call.reply = "" if answer.reply is None else json.dumps(answer.reply)
    call.error, call.final = storable(answer.error), answer.final
    return call


def _parts(answers: Iterable[Answer]) -> Iterator[list[Answer]]:
    part: list[Answer] = []
    for one in answers:
        part.append(one)
        if len(part) == BATCH:
            yield part
            part = []
    if part:
        yield part


def read_again(order: BatchOrder) -> int:
    """Count a look at its files that told too little; how many there were."""
    order.reads += 1
    BatchOrder.objects.filter(pk=order.pk).update(reads=order.reads)
    return order.reads


def close(order: BatchOrder, error: str) -> None:
    """Nothing more will come of it. `error`: why calls without an answer have none."""
    with transaction.atomic():
        order.calls.filter(reply="", error="").update(error=storable(error))
        BatchOrder.objects.filter(pk=order.pk).update(state=State.CLOSED, error=storable(error))


def to_come(scope: str, source: str) -> list[BatchOrder]:
    """Orders that have not ended."""
    return list(BatchOrder.objects.filter(scope=scope, source=source).exclude(state=State.CLOSED).order_by("pk"))


def known(scope: str, source: str, wanted: Collection[str]) -> dict[str, Known]:
    """What is known of each call that was ordered."""
    calls = BatchCall.objects.filter(order__scope=scope, order__source=source).order_by("pk")
    rows = calls.annotate(has=~Q(reply="")).values_list("key", "has", "order__state", "error", "final")
    found: dict[str, Known] = {}
    for key, has, state, error, final in rows:
        if key in wanted:
            old = found.get(key, Known())
            coming = old.coming or state != State.CLOSED
            found[key] = Known(old.answered or has, coming, old.orders + 1, error or old.error, old.final or final)
    return found


def replies(scope: str, source: str, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The answer to each of these calls that has one, as JSON."""
    calls = BatchCall.objects.filter(order__scope=scope, order__source=source).exclude(reply="")
    for start_at in range(0, len(keys), BATCH):
        rows = calls.filter(key__in=keys[start_at : start_at + BATCH]).order_by("-pk").values_list("key", "reply")
        yield from dict(list(rows)).items()


def refuse(scope: str, source: str, key: str, reason: str) -> None:
    """An answer cannot be read: the call counts as failed in its order."""
    calls = BatchCall.objects.filter(order__scope=scope, order__source=source, key=key)
    calls.update(reply="", error=storable(reason))


def about(job: Job) -> set[str]:
    """Names of what the calls are about that were ordered for this job."""
    orders = BatchOrder.objects.filter(scope=scope_of(job), calls__isnull=False).distinct()
    return {name for names in orders.values_list("about", flat=True) for name in names}


def done(job: Job) -> None:
    """All that the job wanted is stored as facts, so its calls are forgotten, unless another part needs them."""
    scope = scope_of(job)
    others = Job.objects.filter(key__startswith=f"{scope}/", state__in=jobs.OPEN).exclude(pk=job.pk)
    waits = BatchOrder.objects.filter(scope=scope).exclude(state=State.CLOSED)
    if not others.exists() and not waits.exists():
        BatchCall.objects.filter(order__scope=scope).delete()


def forget(order: BatchOrder) -> None:
    """Nobody reads its answers any more."""
    order.calls.all().delete()


def forget_failures(submission: Submission) -> None:
    """Let calls that failed for good be ordered once more."""
    BatchCall.objects.filter(order__submission=submission, order__state=State.CLOSED, reply="").delete()


def cancel(submission: Submission) -> None:
    """Have every batch of a cancelled submission ended by a worker, and hold back nothing more for it."""
    orders = BatchOrder.objects.filter(submission=submission).exclude(state=State.CLOSED)
    jobs.enqueue(
        NewJob(f"close:{order.token}", Job.Kind.CLOSE, QUEUE, {"order": order.pk}, submission.pk) for order in orders
    )
    for kept in Hold.objects.filter(job__submission=submission, job__state=Job.State.CANCELLED).select_related("job"):
        budgets.release(kept.job)
