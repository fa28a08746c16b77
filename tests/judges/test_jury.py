"""Several judges as one, and judges that compare the scores of a metric."""

from __future__ import annotations

import math
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.contracts.conformance import check_judge
from leaderboard.contracts.params import InvalidInput, Params
from leaderboard.contracts.registry import generators, judges, metrics
from leaderboard.contracts.values import Pair, Scored, Verdict, VerdictState
from tests.judges.fakes import fake, reply

PAIR = Pair("k", "Why?", "Because it rains.", "No idea.", "rain")


class Fixed:
    """Gives the credit or the state in its settings, and costs a cent."""

    name: ClassVar[str] = "fixed"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Fixed"
    both_orders: ClassVar[bool] = True
    calls: ClassVar[list[str]] = []

    class Params(Params):
        credit: float | None = None
        state: str = "unparsed"

    def __init__(self, params):
        self.params = params

    def judge(self, pairs):
        for pair in reversed(list(pairs)):
            self.calls.append(pair.key)
            credit = self.params.credit
            state = VerdictState.SCORED if credit is not None else VerdictState(self.params.state)
            yield Verdict(pair.key, state, credit, raw="r", prompt_tokens=3, seconds=0.5, cost_usd=0.01)

    def provenance(self):
        return {"model": "fixed"}


def sits(*credits, **more):
    members = [
        {"judge": "fixed", "settings": {"credit": c} if not isinstance(c, str) else {"state": c}} for c in credits
    ]
    for member, weight in zip(members, more.pop("weights", ()), strict=False):
        member["weight"] = weight
    return {"members": members, **more}


def decide(*credits, pair=PAIR, **more):
    with judges.override(Fixed):
        (verdict,) = judges.build("jury", sits(*credits, **more)).judge([pair])
    return verdict


@pytest.mark.parametrize(
    ("credits", "more", "credit"),
    [
        ((1.0, 0.5, 0.0, 0.9), {}, 0.6),
        ((0.6, 0.55, 0.0), {"rule": "majority"}, 1.0),
        ((0.6, 0.4, 0.5), {"rule": "majority"}, 0.5),
        ((0.0, 0.2, 1.0), {"rule": "majority"}, 0.0),
        ((1.0, 0.0), {"rule": "weighted", "weights": (3.0, 1.0)}, 0.75),
        ((1.0, "refused"), {}, 1.0),
        ((1.0, 0.0, "refused"), {"rule": "weighted", "weights": (3.0, 1.0, 9.0)}, 0.75),
    ],
)
def test_the_rule_decides(credits, more, credit):
    assert decide(*credits, **more).credit_a == pytest.approx(credit)


@pytest.mark.parametrize(
    ("credits", "more", "state"),
    [
        (("refused", "refused", "unparsed"), {}, VerdictState.REFUSED),
        ((1.0, 0.0, "truncated"), {"quorum": 3}, VerdictState.TRUNCATED),
        ((1.0, "refused"), {"rule": "weighted", "weights": (0.0, 1.0)}, VerdictState.REFUSED),
    ],
)
def test_too_few_verdicts_are_none(credits, more, state):
    verdict = decide(*credits, **more)
    assert (verdict.state, verdict.credit_a) == (state, None)


def test_the_evidence_keeps_every_member_and_who_was_heard():
    verdict = decide(0.7, "refused")
    heard = [(m["judge"], m["credit_a"], m["state"], m["counted"]) for m in verdict.evidence["members"]]
    assert heard == [("fixed", 0.7, "scored", True), ("fixed", None, "refused", False)]
    assert (verdict.raw, verdict.prompt_tokens, verdict.seconds) == ("0.7 · refused", 6, 1.0)
    assert verdict.cost_usd == pytest.approx(0.02)


def test_identical_answers_are_put_to_nobody():
    Fixed.calls.clear()
    assert decide(1.0, pair=Pair("k", "?", "x", "x")).credit_a == 0.5
    assert Fixed.calls == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.sampled_from(["mean", "majority", "weighted"]))
def test_the_mirror_of_all_members_is_the_mirror_of_the_jury(credits, rule):
    here, there = (decide(*given, rule=rule).credit_a for given in (credits, [1 - c for c in credits]))
    assert 0 <= here <= 1
    if rule == "majority":
        known = sum((c > 0.5) - (c < 0.5) for c in credits)
        assert here == 0.5 + 0.5 * math.copysign(1, known) * (known != 0)
    else:
        assert here + there == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"members": []}, "members"),
        (sits(1.0, quorum=2), "the jury has 1 members"),
        (sits(1.0, rule="weighted", weights=(0.0,)), "a weight above 0"),
        ({"members": [{"judge": "fixed", "weight": -1}]}, "members"),
    ],
)
def test_a_jury_that_cannot_decide_is_refused(wrong, path):
    with judges.override(Fixed), pytest.raises(InvalidInput, match=path):
        judges.parse("jury", wrong)


def test_a_members_fault_names_its_place():
    with judges.override(Fixed), pytest.raises(InvalidInput) as caught:
        judges.build("jury", {"members": [{"judge": "fixed"}, {"judge": "fixed", "settings": {"credit": "x"}}]})
    assert caught.value.errors[0].path == ("members", 1, "settings", "credit")


@pytest.mark.parametrize("rule", ["mean", "majority", "weighted"])
def test_a_jury_keeps_the_contract(rule):
    check_judge(judges.get("jury"), {"members": [{"judge": "reference"}, {"judge": "longer"}], "rule": rule})


def test_provenance_is_that_of_every_member():
    with judges.override(Fixed):
        told = judges.build("jury", sits(1.0, 0.0)).provenance()
    assert (told["judge"], told["member_0_model"], told["member_1_model"]) == ("jury", "fixed", "fixed")


class Length:
    """Scores by length; no score for an empty text."""

    name: ClassVar[str] = "reward-model"
    version: ClassVar[str] = "7"
    title: ClassVar[str] = "Length"

    class Params(Params):
        per: float = 1.0

    def __init__(self, params):
        self.params = params

    def score(self, *, prompt, reference, text):
        return Scored(len(text) / self.params.per) if text else Scored(None, "empty")


@pytest.mark.parametrize(
    ("b", "more", "credit"),
    [
        ("x" * 16, {}, 1.0),
        ("x" * 18, {}, 0.0),
        ("x" * 17, {}, 0.5),
        ("x" * 16, {"tie_within": 1.0}, 0.5),
        ("x" * 16, {"credit": "logistic"}, 1 / (1 + math.exp(-1))),
        ("x" * 15, {"credit": "logistic", "scale": 4.0}, 1 / (1 + math.exp(-0.5))),
    ],
)
def test_the_higher_score_wins(b, more, credit):
    with metrics.override(Length):
        judge = judges.build("metric", {"metric": "reward-model", **more})
        (verdict,) = judge.judge([Pair("k", "?", "x" * 17 if b != "x" * 17 else "y" * 17, b)])
    assert verdict.credit_a == pytest.approx(credit)
    assert verdict.evidence["scores"] == {"a": 17.0, "b": float(len(b))}


def test_a_reward_model_tells_the_chance_of_winning():
    with metrics.override(Length):
        judge = judges.build("reward-model", {"settings": {"per": 2.0}, "scale": 0.5})
        (verdict,) = judge.judge([Pair("k", "?", "xxx", "xx")])
        assert judge.provenance() == {"judge": "reward-model", "judge_version": "1", "metric": "reward-model 7"}
        check_judge(judges.get("reward-model"), {})
    assert verdict.credit_a == pytest.approx(1 / (1 + math.exp(-1)))


def test_rewards_far_apart_do_not_overflow():
    with metrics.override(Length):
        judge = judges.build("reward-model", {"scale": 1e-9})
        (verdict,) = judge.judge([Pair("k", "?", "x" * 5000, "x")])
    assert verdict.credit_a == 1.0


@pytest.mark.parametrize(
    ("pair", "state"),
    [
        (Pair("k", "?", "one", "two"), VerdictState.NO_REFERENCE),
        (Pair("k", "?", "one", "the answer is 2", "2"), VerdictState.UNPARSED),
    ],
)
def test_a_missing_score_is_told_apart(pair, state):
    (verdict,) = judges.build("metric", {"metric": "exact-match"}).judge([pair])
    assert (verdict.state, bool(verdict.evidence["reasons"])) == (state, True)


@pytest.mark.parametrize("metric", ["exact-match", "rouge-l", "sacrebleu"])
def test_a_metric_judge_keeps_the_contract(metric):
    check_judge(judges.get("metric"), {"metric": metric})


def test_a_jury_takes_at_most_what_its_members_do_and_says_nothing_where_one_cannot_tell():
    model = {"generator": "fake"}
    single, pairwise = ({"judge": name, "settings": model} for name in ("mt-bench-single", "mt-bench"))
    with generators.override(fake(reply)):
        each = [judges.build(one["judge"], model).most_tokens(PAIR) for one in (single, pairwise)]
        jury = judges.build("jury", {"members": [single, pairwise, {"judge": "reference"}]})
        assert jury.most_tokens(PAIR) == tuple(map(sum, zip(*each, strict=True)))
        assert jury.most_tokens(Pair("k", "?", "x", "x")) == (0, 0)
        assert each[0][1] == 2 * 2048, "two ratings"
    with judges.override(Fixed):
        assert not hasattr(judges.build("jury", sits(1.0)), "most_tokens")


def test_a_metric_that_asks_a_model_is_not_taken_for_free():
    """Budgets ask the provenance whether there is a model to pay."""
    with generators.override(fake(reply)):
        settings = {"generator": "fake", "scale": "1 is bad, 5 is good."}
        told = judges.build("metric", {"metric": "rubric", "settings": settings}).provenance()
    assert (told["model"], told["metric"], told["judge"]) == ("table", "rubric 1", "metric")
