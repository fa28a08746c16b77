"""What a run will take, told before it starts, beside what it then took: a real server writes and judges."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from leaderboard.models import Budget, Judgment, Output
from leaderboard.models.budgets import NANO
from leaderboard.services import catalog, prices, submissions
from tests.factories import sums_board
from tests.judges.loopback import LengthJudge, serve
from tests.workers.answering import SENT, WRITTEN, Answering, endpoint, request_at
from tests.workers.judged import judge_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick", "bell")]
PROMPTS = 12


@pytest.fixture
def board(monkeypatch):
    """A board whose judge and whose entries' model are served by two servers; both have a price."""
    with serve(Answering()) as writer, serve(LengthJudge()) as judge:
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", f"{writer.url},{judge.url}")
        made = sums_board(PROMPTS)
        made.judges.set([judge_at(judge.url)])
        made.url = writer.url
        prices.set_price(pattern="writer-*", input_usd="1", output_usd="4")
        prices.set_price(pattern="judge-*", input_usd="2", output_usd="8")
        yield made


def told(board, **more):
    return submissions.check(request_at(board.url, **more))[1]


def run(board, work, **more):
    made = submissions.submit(request_at(board.url, **more), user=None)[0]
    work()
    made.refresh_from_db()
    assert made.state == "done", made.error
    return Budget.objects.get(key=f"submission:{made.pk}")


SAMPLED = {"strategy": "temperature", "decoding": {"temperature": 1.0, "max_new_tokens": 16}, "samples": 2}


def test_an_estimate_from_what_was_measured_is_what_is_then_spent(board, work):
    run(board, work)
    run(board, work, **SAMPLED)
    again = {**SAMPLED, "decoding": {"temperature": 0.5, "max_new_tokens": 16}}
    size = told(board, **again)
    assert size.assumed == ()
    assert (size.generation.calls, size.judging.calls) == (2 * PROMPTS, size.comparisons * 2)
    assert (size.generation.prompt_tokens, size.generation.output_tokens) == (24 * SENT, 24 * WRITTEN)
    before = Output.objects.count(), Judgment.objects.count()
    spent = run(board, work, **again)
    assert Output.objects.count() - before[0] == size.generation.calls
    assert Judgment.objects.count() - before[1] == size.judging.calls
    parts = (size.generation, size.judging)
    assert spent.spent_tokens == sum(part.prompt_tokens + part.output_tokens for part in parts)
    assert spent.spent_nano / NANO == pytest.approx(size.usd, rel=1e-9)
    assert 0 < size.generation.usd < size.generation.usd_at_most
    assert size.judging.usd_at_most is None
    assert size.generation.seconds > 0 < size.judging.seconds


def test_before_anything_was_measured_the_estimate_says_what_it_assumes_and_bounds_what_is_spent(board, work):
    run(board, work)
    budget_of_first = Output.objects.aggregate(tokens=Sum("output_tokens"))["tokens"]
    size = told(board, **SAMPLED)
    assert budget_of_first == PROMPTS * WRITTEN
    assert size.measured == 0 and size.seconds is None and size.tokens_per_second is None
    assert size.generation.output_tokens == size.generation.output_tokens_at_most == 24 * 16
    text = " ".join(size.assumed)
    assert "too few to tell" in text and "pairwise-llm has given" in text
    assert size.judges[0].measured == 0 and size.judging.output_tokens > 0
    spent = run(board, work, **SAMPLED)
    made = Output.objects.filter(entry__decoding__strategy="temperature").aggregate(cost=Sum("cost_usd"))["cost"]
    assert made <= size.generation.usd_at_most
    assert spent.spent_tokens > 0


def test_an_unknown_price_is_said_to_be_unknown_and_is_no_zero(board):
    size = submissions.check(
        submissions.Request(
            board="sums",
            generator="openai",
            model=endpoint(board.url, "no-price"),
            strategy="greedy",
        )
    )[1]
    assert (size.generation.usd, size.generation.usd_at_most, size.usd) == (None, None, None)
    assert "No price of no-price is known" in " ".join(size.assumed)


def test_a_judge_that_asks_no_model_costs_nothing(board):
    board.judges.set([catalog.judge(plugin="reference", params={})])
    size = told(board)
    assert (size.judging.prompt_tokens, size.judging.usd) == (0, 0.0)


def test_another_entry_with_several_samples_is_met_at_each_of_them(board, work):
    run(board, work, **SAMPLED)
    assert told(board).comparisons == 2 * PROMPTS
