"""Work that may wait a day: its calls are ordered at the endpoint's Batch API, and the job is put off until they come.

Every step is stored before the next. A worker that is killed between two of them leaves an order that is found again:
by the id of the batch, or, where it was killed before that was stored, by the token that the endpoint keeps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from leaderboard.contracts import registry
from leaderboard.contracts.said import said
from leaderboard.models import BatchOrder, Job, Judge
from leaderboard.services import batches, budgets, jobs
from leaderboard.services.batches import WAITING, Answer, Known
from leaderboard.services.budgets import Took
from leaderboard.services.prices import Tariff
from workers.generators import batch_api
from workers.generators.batch_api import BatchApi, Remote
from workers.generators.errors import CallFailed, Deferred, GenerationFailed
from workers.generators.http_transport import Fields
from workers.generators.stopping import Stopped
from workers.runtime import Lease

POLL_SECONDS = 60.0
ROUNDS = 3
"""How often a call is ordered before it counts as failed."""
READS = 3
"""How often files are read that hold fewer answers than the endpoint counts."""
MAKING = timedelta(minutes=5)
"""A worker that was told to stop may still be making its batch for so long."""
SLACK = 86_400.0
"""Seconds by which the endpoint's clock may be behind."""


class Desk:
    """What one job has ordered. `about`: what it asks about now, by name."""

    def __init__(self, job: Job, judge: Judge | None = None) -> None:
        self.job, self.judge = job, judge
        self.scope = batches.scope_of(job)
        self.about: Sequence[str] = ()
        self._source = ""
        self._fault = ""

    @contextmanager
    def open(self, about: Sequence[str]) -> Iterator[None]:
        """Generators that may wait order here, in this thread and in those that it starts."""
        self.about = about
        before = batch_api.desk.set(self)
        try:
            yield
        finally:
            batch_api.desk.reset(before)

    def take(self, api: BatchApi, calls: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
        """See `batch_api.Desk`."""
        self._source, self._fault = api.source, ""
        try:
            for order in batches.to_come(self.scope, api.source):
                self._follow(api, order)
            for key, reply in batches.replies(self.scope, api.source, list(calls)):
                yield key, json.loads(reply, object_hook=Fields)
            self._order(api, {key: calls[key] for key in self._lacking(calls)})
            self._conclude(calls)
        finally:
            connection.close()

    def refuse(self, key: str, reason: str) -> None:
        """See `batch_api.Desk`."""
        batches.refuse(self.scope, self._source, key, reason)

    def _follow(self, api: BatchApi, order: BatchOrder) -> None:
        """Look how far an order is, and take in what came. What may pass is told and looked at later."""
        try:
            remote = made(api, order)
            if remote is not None and remote.ended:
                collect(api, order, remote)
        except CallFailed as problem:
            self._passing(order, problem)

    def _order(self, api: BatchApi, calls: Mapping[str, Mapping[str, Any]]) -> None:
        """Order these calls. Where the endpoint fails in the middle, the next look finds out what it has made."""
        for keys in batch_api.parts_of(calls) if not self._fault else ():
            settings = {"generator": api.generator, "settings": dict(api.settings), "source": api.source}
            order = batches.start(self.job, keys, judge=self.judge, about=list(self.about), **settings)
            try:
                token = str(order.token)
                batches.uploaded(order, api.upload(((key, calls[key]) for key in keys), token))
                self._fence()
                batches.seen(order, api.create(order.file_id, token))
            except CallFailed as problem:
                if not problem.retryable:
                    batches.drop(order)
                self._passing(order, problem)
                return

    def _fence(self) -> None:
        """A worker that lost the job must order nothing."""
        if not jobs.renew(self.job):
            raise Stopped("The work was stopped.")

    def _passing(self, order: BatchOrder, problem: CallFailed) -> None:
        if not problem.retryable:
            raise problem
        self._fault = str(problem)
        batches.trouble(order, self._fault)

    def _known(self, calls: Mapping[str, Any]) -> dict[str, Known]:
        found = batches.known(self.scope, self._source, calls.keys())
        return {key: found.get(key, Known()) for key in calls}

    def _lacking(self, calls: Mapping[str, Any]) -> list[str]:
        """Calls that are to be ordered, for the first time or again."""
        found = self._known(calls).items()
        return [key for key, one in found if not (one.answered or one.coming or one.final) and one.orders < ROUNDS]

    def _conclude(self, calls: Mapping[str, Any]) -> None:
        """Raises Deferred while calls are to come, GenerationFailed where some failed for good."""
        found = self._known(calls).values()
        left = [one for one in found if not one.answered]
        failed = [one for one in left if not one.coming and (one.final or one.orders >= ROUNDS)]
        if len(failed) < len(left):
            raise Deferred(self._told(), POLL_SECONDS)
        if failed:
            raise GenerationFailed(
                said(
                    "{n} of {n_2} batched calls failed. The first: {error}",
                    n=len(failed),
                    n_2=len(calls),
                    error=failed[0].error,
                )
            )

    def _told(self) -> str:
        orders = batches.to_come(self.scope, self._source)
        done, total = sum(order.done for order in orders), sum(order.total for order in orders)
        return f"{WAITING}: {self._fault}" if self._fault else f"{WAITING}: {done} of {total} done."


def made(api: BatchApi, order: BatchOrder) -> Remote | None:
    """The batch of an order; one of which none was made is forgotten. Raises CallFailed."""
    if order.remote_id:
        remote: Remote | None = api.look(order.remote_id)
    else:
        since = order.created_at.timestamp() - SLACK
        remote = api.find(str(order.token), since) if order.file_id else None
    if remote is None:
        batches.drop(order)
    else:
        batches.seen(order, remote)
    return remote


def collect(api: BatchApi, order: BatchOrder, remote: Remote) -> bool:
    """Store the answers of a batch that has ended. False where its files tell too little and are to be read again."""
    unread = 0

    def answers() -> Iterator[Answer]:
        nonlocal unread
        for file_id in filter(None, (remote.output, remote.errors)):
            for line in api.lines(file_id):
                if line is None:
                    unread += 1
                else:
                    yield Answer(line.key, line.reply, line.error, line.final)

    found = batches.keep(order, answers())
    told_less = unread or found < min(order.total, remote.done + remote.failed)
    if told_less and batches.read_again(order) < READS:
        return False
    batches.close(order, remote.told or f"The batch ended as {remote.status} without an answer.")
    return True


def close_order(lease: Lease) -> None:
    """End the batch of a cancelled submission; what was answered by then is paid for, so it is counted."""
    order = BatchOrder.objects.select_related("judge").filter(pk=lease.job.payload["order"]).first()
    if order is None:
        return
    if order.state != BatchOrder.State.CLOSED and _ending(lease.job, order):
        raise Deferred(f"{WAITING}: it is being cancelled.", POLL_SECONDS)
    if order.calls.exists():
        _count(lease.job, order)


def _ending(job: Job, order: BatchOrder) -> bool:
    """Have it cancelled, and take in what came; False once it has ended."""
    if not order.remote_id and timezone.now() - order.created_at < MAKING:
        return True
    generator: Any = registry.generators.build(order.generator, order.settings)
    api: BatchApi = generator.batches()
    try:
        remote = made(api, order)
        if remote is None:
            return False
        if not remote.ended and remote.status != "cancelling":
            remote = api.cancel(remote.id)
            batches.seen(order, remote)
        return not remote.ended or not collect(api, order, remote)
    except CallFailed as problem:
        if not problem.retryable:
            raise
        return True


def _count(job: Job, order: BatchOrder) -> None:
    """Charge the answers that nobody will read, and forget them."""
    tariff = Tariff.of({"model": order.settings["model"]}, batched=True)
    tokens = nano = 0
    for reply in order.calls.exclude(reply="").values_list("reply", flat=True):
        usage = json.loads(reply).get("usage") or {}
        sent, written = (int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens"))
        tokens, nano = tokens + sent + written, nano + (tariff.nano(sent, written) or 0)
    with transaction.atomic():
        budgets.settle(job, budgets.purses(job, order.judge_id), [], Took(tokens, nano))
        batches.forget(order)
