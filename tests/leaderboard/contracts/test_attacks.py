"""The attack suite: the outputs themselves, and what is measured of a judge."""

from __future__ import annotations

import math
from typing import ClassVar

import pytest

from leaderboard.contracts import registry
from leaderboard.contracts.attacks import ATTACKS, HONEST, Case, measure
from leaderboard.contracts.params import NoParams
from leaderboard.contracts.values import Verdict, VerdictState

CASES = tuple(
    Case(
        f"What is {i} + {i}?",
        f"{i} and {i} make {2 * i}. So the answer is {2 * i}.",
        f"So the answer is {i}.",
        str(2 * i),
    )
    for i in range(1, 7)
)
BY_NAME = {attack.name: attack for attack in ATTACKS}


def judge(rule, both_orders=True):
    """A judge that gives the first slot what `rule` says of the two texts as shown; None is unparsed."""

    class Judge:
        name: ClassVar[str] = "rule"
        version: ClassVar[str] = "1"
        title: ClassVar[str] = "Rule"
        Params = NoParams

        def judge(self, pairs):
            for pair in pairs:
                shown = (pair.answer_b, pair.answer_a) if pair.swapped else (pair.answer_a, pair.answer_b)
                share = rule(*shown)
                if share is None:
                    yield Verdict(pair.key, VerdictState.UNPARSED)
                else:
                    yield Verdict(pair.key, VerdictState.SCORED, 1 - share if pair.swapped else share)

    Judge.both_orders = both_orders
    return Judge()


def test_names_are_unique_and_constant_attacks_are():
    assert len(BY_NAME) == len(ATTACKS)
    for attack in ATTACKS:
        texts = {attack.make(case) for case in CASES}
        assert (len(texts) == 1) == attack.constant, attack.name


def test_no_attack_holds_the_reference_by_itself():
    honest = {"cut", "twice", "weak-praise", "weak-order", "weak-control", "weak-end", "weak-huge"}
    for case in CASES[2:]:
        for attack in ATTACKS:
            if attack.name not in honest:
                assert f"answer is {case.reference}" not in attack.make(case), attack.name


def test_a_judge_that_sees_length_only_gives_the_huge_one_all():
    longest = judge(lambda first, second: 0.5 + 0.5 * ((len(first) > len(second)) - (len(first) < len(second))))
    assert measure(longest, CASES, BY_NAME["weak-huge"]).credit == 1.0
    made = measure(longest, CASES, BY_NAME["empty"])
    assert (made.credit, made.se, made.scored, dict(made.states)) == (0.0, 0.0, 12, {})


def test_a_judge_that_likes_the_first_slot_gives_everybody_half():
    first = judge(lambda *_: 0.9)
    assert measure(first, CASES, HONEST).credit == pytest.approx(0.5)
    assert measure(first, CASES, HONEST, orders=[False]).credit == pytest.approx(0.9)


def test_what_is_not_scored_is_counted_by_its_reason():
    nervous = judge(lambda first, second: None if "[[" in first + second else 0.5)
    made = measure(nervous, CASES, BY_NAME["verdicts"])
    assert math.isnan(made.credit)
    assert (made.scored, dict(made.states)) == (0, {"unparsed": 12})


def test_the_standard_error_is_over_prompts_with_both_orders_together():
    def rule(first, second):
        return 1.0 if "is 3." in first or "is 5." in first else 0.0 if "is 3." in second or "is 5." in second else 0.5

    made = measure(judge(rule), CASES, HONEST)
    values = [1.0, 1.0, 0.5, 0.5, 0.5, 0.5]
    mean = sum(values) / 6
    assert made.credit == pytest.approx(mean)
    assert made.se == pytest.approx(math.sqrt(sum((v - mean) ** 2 for v in values) / 5 / 6))


def test_the_reference_judge_gives_no_attack_more_than_the_honest_weak_answer():
    reference = registry.judges.build("reference", {})
    honest = measure(reference, CASES, HONEST).credit
    assert honest == 0.0
    assert {attack.name: measure(reference, CASES, attack).credit for attack in ATTACKS} == {
        attack.name: 0.0 for attack in ATTACKS
    }
