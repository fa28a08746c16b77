"""Many workers spend from the same purses at once, and no cap is passed.

SQLite's test database is one connection in memory, so this needs a server; tests/e2e/test_postgres.py gives it one.
"""

from __future__ import annotations

import random

import pytest
from django.db import connection, transaction

from leaderboard.models import Budget, Hold, Job
from leaderboard.services import budgets
from leaderboard.services.budgets import Most, OverBudget, Took
from tests.leaderboard.services.test_races import together

pytestmark = [
    pytest.mark.skipif(connection.vendor == "sqlite", reason="Needs a server; tests/e2e/test_postgres.py runs these."),
    pytest.mark.django_db(transaction=True),
]
WORKERS = 64
CAP = 1_000
PURSES = ["day:2030-01-01", "judge:1", "submission:x"]


def work(job: Job, seed: int) -> int:
    """Spend as a worker does, until nothing fits: what was used. It takes less than it held back."""
    rng, spent = random.Random(seed), 0
    keys = rng.sample(PURSES, 3)
    while True:
        most = [Most(rng.randint(2, 9), None) for _ in range(rng.randint(1, 6))]
        try:
            fit = budgets.hold(job, keys, most)
        except OverBudget:
            return spent
        for one in most[:fit]:
            used = rng.randint(1, one.tokens)
            with transaction.atomic():
                budgets.settle(job, keys, [one], Took(used))
            spent += used


def test_no_cap_is_passed_and_nothing_stays_held_back():
    budgets.set_cap("judge:1", tokens=CAP)
    jobs = [Job.objects.create(key=f"j{n}", kind=Job.Kind.JUDGE, queue="judge") for n in range(WORKERS)]
    spent = together(lambda number: work(jobs[number], number), WORKERS)
    assert [one for one in spent if not isinstance(one, int)] == []
    rows = {row.key: row for row in Budget.objects.all()}
    assert {rows[key].spent_tokens for key in PURSES} == {sum(spent)}
    # Whoever stopped found no room for its next piece, which took 9 at most.
    assert CAP - 9 * WORKERS <= sum(spent) <= CAP
    assert {row.held_tokens for row in rows.values()} == {0}
    assert set(Hold.objects.values_list("tokens", flat=True)) <= {0}
