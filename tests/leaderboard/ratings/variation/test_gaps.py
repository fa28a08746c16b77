"""Greedy against sampling."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.variation.gaps import Cell, greedy_gap, greedy_gaps, summarise_cells
from leaderboard.ratings.variation.resampling import NOTHING, Bootstrap, Draws
from tests.leaderboard.ratings.variation.strategies import GAPPY, judged, tables

NAN = float("nan")
QUICK = Bootstrap(50)


def test_a_small_gap_by_hand():
    found = greedy_gap([1.0, 0.0], [[1.0, 0.0], [0.0, 0.5]], QUICK)
    assert (found.greedy.value, found.sampled.value, found.gap.value) == (0.5, 0.375, 0.125)
    assert (found.prompts, found.left_out) == (2, 0)


def test_only_prompts_with_both_scores_count():
    found = greedy_gap([1.0, NAN, 0.0], [[0.0, NAN], [1.0, 1.0], [NAN, NAN]], QUICK)
    assert (found.greedy.value, found.sampled.value, found.gap.value) == (1.0, 0.0, 1.0)
    assert (found.prompts, found.left_out) == (1, 2)
    assert found.gap.low is None


def test_no_common_prompt_gives_nothing():
    found = greedy_gap([NAN, 1.0], [[1.0], [NAN]], QUICK)
    assert (found.greedy, found.sampled, found.gap, found.prompts) == (NOTHING, NOTHING, NOTHING, 0)


def test_no_prompts_at_all_gives_nothing():
    assert greedy_gap(np.zeros(0), np.zeros((0, 4)), QUICK).gap == NOTHING


def test_the_interval_is_paired():
    samples = judged(200, 1)
    found = greedy_gap(samples[:, 0] + 0.1, samples)
    assert found.gap.value == pytest.approx(0.1)
    assert found.gap.se == pytest.approx(0, abs=1e-9)
    assert found.greedy.se > 0.01


def test_each_score_has_the_interval_of_its_own_mean():
    greedy, samples = judged(30, 1)[:, 0], judged(30, 5, 1, run_effect=0.3)
    found, draws = greedy_gap(greedy, samples, QUICK), Draws.of(30, QUICK)
    assert found.greedy == draws.mean(greedy)
    sampled = draws.mean(samples.mean(axis=1), draws.run_shifts(samples))
    assert (found.sampled.se, found.sampled.low) == pytest.approx((sampled.se, sampled.low))


def test_the_interval_covers_the_true_gap_as_often_as_it_says():
    hits = 0
    for seed in range(300):
        both = judged(60, 5, seed)
        found = greedy_gap(both[:, 0], both[:, 1:], Bootstrap(200, seed)).gap
        hits += found.low <= 0 <= found.high
    assert 0.91 <= hits / 300 <= 0.985


def test_what_runs_share_widens_the_interval():
    greedy, plain = np.full(100, 0.3), judged(100, 6, run_effect=0.0)
    shared = plain + np.array([0.3, -0.3, 0.2, -0.2, 0.1, -0.1])
    assert greedy_gap(greedy, shared).gap.se > 1.5 * greedy_gap(greedy, plain).gap.se


@given(tables(), st.data())
def test_gap_and_scores_agree(scores, data):
    greedy = np.array(data.draw(st.lists(GAPPY, min_size=len(scores), max_size=len(scores))))
    found = greedy_gap(greedy, scores, QUICK)
    assert found.prompts + found.left_out == len(scores)
    if found.prompts:
        assert found.gap.value == pytest.approx(found.greedy.value - found.sampled.value, abs=1e-12)
    if found.prompts > 1:
        assert found.gap.low <= found.gap.high


def test_many_configurations_are_each_as_alone():
    greedy, configurations = judged(30, 1)[:, 0], [judged(30, 4, seed) for seed in (1, 2)]
    assert greedy_gaps(greedy, configurations, QUICK)[0] == greedy_gap(greedy, configurations[0], QUICK)
    assert greedy_gaps(greedy, configurations, QUICK)[1].gap.value == pytest.approx(
        greedy.mean() - configurations[1].mean()
    )


def test_scores_over_other_prompts_are_refused():
    with pytest.raises(ValueError, match="there must be 3 scores, not 2"):
        greedy_gap([1.0, 0.0], np.zeros((3, 2)))
    with pytest.raises(ValueError, match="over the same prompts"):
        greedy_gaps([1.0, 0.0], [np.zeros((3, 2))])


def test_twenty_configurations_of_800_prompts_and_100_samples_take_seconds():
    greedy, configurations = judged(800, 1)[:, 0], [judged(800, 100, seed) for seed in range(20)]
    started = time.process_time()
    greedy_gaps(greedy, configurations, Bootstrap(1000))
    assert time.process_time() - started < 5


def test_cells_are_summed_up_by_benchmark():
    found = summarise_cells([Cell("m", "a", 50, 40, range=3), Cell("n", "a", 40, 42, range=5), Cell("m", "b", 1, 1)])
    assert (found.cells, found.greedy_above) == (3, 1)
    assert found.mean_gap == {"a": 4, "b": 0}
    assert found.largest_range == {"a": 5}


def test_no_cells_sum_up_to_nothing():
    assert summarise_cells([]).cells == 0
