"""The log-probability path through a real, tiny transformer of our own: prompt, tokens, table, verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from judges.verdicts import exact_share
from leaderboard.contracts.registry import judges
from leaderboard.contracts.values import Pair, VerdictState
from tests.conftest import ROOT

PAIR = Pair("p", "2+2?", "4", "5")
MODEL = {"generator": "transformers", "generator_params": {"model": str(ROOT / "models" / "pebble-s")}}


def judged(name, *pairs, **params):
    judge = judges.build(name, {**MODEL, **params})
    return judge, {verdict.key: verdict for verdict in judge.judge(pairs)}


@pytest.mark.parametrize("name", ["alpacaeval", "pairwise-llm"])
def test_the_verdict_is_what_the_models_own_table_says(name):
    pairs = [PAIR, replace(PAIR, key="swapped", swapped=True)]
    pairs += [Pair(str(i), f"{i}+1?", str(i + 1), str(i)) for i in range(6)]
    judge, verdicts = judged(name, *pairs, prompt="short-1")
    assert set(verdicts) == {pair.key for pair in pairs}
    assert VerdictState.SCORED in {verdict.state for verdict in verdicts.values()}
    for verdict in verdicts.values():
        table = [(token, value) for token, value in verdict.evidence["logprobs"]]
        assert len(table) == 20
        assert verdict.prompt_tokens > 0
        share = exact_share(table, tuple(verdict.evidence["slot_names"]))
        credit = share if share is None or verdict.evidence["slots"][0] == "a" else 1 - share
        assert verdict.credit_a == (None if credit is None else pytest.approx(credit))
        assert verdict.state is (VerdictState.UNPARSED if credit is None else VerdictState.SCORED)
    assert judge.provenance()["model"]


def test_a_verdict_is_the_same_alone_and_among_others():
    pairs = [Pair(str(i), f"{i}+1?", str(i + 1), str(i)) for i in range(4)]
    _, together = judged("alpacaeval", *pairs, prompt="short-1")
    _, alone = judged("alpacaeval", pairs[2], prompt="short-1")
    assert alone["2"].credit_a == pytest.approx(together["2"].credit_a, abs=1e-5)


def test_a_prompt_that_does_not_fit_is_truncated_and_no_verdict():
    _, verdicts = judged("alpacaeval", replace(PAIR, answer_a="4 " * 3000), prompt="short-1")
    assert (verdicts["p"].state, verdicts["p"].credit_a) == (VerdictState.TRUNCATED, None)


def test_tokens_can_be_drawn_from_it():
    """As for a server without log-probabilities: its own are hidden."""
    from leaderboard.contracts.registry import generators

    kind = generators.get("transformers")

    class Silent(kind):
        def generate(self, requests):
            for made in super().generate(requests):
                yield replace(made, first_logprobs=None)

    with generators.override(Silent):
        _, verdicts = judged("alpacaeval", PAIR, prompt="short-1", samples=16)
    evidence = verdicts["p"].evidence
    assert (evidence["samples"], evidence["attempts"]) == (16, 2)
    assert sum(evidence["counts"]) <= 16
    assert (verdicts["p"].credit_a is None) == (sum(evidence["counts"]) == 0)
