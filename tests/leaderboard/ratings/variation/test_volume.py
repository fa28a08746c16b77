"""Strategies side by side at equal numbers of settings."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.variation.resampling import Bootstrap
from leaderboard.ratings.variation.volume import equal_volume, volume_of_totals
from tests.leaderboard.ratings.variation.strategies import VALUES, judged

NAN = float("nan")
QUICK = Bootstrap(40)
TOTALS = st.lists(VALUES, min_size=1, max_size=6)


def best(found, strategy):
    return [point.value for point in found.of(strategy).best]


@given(TOTALS)
def test_the_expected_best_is_the_mean_over_all_sets_of_settings(totals):
    found = volume_of_totals({"a": totals})
    wanted = [np.mean([max(s) for s in combinations(totals, m)]) for m in range(1, len(totals) + 1)]
    assert best(found, "a") == pytest.approx(wanted)


@given(TOTALS, TOTALS)
def test_contrasts_stand_at_the_volume_that_both_reach(ours, theirs):
    found = volume_of_totals({"a": ours, "b": theirs})
    assert found.common == min(len(ours), len(theirs))
    wanted = best(found, "a")[found.common - 1] - best(found, "b")[found.common - 1]
    assert found.contrasts[0].difference.value == pytest.approx(wanted)


def test_more_tries_alone_give_no_lead_at_equal_volume():
    found = volume_of_totals({"many": [0.0, 1.0] * 8, "few": [0.0, 1.0]})
    assert best(found, "many")[-1] == best(found, "few")[-1] == 1.0
    assert found.contrasts[0].difference.value == pytest.approx(1 - (8 * 7) / (16 * 15) - 1)


def test_failed_settings_are_counted_and_never_best():
    found = volume_of_totals({"a": [0.2, NAN, 0.4]})
    assert best(found, "a") == pytest.approx([0.3, 0.4])
    assert (found.of("a").failed, found.prompts) == (1, 0)


def test_the_best_on_one_part_is_scored_on_the_other():
    found = volume_of_totals({"a": [0.9, 0.1, 0.5]}, {"a": [0.3, 0.8, NAN]})
    assert best(found, "a") == pytest.approx([0.55, 0.3])
    assert found.of("a").failed == 1


def test_a_strategy_without_settings_leaves_nothing_to_compare():
    found = volume_of_totals({"a": [NAN], "b": [1.0]})
    assert (found.common, found.contrasts, found.of("a").best) == (0, (), ())


@pytest.mark.parametrize("compare", [volume_of_totals, equal_volume])
def test_no_strategies_compare_to_nothing(compare):
    assert compare({}).curves == ()


def test_scores_by_prompt_give_the_same_curve_as_their_totals():
    tables = {"a": judged(5, 30, 1), "b": judged(3, 30, 2)}
    full = equal_volume(tables, plan=QUICK)
    totals = volume_of_totals({name: table.mean(axis=1) for name, table in tables.items()})
    for name in tables:
        assert best(full, name) == pytest.approx(best(totals, name))
    assert (full.common, full.prompts) == (3, 30)


def test_identical_strategies_differ_by_exactly_nothing():
    table = judged(4, 50)
    difference = equal_volume({"a": table, "b": table}, plan=QUICK).contrasts[0].difference
    assert (difference.value, difference.low, difference.high) == (0, 0, 0)


def test_one_setting_each_is_a_paired_difference_of_means():
    ours, theirs = judged(1, 200, 1), judged(1, 200, 2)
    difference = equal_volume({"a": ours, "b": theirs}, plan=Bootstrap(3000)).contrasts[0].difference
    assert difference.value == pytest.approx(ours.mean() - theirs.mean())
    assert difference.se == pytest.approx(np.std(ours - theirs) / np.sqrt(200), rel=0.05)


def test_choice_on_tune_prompts_takes_out_the_luck_of_many_settings():
    table = np.random.default_rng(0).standard_normal((40, 200))
    tune = np.arange(200) < 100
    lucky = equal_volume({"a": table}, plan=QUICK).of("a").best[-1]
    honest = equal_volume({"a": table}, tune, QUICK).of("a").best[-1]
    assert lucky.low > 0.05
    assert honest.low < 0 < honest.high
    assert honest.value == pytest.approx(table[np.argmax(table[:, tune].mean(axis=1)), ~tune].mean())


def test_prompts_that_a_finished_setting_lacks_and_failed_settings_are_left_out():
    table = np.array([[1.0, 0.0, NAN], [0.0, 0.0, 1.0], [NAN, NAN, NAN]])
    found = equal_volume({"a": table}, plan=QUICK)
    assert best(found, "a") == pytest.approx([0.25, 0.5])
    assert (found.of("a").failed, found.prompts) == (1, 2)


def test_settings_without_a_common_prompt_compare_to_nothing():
    found = equal_volume({"a": [[1.0, NAN], [NAN, 1.0]]}, plan=QUICK)
    assert (found.of("a").best, found.of("a").failed, found.common, found.prompts) == ((), 2, 0, 0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: volume_of_totals({"a": [1.0]}, {"b": [1.0]}), "the same strategies"),
        (lambda: volume_of_totals({"a": [1.0]}, {"a": [1.0, 2.0]}), "the same settings"),
        (lambda: equal_volume({"a": np.zeros((1, 2)), "b": np.zeros((1, 3))}), "over the same prompts"),
        (lambda: equal_volume({"a": np.zeros((1, 2))}, [0, 1]), "true or false for each prompt"),
        (lambda: equal_volume({"a": np.zeros((1, 2))}, [True, True]), "others to score it"),
        (lambda: volume_of_totals({"a": [1.0]}).of("b"), "no strategy 'b'"),
    ],
)
def test_comparisons_that_cannot_be_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
