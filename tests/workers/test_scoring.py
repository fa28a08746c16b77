"""A job of scoring: many outputs at once where the metric can, stored as it goes, stopped when the lease is lost."""

from __future__ import annotations

from typing import ClassVar

import pytest

from leaderboard.contracts import registry
from leaderboard.contracts.params import NoParams
from leaderboard.contracts.values import Scored
from leaderboard.models import Job, Output, Score
from leaderboard.services import catalog
from tests.workers.judged import board_of
from workers import judging
from workers.runtime import Lease, LeaseLost

pytestmark = pytest.mark.django_db


class Lengths:
    """The length of a text; `batches` are the sizes that it was asked for."""

    name: ClassVar[str] = "lengths"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Length"
    Params = NoParams
    batches: ClassVar[list[int]] = []

    def __init__(self, params):
        pass

    def score(self, *, prompt, reference, text):
        raise AssertionError("asked one by one")

    def score_many(self, items):
        Lengths.batches.append(len(items))
        return [Scored(float(len(item.text))) for item in items]


@pytest.fixture
def job(monkeypatch):
    monkeypatch.setattr(judging, "AT_ONCE", 4)
    Lengths.batches = []
    with registry.metrics.override(Lengths):
        board_of(5)
        ids = list(Output.objects.order_by("pk").values_list("pk", flat=True))
        metric = catalog.metric(plugin="lengths", params={})
        yield Job(key="score", kind=Job.Kind.JUDGE, payload={"metric": metric.pk, "items": ids})


def test_outputs_are_scored_together_and_stored(job):
    judging.judge(Lease(job))
    assert Lengths.batches == [4, 4, 2]
    found = {score.output_id: score.value for score in Score.objects.all()}
    assert found == {output.pk: float(len(output.text)) for output in Output.objects.all()}


def test_a_lost_lease_keeps_what_is_stored_and_the_next_worker_does_the_rest(job):
    lease = Lease(job)
    lease.lost.set()
    with pytest.raises(LeaseLost):
        judging.judge(lease)
    assert Score.objects.count() == 4
    judging.judge(Lease(job))
    assert Lengths.batches == [4, 4, 2]
    assert Score.objects.count() == 10
