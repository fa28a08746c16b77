"""A submission's own caps: taken at every door, shown while it waits, and no part of who it is."""

from __future__ import annotations

import pytest

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Budget, Job, Submission
from leaderboard.queries.submissions import progress
from leaderboard.services import budgets, submissions
from tests.factories import request_for, submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot", "bell")]


def test_a_cap_is_kept_for_the_submission_and_shown():
    made = submit(sums_board(), {"model": "right"}, max_usd=1.25, max_tokens=500)
    row = Budget.objects.get(key=f"submission:{made.pk}")
    assert (row.cap_nano, row.cap_tokens) == (1_250_000_000, 500)
    spend = progress(made).spend
    assert (spend.usd, spend.tokens, spend.max_usd, spend.max_tokens) == (0.0, 0, 1.25, 500)


def test_without_a_cap_nothing_is_kept_and_the_request_is_who_it_was():
    board = sums_board()
    plain = request_for(board, {"model": "right"})
    assert request_for(board, {"model": "right"}, max_usd=1.0).digest != plain.digest
    assert "max_usd" not in Submission.__dict__
    made = submissions.submit(plain, user=None)[0]
    assert not Budget.objects.exists()
    assert progress(made).spend is None


@pytest.mark.parametrize(
    ("caps", "field"),
    [({"max_usd": -1.0}, "max_usd"), ({"max_usd": float("nan")}, "max_usd"), ({"max_tokens": -1}, "max_tokens")],
)
def test_a_cap_that_makes_no_sense_is_refused_on_its_field(caps, field):
    with pytest.raises(InvalidInput) as problem:
        submit(sums_board(), {"model": "right"}, **caps)
    assert [error.path for error in problem.value.errors] == [(field,)]
    assert not Submission.objects.exists()


def test_a_job_that_waits_for_budget_says_so_where_the_submission_is_shown(client):
    made = submit(sums_board(), {"model": "right"}, max_tokens=500)
    Job.objects.filter(submission=made).update(error=f"{budgets.WAITING}: this submission has 0 tokens left.")
    assert progress(made).waiting.startswith("Waiting for budget")
    page = client.get(f"/submissions/{made.pk}/").content.decode()
    assert "Waiting for budget: this submission has 0 tokens left." in page
    assert "0 of 500 tokens" in page


def test_verdicts_of_a_job_in_its_middle_count_as_judged(work):
    board = sums_board()
    submit(board, {"model": "wrong", "wrong_every": 2})
    work()
    made = submit(board, {"model": "right"})
    work()
    whole = progress(made).judged
    Job.objects.filter(submission=made, kind="judge", payload__has_key="judge").update(state="running")
    made.refresh_from_db()
    assert progress(made).judged == whole > 0
