"""Ranks under greedy decoding and under sampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from leaderboard.ratings.variation.flips import flips_of_totals, rank_flips
from leaderboard.ratings.variation.resampling import Bootstrap
from tests.leaderboard.ratings.variation.strategies import judged

NAN = float("nan")
TOTALS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6)


def named(count):
    return [f"m{place}" for place in range(count)]


def test_a_flip_and_a_tie_by_hand():
    found = flips_of_totals(["a", "b", "c"], [3.0, 2.0, 2.0], [1.0, 2.0, 0.0])
    assert [(pair.first, pair.second) for pair in found.flips] == [("a", "b")]
    assert (found.pairs[0].greedy_difference, found.pairs[0].sampled_difference) == (1.0, -1.0)
    assert found.greedy_rank.tolist() == [1, 2, 2]
    assert found.sampled_rank.tolist() == [2, 1, 3]
    assert found.pairs[0].chance is None


@given(TOTALS)
def test_a_pair_flips_exactly_where_strict_orders_disagree(totals):
    greedy, sampled = np.array(totals, dtype=float).reshape(-1, 2).T
    found = flips_of_totals(named(len(totals)), greedy, sampled)
    wanted = [
        (f"m{i}", f"m{j}")
        for i in range(len(totals))
        for j in range(i + 1, len(totals))
        if (greedy[i] < greedy[j] and sampled[i] > sampled[j]) or (greedy[i] > greedy[j] and sampled[i] < sampled[j])
    ]
    assert [(pair.first, pair.second) for pair in found.flips] == wanted


def test_a_model_without_a_score_is_in_no_pair_and_last():
    found = flips_of_totals(["a", "b", "c"], [NAN, 1.0, 2.0], [1.0, 2.0, 1.0])
    assert [(pair.first, pair.second) for pair in found.pairs] == [("b", "c")]
    assert found.greedy_rank.tolist() == [3, 2, 1]


def test_equal_means_that_differ_in_the_last_digit_are_a_tie():
    found = flips_of_totals(["a", "b"], [0.1 + 0.2, 0.3], [0.0, 1.0])
    assert found.flips == ()
    assert found.greedy_rank.tolist() == [1, 1]


def test_totals_and_scores_by_prompt_rank_alike():
    greedy = np.array([judged(40, 1, seed)[:, 0] for seed in range(4)])
    tables = [judged(40, 5, seed + 9) for seed in range(4)]
    full = rank_flips(named(4), greedy, tables, Bootstrap(20))
    totals = flips_of_totals(named(4), greedy.mean(axis=1), [table.mean() for table in tables])
    assert [pair.flipped for pair in full.pairs] == [pair.flipped for pair in totals.pairs]
    assert full.greedy_rank.tolist() == totals.greedy_rank.tolist()
    assert full.prompts == 40


def test_a_certain_flip_has_chance_one_and_a_certain_order_none():
    right, wrong = np.ones((5, 2)), np.zeros((5, 2))
    found = rank_flips(["a", "b", "c"], [np.ones(5), np.zeros(5), np.ones(5) / 2], [wrong, right, wrong - 1])
    by_pair = {(pair.first, pair.second): pair for pair in found.pairs}
    assert by_pair["a", "b"].chance == 1.0
    assert (by_pair["a", "c"].chance, by_pair["a", "c"].chance_first_sampled) == (0.0, 1.0)


def test_chances_agree_with_normal_theory():
    rng = np.random.default_rng(5)
    greedy, sampled = rng.standard_normal((2, 2, 300))
    greedy[0] += 0.1 - greedy[0].mean() + greedy[1].mean()
    found = rank_flips(["a", "b"], greedy, sampled[:, :, None], Bootstrap(4000)).pairs[0]
    difference = greedy[0] - greedy[1]
    z = difference.mean() / (difference.std() / np.sqrt(300))
    assert found.chance_first_greedy == pytest.approx(norm.cdf(z), abs=0.02)


def test_identical_models_never_flip():
    greedy, table = judged(30, 1)[:, 0], judged(30, 4)
    pair = rank_flips(["a", "b"], [greedy, greedy], [table[:, :1], table[:, :1]]).pairs[0]
    assert (pair.chance, pair.flipped) == (0.0, False)


def test_all_models_are_ranked_on_the_prompts_that_all_have():
    greedy = [[1.0, 1.0, NAN], [0.0, 0.0, 0.0]]
    tables = [[[0.0], [0.0], [1.0]], [[1.0], [NAN], [1.0]]]
    found = rank_flips(["a", "b"], greedy, tables)
    assert found.prompts == 1
    assert found.pairs[0].flipped
    assert found.pairs[0].chance is None


def test_no_common_prompt_has_no_pairs():
    found = rank_flips(["a", "b"], [[1.0, NAN], [NAN, 1.0]], np.zeros((2, 2, 3)))
    assert (found.pairs, found.prompts) == ((), 0)
    assert np.isnan(found.greedy).all()


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_models_have_no_pairs(count):
    assert rank_flips(named(count), np.zeros((count, 3)), np.zeros((count, 3, 2)), Bootstrap(5)).pairs == ()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((["a", "a"], np.zeros((2, 3)), np.zeros((2, 3, 2))), "a name of its own"),
        ((["a", "b"], np.zeros((2, 3)), np.zeros((1, 3, 2))), "each name needs"),
        ((["a", "b"], np.zeros((2, 3)), np.zeros((2, 4, 2))), "over the same prompts"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        rank_flips(*arguments)
