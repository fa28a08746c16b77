"""The judge that asks no question, with a real model of our own."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from leaderboard.contracts.conformance import check_judge
from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.registry import judges
from leaderboard.contracts.values import Message, Pair, VerdictState
from tests.conftest import ROOT

MODEL = {"generator": "transformers", "generator_params": {"model": str(ROOT / "models" / "pebble-m")}}
PAIR = Pair("p", "What is 17 + 25?", "So the answer is 42.", "Bananas are yellow.")


def judged(*pairs, **params):
    judge = judges.build("likelihood", {**MODEL, **params})
    return {verdict.key: verdict for verdict in judge.judge(pairs)}


def test_it_keeps_the_promises_of_a_judge():
    check_judge(judges.get("likelihood"), MODEL)


def test_the_likelier_answer_wins_in_either_place_and_order():
    turned = replace(PAIR, key="turned", answer_a=PAIR.answer_b, answer_b=PAIR.answer_a)
    found = judged(PAIR, turned, replace(PAIR, key="swapped", swapped=True))
    assert {key: one.credit_a for key, one in found.items()} == {"p": 1.0, "turned": 0.0, "swapped": 1.0}
    told = found["p"].evidence["likelihood"]
    assert told["a"]["mean"] > told["b"]["mean"]
    assert told["a"]["mean"] == told["a"]["logprob"] / told["a"]["tokens"]


def test_the_soft_credit_follows_the_difference_per_token():
    [one] = judged(PAIR, credit="logistic", scale=2.0).values()
    told = one.evidence["likelihood"]
    difference = told["a"]["mean"] - told["b"]["mean"]
    assert one.credit_a == pytest.approx(1 / (1 + math.exp(-difference / 2.0)))
    [tied] = judged(PAIR, tie_within=difference + 1).values()
    assert tied.credit_a == 0.5


def test_a_text_is_read_once_and_counted_once():
    others = [replace(PAIR, key=str(i), answer_b=f"Bananas number {i}.") for i in range(3)]
    found = judged(*others)
    [alone] = judged(others[1]).values()
    assert found["0"].prompt_tokens > found["1"].prompt_tokens
    assert alone.prompt_tokens > found["1"].prompt_tokens
    assert alone.credit_a == found["1"].credit_a


def test_earlier_turns_are_read_before_the_answer():
    earlier = (Message("user", "Say apples."), Message("assistant", "Apples."))
    plain, after = judged(PAIR, replace(PAIR, key="after", earlier_a=earlier, earlier_b=earlier)).values()
    means = [one.evidence["likelihood"]["a"]["mean"] for one in (plain, after)]
    assert means[0] != pytest.approx(means[1], abs=1e-6)


@pytest.mark.parametrize(
    ("answer", "state"),
    [("", VerdictState.UNPARSED), (" \n", VerdictState.UNPARSED), ("4 " * 5000, "truncated")],
    ids=["empty", "blank", "long"],
)
def test_what_has_no_likelihood_is_no_verdict(answer, state):
    [one] = judged(replace(PAIR, answer_a=answer)).values()
    assert (one.state, one.credit_a) == (state, None)


def test_identical_answers_tie_without_the_model(monkeypatch):
    from workers.generators.transformers_engine import TransformersGenerator

    monkeypatch.setattr(TransformersGenerator, "likelihoods", None)
    [one] = judged(replace(PAIR, answer_b=PAIR.answer_a)).values()
    assert one.credit_a == 0.5


def test_a_server_must_be_declared_to_tell_of_prompts(monkeypatch):
    monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", "http://127.0.0.1:9/v1")
    server = {"base_url": "http://127.0.0.1:9/v1", "model": "m"}
    with pytest.raises(InvalidInput, match="prompt_logprobs"):
        judges.build("likelihood", {"generator": "openai", "generator_params": server})
    declared = {**server, "extra_capabilities": ["prompt_logprobs"]}
    judges.build("likelihood", {"generator": "openai", "generator_params": declared})
