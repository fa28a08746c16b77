"""Selectors: which of several outputs to one prompt is shown."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.selectors import best_of
from leaderboard.contracts import registry
from leaderboard.contracts.conformance import check_selector
from leaderboard.contracts.params import NoParams
from leaderboard.contracts.values import Candidate, Verdict, VerdictState

RATINGS = st.lists(st.none() | st.floats(-10, 10), min_size=1, max_size=8)


def says(*answers):
    return [Candidate(f"So the answer is {a}." if a else "No idea.") for a in answers]


def chosen(name, candidates, prompt="?", **settings):
    return next(iter(registry.selectors.build(name, settings).choose([prompt], [candidates])))


@given(RATINGS)
def test_the_best_rated_is_shown_and_the_first_of_equals(ratings):
    place = best_of(ratings)
    known = [rating for rating in ratings if rating is not None]
    assert place == (ratings.index(max(known)) if known else 0)


@pytest.mark.parametrize(
    ("answers", "index"),
    [
        (["4", "5", "5"], 1),
        (["4", "5", "5.0", "4"], 0),
        (["1,000", "7", "1000"], 0),
        (["", "3", ""], 1),
        (["", "", ""], 0),
        (["Red", "blue", " BLUE "], 1),
    ],
)
def test_the_majority_counts_answers_that_mean_the_same(answers, index):
    assert chosen("majority", says(*answers)).index == index


def test_the_majority_tells_shares_and_answers():
    made = chosen("majority", says("5", "", "5", "4"))
    assert made.ratings == (0.5, None, 0.5, 0.25)
    assert made.evidence["answers"] == ["5", None, "5", "4"]


def test_likelihood_is_per_token_and_skips_what_has_no_tokens():
    made = chosen(
        "likelihood", [Candidate("", 0, 0.0), Candidate("long", 10, -5.0), Candidate("x", 2, -1.5), Candidate("y", 4)]
    )
    assert (made.index, made.ratings) == (1, (None, -0.5, -0.75, None))


class Longest:
    """Prefers the longer text, and the first slot by a little."""

    name: ClassVar[str] = "longest"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Longest"
    Params = NoParams
    both_orders: ClassVar[bool] = True

    def __init__(self, params):
        self.seen = 0

    def judge(self, pairs):
        for pair in reversed(list(pairs)):
            assert pair.reference == ""
            if "refuse" in (pair.answer_a, pair.answer_b):
                yield Verdict(pair.key, VerdictState.REFUSED)
                continue
            a, b = len(pair.answer_a), len(pair.answer_b)
            bias = 0.1 * (-1 if pair.swapped else 1)
            yield Verdict(pair.key, VerdictState.SCORED, min(1.0, max(0.0, 0.5 + 0.3 * ((a > b) - (a < b)) + bias)))

    def provenance(self):
        return {}


def test_the_judge_compares_every_two_in_both_orders():
    with registry.judges.override(Longest):
        made = chosen("judge", [Candidate("aa"), Candidate("aaaa"), Candidate("aaa")], judge="longest")
    assert made.index == 1
    assert made.ratings == pytest.approx((0.2, 0.8, 0.5))
    assert made.evidence == {"verdicts": 6, "unscored": 0}


def test_what_the_judge_leaves_unscored_counts_for_nobody():
    with registry.judges.override(Longest):
        made = chosen("judge", [Candidate("refuse"), Candidate("a"), Candidate("bb")], judge="longest")
    assert made.ratings[0] is None
    assert (made.index, made.evidence["unscored"]) == (2, 4)


@pytest.mark.parametrize("name", ["likelihood", "majority"])
def test_the_selector_keeps_the_contract(name):
    check_selector(registry.selectors.get(name))


def test_the_judge_selector_keeps_the_contract():
    with registry.judges.override(Longest):
        check_selector(registry.selectors.get("judge"), {"judge": "longest"})
