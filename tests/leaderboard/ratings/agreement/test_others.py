"""Induced ratings, who agrees with whom, drift, and the whole audit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from leaderboard.ratings.agreement import report
from leaderboard.ratings.agreement.audit import Case, audit
from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.drift import drift
from leaderboard.ratings.agreement.induced import induced, spearman
from leaderboard.ratings.agreement.matrix import matrix
from leaderboard.ratings.agreement.verdicts import NO_VOTES, Calls
from leaderboard.ratings.variation.resampling import Bootstrap
from tests.leaderboard.ratings.agreement.crowds import both_orders, pair_items, people

PLAN = Bootstrap(replicates=200)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=12))
def test_spearman_is_scipys(rows):
    one, two = np.array(rows, dtype=float).T
    known = spearmanr(one, two).statistic if np.ptp(one) and np.ptp(two) else 0.0
    assert spearman(one, two) == pytest.approx(known)


def strong(size: int = 1500):
    """Pairs whose entrants differ in strength by their number, and the chance of side a."""
    items = pair_items(size, names=8, prompts=60)
    return items, 1 / (1 + np.exp(-0.5 * (items.a - items.b)))


def test_a_judge_that_follows_the_strengths_ranks_as_people_do():
    items, share = strong()
    found = induced(items, people(share, 1, seed=4).credit, people(share, 2), PLAN)
    assert found.entrants == 8 and found.spearman.low > 0.8
    assert found.spearman.low <= found.spearman.value <= found.spearman.high
    assert found.rows[0][0] == "m7"


def test_a_coin_does_not_rank_as_people_do_and_the_opposite_ranks_the_other_way():
    items, share = strong()
    coin = people(np.full(len(items), 0.5), 1, seed=8).credit
    assert induced(items, coin, people(share, 2), PLAN).spearman.low < 0.6
    assert induced(items, 1 - people(share, 1, seed=4).credit, people(share, 2), PLAN).spearman.high < -0.8


def test_only_comparisons_that_both_saw_count_for_the_ratings():
    items, share = strong(400)
    credit = people(share, 1, seed=4).credit
    credit[200:] = np.nan
    votes = people(share, 2)
    cut = votes.take(votes.item < 200)
    assert induced(items, credit, votes, PLAN).rows == induced(items, credit, cut, PLAN).rows


def test_nothing_in_common_gives_the_reason():
    items, _ = strong(20)
    assert "no comparison in common" in induced(items, np.full(20, np.nan), NO_VOTES, PLAN).reason


def test_the_matrix_counts_what_both_scored():
    draws = Draws.of(np.arange(4), PLAN)
    nan = float("nan")
    given_credits = {
        "x": np.array([1, 0, 0.5, nan]),
        "y": np.array([1, 1, 0.5, 0.2]),
        "z": np.array([nan, nan, nan, 1.0]),
    }
    found = {(one.first, one.second): one for one in matrix(given_credits, draws)}
    assert set(found) == {("x", "y"), ("y", "z")}
    assert found["x", "y"].items == 3
    assert found["x", "y"].accuracy.value == pytest.approx((1 + 0 + 0.5) / 3)
    assert found["x", "y"].same.value == pytest.approx(2 / 3)
    assert found["y", "z"].accuracy.value == 0


def rounds(*credits_: np.ndarray) -> Calls:
    size = len(credits_[0])
    return Calls(
        np.tile(np.arange(size), len(credits_)),
        np.concatenate(credits_),
        np.zeros(size * len(credits_), dtype=bool),
        np.repeat(np.arange(len(credits_)), size),
    )


def test_the_same_verdicts_again_are_no_drift():
    items = pair_items(60)
    credit = np.random.default_rng(0).random(60)
    (found,) = drift(items, rounds(credit, credit), Draws.of(items.cluster, PLAN))
    assert (found.calls, found.same_credit.value, found.changed.value, found.drifted) == (60, 1, 0, False)


def test_a_judge_that_came_to_favour_the_first_slot_has_drifted():
    items, rng = pair_items(80), np.random.default_rng(0)
    old = rng.random(80)
    found = drift(items, rounds(old, np.clip(old + 0.15 + 0.05 * rng.random(80), 0, 1)), Draws.of(items.cluster, PLAN))[
        0
    ]
    assert found.drifted
    assert {test.label: test.p_holm < 0.001 for test in found.tests}["first slot"]


def test_a_noisy_judge_that_stays_as_noisy_is_rarely_said_to_have_drifted():
    """200 judges; each round draws anew around the same opinion, so at most about 5 % may be called drifted."""
    items, called = pair_items(60), 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        mean = rng.random(60)
        made = [(rng.random(60) < mean).astype(float) for _ in range(3)]
        called += drift(items, rounds(*made), Draws.of(items.cluster, Bootstrap(replicates=20)))[1].drifted
    assert called <= 22


def test_a_verdict_that_is_no_longer_scored_is_a_change():
    items = pair_items(10)
    (found,) = drift(items, rounds(np.ones(10), np.full(10, np.nan)), Draws.of(items.cluster, PLAN))
    assert found.changed.value == 1 and found.same_credit.value is None


def test_an_audit_without_people_says_so_and_shows_the_rest():
    items, share = strong(100)
    found = audit(Case(items, both_orders(share, share)), PLAN)
    assert found.people is None and "Nobody has voted" in found.notes[0]
    assert found.balanced.items == 100 and found.orders.same.value == 1
    told = list(report.lines(report.as_details(found)))
    assert "Order and repeats" in {line.section for line in told}
    assert "Agreement with people" not in {line.section for line in told}


def test_references_judge_only_where_one_answer_is_right():
    items, share = strong(100)
    truth = np.where(np.arange(100) % 2, np.nan, (share > 0.5).astype(float))
    found = audit(Case(items, Calls.of_credit(share), truth=truth), PLAN)
    assert (found.truth.items, found.truth.accuracy.value) == (50, 1)
    assert found.truth_rule.items == 50


def test_self_preference_is_held_against_other_judges_where_nobody_voted():
    items, share = strong(300)
    families = tuple("acme" if i < 4 else "other" for i in range(8))
    case = Case(items, Calls.of_credit(share), others=share, families=families, family="acme")
    found = audit(case, PLAN).own
    assert (found.against, found.excess.value) == ("other judges", 0)
    with_people = Case(items, Calls.of_credit(share), people(share, 2), others=share, families=families, family="acme")
    assert audit(with_people, PLAN).own.against == "people"


def test_an_audit_needs_a_verdict_and_is_the_same_twice():
    items, share = strong(60)
    with pytest.raises(ValueError, match="verdict"):
        audit(Case(items, Calls.of_credit(share).take(np.zeros(60, dtype=bool))), PLAN)
    case = Case(items, Calls.of_credit(share), people(share, 2))
    assert report.as_details(audit(case, PLAN)) == report.as_details(audit(case, PLAN))
