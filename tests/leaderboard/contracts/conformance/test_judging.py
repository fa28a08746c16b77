"""Judges: what is sound passes, and each fault is told for its own reason."""

import numpy as np
import pytest

from leaderboard.contracts import conformance
from leaderboard.contracts.registry import benchmarks, judges, metrics
from leaderboard.contracts.values import (
    Verdict,
    VerdictState,
)
from tests.leaderboard.contracts.conformance.plugins import Base, bad, complains


class Longer(Base):
    both_orders = False

    def judge(self, pairs):
        for pair in pairs:
            yield Verdict(pair.key, VerdictState.SCORED, self.credit(pair), evidence=self.evidence())

    def credit(self, pair):
        return (1 + np.sign(len(pair.answer_a) - len(pair.answer_b)).item()) / 2

    def evidence(self):
        return {"rule": "length"}

    def provenance(self):
        return {"rule": "length"}


def likes_slot_one(self, pair):
    return 0.3 if pair.swapped else 0.7


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"both_orders": None}, "both_orders must be True or False"),
        ({"credit": lambda self, pair: 0.7, "both_orders": True}, "Does it heed `swapped`?"),
        ({"credit": likes_slot_one}, "both_orders is False, but pair 'one' gets 0.7 in one order and 0.3 in the"),
        ({"credit": lambda self, pair: float(pair.answer_a >= pair.answer_b)}, "prefers one of two identical answers"),
        ({"evidence": lambda self: {"p": float("nan")}}, "must be plain JSON without NaN"),
        ({"evidence": lambda self: {"p": {1, 2}}}, "must be plain JSON without NaN"),
        ({"provenance": lambda self: {"rule": 1}}, "must map text to text"),
        ({"judge": lambda self, pairs: iter(pairs)}, "must yield Verdicts"),
        ({"judge": lambda self, pairs: iter(list(Longer.judge(self, pairs))[1:])}, "must give one verdict a pair"),
        ({"judge": lambda self, pairs: iter([*Longer.judge(self, pairs)] * 2)}, "must give one verdict a pair"),
        ({"judge": lambda self, pairs: iter([Verdict("x", VerdictState.REFUSED)])}, "where no pair was given"),
    ],
)
def test_a_judge_that_breaks_a_rule(changes, words):
    conformance.check_judge(Longer)
    complains(words, conformance.check_judge, bad(Longer, **changes))


def test_a_judge_with_a_liking_for_a_place_conforms_if_it_judges_both_orders():
    conformance.check_judge(bad(Longer, credit=likes_slot_one, both_orders=True))


def test_our_own_plugins_conform():
    conformance.check_judge(judges.get("reference"))
    conformance.check_metric(metrics.get("exact-match"))
    conformance.check_loader(benchmarks.get("pebble-tasks"))
    conformance.check_plugin(benchmarks.get("jsonl"))


def test_the_llm_judge_conforms():
    from leaderboard.contracts.registry import generators
    from tests.judges.fakes import fake, reply

    with generators.override(fake(lambda request: reply(request, (("m", -0.2), ("M", -1.8))))):
        conformance.check_judge(judges.get("pairwise-llm"), {"generator": "fake", "slot_names": "alpacaeval"})
