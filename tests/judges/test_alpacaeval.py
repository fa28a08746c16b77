"""`alpacaeval` beyond `pairwise-llm`: tokens drawn where there are no log-probabilities, and the published order."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from leaderboard.benchmarks.alpaca_eval import model_shown_first
from leaderboard.contracts.conformance import check_judge
from leaderboard.contracts.registry import generators, judges
from leaderboard.contracts.values import DecodingChoice, FinishReason, Message, Pair, VerdictState
from tests.judges.fakes import fake, reply

PAIR = Pair("k", "Why?", "Because it rains.", "No idea.")
SHARE = ("alpacaeval", "alpacaeval-published", "pairwise-llm")


def silent(words):
    """A server without log-probabilities that draws `words` in turn."""
    return lambda request: reply(request, text=words[request.sample % len(words)])


def run(answer, pair=PAIR, name="alpacaeval", **params):
    kind = fake(answer)
    with generators.override(kind):
        judge = judges.build(name, {"generator": "fake", "slot_names": "alpacaeval", **params})
        (verdict,) = judge.judge([pair])
    return verdict, kind.asked


def test_tokens_are_drawn_where_log_probabilities_are_missing():
    verdict, asked = run(silent(["m", "m", " M", "The"]), samples=8)
    first, *drawn = asked
    assert (first.top_logprobs, first.decoding.strategy) == (20, "greedy")
    assert [one.sample for one in drawn] == list(range(8))
    choice = DecodingChoice("temperature", {"temperature": 1.0, "max_new_tokens": 1})
    assert all(one.decoding == choice for one in drawn)
    assert {one.messages for one in asked} == {first.messages}
    assert verdict.credit_a == pytest.approx(4 / 6)
    assert (verdict.evidence["samples"], verdict.evidence["counts"], verdict.evidence["attempts"]) == (8, [4, 2], 2)
    assert (verdict.prompt_tokens, verdict.cost_usd) == (9 * 50, pytest.approx(0.009)), "every call is paid for"


def test_the_share_of_drawn_tokens_is_that_of_side_a_in_either_order():
    verdict, _ = run(silent(["m", "m", "m", "M"]), replace(PAIR, swapped=True), samples=4)
    assert verdict.credit_a == pytest.approx(0.25)


def test_nothing_is_drawn_unless_asked_for_or_where_log_probabilities_are_there():
    verdict, asked = run(silent(["m"]))
    assert (verdict.state, len(asked)) == (VerdictState.NO_LOGPROBS, 1)
    verdict, asked = run(lambda request: reply(request, (("m", math.log(0.7)), ("M", math.log(0.3)))), samples=8)
    assert (verdict.credit_a, len(asked)) == (pytest.approx(0.7), 1)
    assert "samples" not in verdict.evidence


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"text": "The"}, VerdictState.UNPARSED),
        ({"text": "m", "finish_reason": FinishReason.FILTER}, VerdictState.REFUSED),
    ],
)
def test_drawn_tokens_that_say_nothing_have_their_state(change, state):
    def answer(request):
        return reply(request, **(change if request.sample == 2 or change["text"] == "The" else {"text": "m"}))

    verdict, _ = run(answer, samples=3)
    assert verdict.state == state


@pytest.mark.parametrize("name", SHARE)
def test_it_keeps_the_contract(name):
    with generators.override(fake(lambda request: reply(request, (("m", -0.2), ("M", -1.8))))):
        check_judge(judges.get(name), {"generator": "fake", "slot_names": "alpacaeval"})


def test_the_published_order_is_alpacaevals_own_draw():
    kind = judges.get("alpacaeval-published")
    prompts = [f"Question {i}?" for i in range(50)]
    assert [kind.model_first(prompt) for prompt in prompts] == [model_shown_first(prompt) for prompt in prompts]
    assert kind.both_orders is False


@pytest.mark.parametrize("name", SHARE)
def test_earlier_turns_are_shown(name):
    shared = (Message("user", "Hello?"), Message("assistant", "Hello!"))
    own = (Message("user", "Hello?"), Message("assistant", "Go away."))
    table = (("m", -0.2), ("M", -1.8))
    _, (request,) = run(lambda r: reply(r, table), replace(PAIR, earlier_a=shared, earlier_b=shared), name)
    assert request.messages[-1].content.count("Hello!") == 1
    _, (request,) = run(lambda r: reply(r, table), replace(PAIR, earlier_a=shared, earlier_b=own), name)
    body = request.messages[-1].content
    assert body.index("Hello!") < body.index(PAIR.answer_a) < body.index("Go away.") < body.index(PAIR.answer_b)


def test_the_same_last_answer_after_other_turns_is_no_tie():
    own = (Message("user", "Hello?"), Message("assistant", "Go away."))
    pair = replace(PAIR, answer_b=PAIR.answer_a, earlier_b=own)
    verdict, asked = run(lambda r: reply(r, (("m", -0.2), ("M", -1.8))), pair)
    assert (len(asked), "identical" in verdict.evidence) == (1, False)
