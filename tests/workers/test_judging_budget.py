"""Caps: a chunk starts only what fits, what is spent is counted, and a raised cap lets the rest go on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from leaderboard.models import Budget, Hold, Job, Judgment
from leaderboard.models.budgets import NANO
from leaderboard.services import budgets, prices
from leaderboard.services.jobs import claim
from tests.workers.judged import ask, board_of, expected, judge_at, stored, submission_of
from tests.workers.rough_server import Way, serve

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick", "bell")]
PROMPTS = 12
USED = 322
"""Tokens that the test's server tells of each call: 321 and 1."""
COST = 321 * 2_000 + 8_000
"""Billionths of a dollar of each call, at $2 and $8 a million."""


@pytest.fixture
def server(monkeypatch):
    with serve() as server:
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        yield server


@pytest.fixture
def once():
    """Run every job that is due, once."""

    def once():
        from workers.tasks import run

        for job in Job.objects.filter(state="ready"):
            run(job.pk)

    return once


def start(server, **params):
    board = board_of(PROMPTS)
    submission, judge = submission_of(board), judge_at(server.url, **params)
    ask(board, judge, submission)
    return board, submission, judge


def priced():
    prices.set_price(pattern="judge-*", input_usd="2", output_usd="8")


def test_without_a_cap_everything_is_judged_and_counted(server, once):
    priced()
    board, submission, judge = start(server)
    once()
    assert stored(board) == expected(PROMPTS)
    assert {row.cost_usd for row in Judgment.objects.all()} == {COST / NANO}
    for key in (f"submission:{submission.pk}", f"judge:{judge.pk}"):
        row = Budget.objects.get(key=key)
        assert (row.spent_nano, row.spent_tokens, row.held_nano) == (PROMPTS * COST, PROMPTS * USED, 0)
    assert Budget.objects.filter(key__startswith="day:", spent_nano=PROMPTS * COST).count() == 1


@pytest.mark.parametrize("purse", ["submission", "judge", "day"])
def test_at_a_cap_in_tokens_the_job_waits_with_a_reason_and_goes_on_when_it_is_raised(server, once, purse):
    board, submission, judge = start(server)
    key = {"submission": f"submission:{submission.pk}", "judge": f"judge:{judge.pk}", "day": "day"}[purse]
    budgets.set_cap(key, tokens=8 * USED)
    once()
    job = Job.objects.get()
    assert 0 < len(stored(board)) < PROMPTS
    assert (job.state, job.attempts) == ("ready", 0)
    assert job.error.startswith("Waiting for budget: ")
    assert "tokens left" in job.error
    assert server.calls.total() == len(stored(board)) <= 8
    before = job.not_before
    budgets.set_cap(key, tokens=10**6)
    job.refresh_from_db()
    assert job.not_before < before
    once()
    assert stored(board) == expected(PROMPTS)
    assert server.calls.total() == PROMPTS
    assert not Hold.objects.exists()


@pytest.mark.parametrize(("others", "seconds"), [(0, 60), (40, 120), (5000, 3600)])
def test_the_more_jobs_wait_for_budget_the_later_each_looks_again(server, others, seconds):
    from workers.tasks import run

    submission = start(server)[1]
    budgets.set_cap(f"submission:{submission.pk}", tokens=1)
    far = timezone.now() + timedelta(days=1)
    waiting = [
        Job(key=f"{place}", kind="judge", queue="judge", error=f"{budgets.WAITING}: none.", not_before=far)
        for place in range(others)
    ]
    Job.objects.bulk_create(waiting)
    began = timezone.now()
    run(Job.objects.get(submission=submission).pk)
    looks = Job.objects.get(submission=submission).not_before
    assert timedelta(seconds=seconds) <= looks - began <= timedelta(seconds=seconds + 30)


def test_a_cap_in_dollars_holds_too(server, once):
    priced()
    board, submission, _ = start(server)
    budgets.set_cap(f"submission:{submission.pk}", usd="0.009")
    once()
    spent = Budget.objects.get(key=f"submission:{submission.pk}")
    assert 0 < len(stored(board)) < PROMPTS
    assert spent.spent_nano == len(stored(board)) * COST <= 0.009 * NANO
    assert spent.held_nano == 0
    assert "one more may cost $" in Job.objects.get().error


def test_a_cap_in_dollars_without_a_price_starts_nothing_and_says_why(server, once):
    board, submission, _ = start(server)
    budgets.set_cap(f"submission:{submission.pk}", usd="100")
    once()
    assert stored(board) == {}
    assert server.calls.total() == 0
    assert "no price of the model is known" in Job.objects.get().error


def test_what_is_known_by_content_needs_no_budget(server, once):
    first, submission, judge = start(server)
    once()
    second = board_of(PROMPTS, "second")
    budgets.set_cap("day", tokens=0)
    ask(second, judge, submission)
    once()
    assert stored(second) == stored(first)
    assert server.calls.total() == PROMPTS


def test_the_free_reference_judge_needs_no_budget(once, work):
    from leaderboard.services import catalog

    budgets.set_cap("day", tokens=0)
    board = board_of(2)
    ask(board, catalog.judge(plugin="reference", params={}))
    once()
    assert {state for state, _ in stored(board).values()} == {"no-reference"}


def test_what_a_dead_worker_held_back_is_free_again_at_the_next_claim(server, once):
    board, _submission, judge = start(server)
    budgets.set_cap("day", tokens=10**6)
    job = claim(Job.objects.get().pk, "dead")
    keys = budgets.purses(job, judge.pk)
    assert budgets.hold(job, keys, [budgets.Most(10**6, None)]) == 1
    assert Budget.objects.get(key=f"judge:{judge.pk}").held_tokens == 10**6
    Job.objects.update(lease_until="2000-01-01T00:00:00Z")
    from workers.tasks import run

    run(job.pk)
    assert stored(board) == expected(PROMPTS)
    assert {row.held_tokens for row in Budget.objects.all()} == {0}
    # The dead worker wakes: what it does now changes no hold of another.
    budgets.settle(job, keys, [budgets.Most(10**6, None)], budgets.Took(5))
    budgets.release(job)
    assert {row.held_tokens for row in Budget.objects.all()} == {0}
    assert Budget.objects.get(key=f"judge:{judge.pk}").spent_tokens == PROMPTS * USED + 5


def test_a_failing_chunk_holds_nothing_back_afterwards(server, once):
    board, _submission, _ = start(server, attempts=1)
    budgets.set_cap("day", tokens=10**6)
    server.way = lambda number, key: Way(500, {}, b"")
    once()
    assert stored(board) == {}
    assert {row.held_tokens for row in Budget.objects.all()} == {0}


def test_prices_are_the_longest_pattern_and_its_latest_row():
    from datetime import UTC, datetime

    prices.set_price(pattern="gpt-*", input_usd="9", output_usd="9")
    prices.set_price(pattern="gpt-4o*", input_usd="2.5", output_usd="10", since=datetime(2024, 5, 1, tzinfo=UTC))
    prices.set_price(pattern="gpt-4o*", input_usd="2", output_usd="8", since=datetime(2025, 5, 1, tzinfo=UTC))
    prices.set_price(pattern="gpt-4o*", input_usd="1", output_usd="1", since=datetime(2999, 1, 1, tzinfo=UTC))
    assert prices.rate_of("gpt-4o-mini").nano(1_000_000, 0) == 2 * NANO
    assert prices.rate_of("gpt-4o", datetime(2024, 6, 1, tzinfo=UTC)).nano(0, 1_000_000) == 10 * NANO
    assert prices.rate_of("gpt-4.1").nano(1, 1) == 18_000
    assert prices.rate_of("llama") is None


def test_the_commands_list_and_set(capsys):
    call_command("prices", "m-*", "--input", "0.15", "--output", "0.6", "--since", "2026-01-31")
    assert (
        capsys.readouterr().out
        == "m-*  input $0.150000  output $0.600000  in a batch x 0.5  since 2026-01-31 00:00 UTC\n"
    )
    call_command("budgets", "day", "--usd", "5")
    assert capsys.readouterr().out == "day: $0.0000 of $5.0000, 0 tokens no cap, held back $0.0000\n"


@pytest.mark.parametrize(
    "words",
    [("prices", "m", "--input", "x", "--output", "1"), ("prices", "m", "--input", "1"), ("budgets", "judge:nobody"),
     ("budgets", "submission:7"), ("budgets", "day", "--usd", "-1"), ("budgets", "day", "--tokens", "-1"),
     ("prices", "m", "--input", "1", "--output", "1", "--since", "soon"),
     ("prices", "m", "--input", "1", "--output", "1", "--batch-factor", "2")],
)  # fmt: skip
def test_bad_input_is_refused(words):
    from leaderboard.contracts.params import InvalidInput

    with pytest.raises(InvalidInput):
        call_command(*words)
