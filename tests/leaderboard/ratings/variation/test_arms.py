"""The arms of a sweep, by hand and against scipy: chosen on tune prompts, scored and tested on the others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from leaderboard.ratings.holm import holm
from leaderboard.ratings.variation.arms import arm_results, choosable, level

NAN = float("nan")
TUNE = [True, True, False, False, False]
TABLE = [
    [0.5, 0.5, 1.0, 0.0, 1.0],
    [1.0, 0.5, 0.0, 0.0, 0.5],
    [0.5, 0.0, 1.0, 1.0, 1.0],
    [1.0, 1.0, NAN, 1.0, 0.5],
]
NAMES = ["greedy", "top-p", "top-p", "min-p"]


def results(table=TABLE, complete=(True,) * 4, **more):
    return arm_results(table, TUNE, NAMES, complete=complete, **{"baseline": 0, "greedy": 0, **more})


def test_the_choice_is_made_on_tune_prompts_though_another_arm_is_better_on_test():
    found = results()
    assert [one.tune.value for one in found] == [0.5, 0.75, 0.25, 1.0]
    assert [one.best for one in found] == [False, False, False, True]
    assert [one.best_of_strategy for one in found] == [True, True, False, True]
    assert found[2].test.value > found[3].test.value
    assert (found[3].test.value, found[3].test.prompts) == (0.75, 2)


def test_an_arm_that_lacks_prompts_is_shown_and_not_chosen():
    found = results(complete=(True, True, True, False))
    assert [one.best for one in found] == [False, True, False, False]
    assert not found[3].best_of_strategy and found[3].tune.value == 1.0
    assert not any(one.best or one.best_of_strategy for one in results(complete=(False,) * 4))


def test_an_arm_that_often_has_no_score_cannot_be_chosen():
    assert choosable([True, True, True, False], [0.8, 0.72, 0.71, 1.0]) == [True, True, False, False]
    assert choosable([True, False], [0.0, 1.0]) == [False, False]
    assert choosable([], []) == []


def test_of_equal_arms_the_first_declared_is_chosen():
    found = results([TABLE[0]] * 4)
    assert [one.best for one in found] == [True, False, False, False]


def test_the_gap_is_greedy_less_the_arm_over_test_prompts_of_both():
    found = results()
    assert found[0].gap is None
    assert (found[2].gap.value, found[2].gap.prompts) == (pytest.approx(-1 / 3), 3)
    assert (found[3].gap.value, found[3].gap.prompts) == (pytest.approx(-0.25), 2)
    assert all(one.gap is None for one in results(greedy=None))


def test_each_arm_meets_the_baseline_on_test_prompts_with_holms_correction():
    found = results(baseline=1)
    assert found[1].against is None
    others = [found[place].against for place in (0, 2, 3)]
    wanted = stats.ttest_rel(TABLE[2][2:], TABLE[1][2:])
    assert (others[1].t, others[1].p_value) == pytest.approx((wanted.statistic, wanted.pvalue))
    assert [one.p_holm for one in others] == pytest.approx(holm([one.p_value for one in others]))
    assert others[1].difference == pytest.approx(1.0 - 1 / 6)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20).filter(lambda row: np.std(row) > 1e-3))
def test_the_interval_is_students(row):
    found = level(np.array(row))
    low, high = stats.t.interval(0.95, len(row) - 1, np.mean(row), stats.sem(row))
    assert (found.low, found.high, found.se) == pytest.approx((low, high, stats.sem(row)))


def test_nothing_is_made_up_where_there_is_no_spread():
    assert level(np.array([NAN])).value is None
    assert level(np.array([1.0])).se is None
    assert (level(np.array([1.0, 1.0, NAN])).low, level(np.array([1.0, 1.0, NAN])).prompts) == (None, 2)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="agree"):
        arm_results(TABLE, TUNE[1:], NAMES, complete=[True] * 4, baseline=0, greedy=None)
    with pytest.raises(ValueError, match="must be arms"):
        results(baseline=4)
