"""Length, style and family: slopes against another solver, and judges made to have a taste."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.families import FAMILIES, family_of, rules_of
from leaderboard.ratings.agreement.taste import LEAST, longest, self_preference, slope, taste
from leaderboard.ratings.agreement.verdicts import Items
from leaderboard.ratings.variation.resampling import Bootstrap
from tests.leaderboard.ratings.agreement.crowds import pair_items, people

PLAN = Bootstrap(replicates=100)


def loss(beta: float, x: np.ndarray, y: np.ndarray) -> float:
    return float(np.sum(np.logaddexp(0, beta * x) - y * beta * x))


@given(st.integers(0, 10_000), st.floats(-2, 2))
def test_the_slope_is_the_most_likely_one(seed, truth):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=60) * 40
    y = np.round(1 / (1 + np.exp(-truth * x / 40)) + rng.normal(0, 0.1, 60), 3).clip(0, 1)
    scaled = x / np.sqrt(np.mean(x**2))
    other = minimize_scalar(loss, args=(scaled, y), bracket=(-1, 1), tol=1e-12).x
    assert slope(x, y, np.arange(60)).value == pytest.approx(other, abs=1e-4)


def test_the_slopes_interval_holds_the_truth_about_as_often_as_it_says():
    hits = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=150)
        y = (rng.random(150) < 1 / (1 + np.exp(-0.7 * x))).astype(float)
        found = slope(x, y, np.arange(150))
        scale = np.sqrt(np.mean(x**2))
        hits += found.low <= 0.7 * scale <= found.high
    assert 275 <= hits <= 297


def test_there_is_no_slope_where_length_decides_every_verdict_or_never_differs():
    x = np.linspace(-1, 1, 40)
    assert slope(x, (x > 0).astype(float), np.arange(40)).value is None
    assert slope(np.zeros(40), np.ones(40), np.arange(40)).value is None
    assert slope(x[: LEAST - 1], np.full(LEAST - 1, 0.5), np.arange(LEAST - 1)).value is None


def test_the_longest_rule_takes_the_longer_answer_and_ties_on_equal_ones():
    items = Items(
        ("x", "y"),
        np.zeros(3, int),
        np.ones(3, int),
        np.arange(3),
        {"chars": (np.array([3.0, 1, 2]), np.array([1.0, 3, 2]))},
    )
    assert longest(items).credit.tolist() == [1, 0, 0.5]
    assert longest(Items(("x", "y"), items.a, items.b, items.cluster)) is None


def test_a_judge_of_length_alone_is_seen_by_share_slope_and_style():
    items = pair_items(3000, names=8)
    left, right = items.length
    share = 1 / (1 + np.exp(-1.2 * (left - right) / (left + right)))
    credit = people(share, 1).credit
    told = taste(items, credit, Draws.of(items.cluster, PLAN))
    assert told.longer.low > 0.5 and told.slope.low > 0
    effect = next(one for one in told.style)
    assert effect.name == "chars" and effect.effect.low > 0
    blind = taste(items, people(np.full(3000, 0.5), 1).credit, Draws.of(items.cluster, PLAN))
    assert blind.slope.value == pytest.approx(0, abs=4 * blind.slope.se)


def test_without_lengths_there_is_no_taste_and_the_reason_is_said():
    bare = pair_items(20)
    told = taste(Items(bare.names, bare.a, bare.b, bare.cluster), np.ones(20), Draws.of(bare.cluster, PLAN))
    assert told.longer.value is None and "not known" in told.reason


def test_own_answers_that_are_better_are_no_preference_but_credit_beyond_people_is():
    items, families = pair_items(4000, names=4), ("acme", "acme", "other", "")
    own = np.isin(items.a, (0, 1)).astype(float) - np.isin(items.b, (0, 1))
    share = np.clip(0.5 + 0.3 * own, 0, 1)
    votes = people(share, 4)
    draws = Draws.of(items.cluster, PLAN)

    def told(credit):
        return self_preference(
            items, credit, votes.means(4000), draws, families=families, family="acme", against="people"
        )

    fair, vain = told(share), told(np.clip(share + 0.15 * own, 0, 1))
    met = np.isin(items.a, (0, 1)) & (items.b == 2) | np.isin(items.b, (0, 1)) & (items.a == 2)
    assert fair.items == int(met.sum())
    assert fair.own.value == pytest.approx(0.8) and fair.excess.low < 0 < fair.excess.high
    assert vain.excess.low > 0.1


def test_a_family_that_met_nobody_is_none():
    items = pair_items(10, names=2)
    for families in (("acme", "acme"), ("", ""), ("acme", "")):
        args = {"families": families, "family": "acme", "against": "people"}
        assert self_preference(items, np.ones(10), np.ones(10), Draws.of(items.cluster, PLAN), **args) is None


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("gpt4_turbo", "openai"),
        ("openai/gpt-4o-2024", "openai"),
        ("o3-mini", "openai"),
        ("Meta-Llama-3-8B", "meta"),
        ("claude2", "anthropic"),
        ("phi-4", "microsoft"),
        ("sophia", ""),
        ("", ""),
    ],
)
def test_a_family_is_found_by_whole_words_of_the_name(name, family):
    assert family_of(name) == family


def test_rules_given_come_first_and_bad_ones_say_what_is_wrong():
    given_rules = (*rules_of({"mine": ["gpt", "house"]}), *FAMILIES)
    assert family_of("gpt-4", given_rules) == "mine" and family_of("claude", given_rules) == "anthropic"
    for bad, words in (([], "object"), ({"x": "("}, "not valid"), ({"x": [3]}, "not text")):
        with pytest.raises(ValueError, match=words):
            rules_of(bad)
