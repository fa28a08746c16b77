"""Configurations along one parameter."""

from __future__ import annotations

import numpy as np
import pytest

from leaderboard.ratings.variation.curves import Setting, parameter_curve
from leaderboard.ratings.variation.resampling import NOTHING, Bootstrap, Draws
from tests.leaderboard.ratings.variation.strategies import judged

NAN = float("nan")
QUICK = Bootstrap(50)


def test_points_stand_in_order_of_the_value():
    settings = [
        Setting("hot", 2.0, [[0.0], [0.5]]),
        Setting("greedy", 0.0, [[1.0], [0.5]]),
        Setting("mild", 1, [[1], [0]]),
    ]
    found = parameter_curve("temperature", settings, QUICK)
    assert found.parameter == "temperature"
    assert [(point.label, point.score.value) for point in found.points] == [
        ("greedy", 0.75),
        ("mild", 0.5),
        ("hot", 0.25),
    ]
    assert [point.change.value for point in found.points] == [None, -0.25, -0.5]


def test_settings_with_one_value_stay_apart_in_the_order_given():
    settings = [Setting(label, 1.0, [[0.0]]) for label in ("b", "a", "c")]
    assert [point.label for point in parameter_curve("T", settings, QUICK).points] == ["b", "a", "c"]


def test_changes_are_paired_over_the_prompts_of_both():
    base = judged(100, 1)
    gappy = base + 0.25
    gappy[:10] = NAN
    found = parameter_curve("T", [Setting("a", 0, base), Setting("b", 1, gappy)], QUICK).points[1]
    assert found.prompts == 90
    assert (found.change.value, found.change.low, found.change.high) == pytest.approx((0.25, 0.25, 0.25))
    assert found.score.value == pytest.approx(base[10:].mean() + 0.25)


def test_what_runs_share_is_in_scores_and_changes():
    tables = [judged(40, 4, seed, run_effect=0.2) for seed in range(3)]
    found = parameter_curve("T", [Setting(str(i), i, table) for i, table in enumerate(tables)], QUICK).points
    draws = Draws.of(40, QUICK)
    means = [table.mean(axis=1) for table in tables]
    shifts = [draws.run_shifts(table, place) for place, table in enumerate(tables)]
    assert found[2].score.se == pytest.approx(draws.mean(means[2], shifts[2]).se)
    assert found[2].change.se == pytest.approx(draws.mean(means[2] - means[0], shifts[2] - shifts[0]).se)


def test_a_setting_that_failed_keeps_its_place():
    found = parameter_curve("T", [Setting("a", 0, [[1.0]]), Setting("b", 1, [[NAN]])], QUICK).points[1]
    assert (found.label, found.score, found.change, found.prompts) == ("b", NOTHING, NOTHING, 0)


def test_no_settings_have_no_points():
    assert parameter_curve("T", [], QUICK).points == ()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([Setting("a", NAN, [[1.0]])], "each value of T must be a finite number"),
        ([Setting("a", 0, np.zeros((2, 1))), Setting("b", 1, np.zeros((3, 1)))], "over the same prompts"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        parameter_curve("T", settings)
