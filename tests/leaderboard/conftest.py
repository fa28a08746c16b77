"""Fixtures of the service's own tests: no broker, the parrot as a generator, jobs run by hand."""

from __future__ import annotations

import pytest

from tests.factories import Parrot, submit, sums_board


@pytest.fixture
def parrot():
    from leaderboard.contracts import registry

    with registry.generators.override(Parrot):
        yield Parrot


@pytest.fixture
def bell(monkeypatch):
    """Collects what would be rung, instead of sending it."""
    from leaderboard.services import jobs

    rung = []
    monkeypatch.setattr(jobs, "_ring", lambda pk, queue: rung.append((pk, queue)) or True)
    return rung


@pytest.fixture
def work(bell, settings):
    """Does every due job in this thread until none is left; returns how many. No model is kept from another test."""
    from workers import runtime

    settings.REFRESH_SECONDS = 0
    runtime._models.clear()

    def run_all(limit: int = 500) -> int:
        from leaderboard.models import Job
        from workers.tasks import run

        for count in range(limit):
            job = Job.objects.filter(state="ready").order_by("not_before", "pk").first()
            if job is None:
                return count
            Job.objects.filter(pk=job.pk).update(not_before="2000-01-01T00:00:00Z")
            run(job.pk)
        raise AssertionError("the jobs do not end")

    return run_all


@pytest.fixture
def right_and_wrong(parrot, work):
    """A board of six sums, with an entry that is right and one that is wrong each time."""
    made = sums_board()
    submit(made, {"model": "right"})
    submit(made, {"model": "wrong", "wrong_every": 1})
    work()
    return made
