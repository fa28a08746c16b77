"""Where values fall on an axis, and which are marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.web.charts.scales import Scale, Tick, ticks

numbers = st.floats(-1e6, 1e6, allow_nan=False)


def test_values_are_laid_evenly_over_the_places():
    scale = Scale.over([20.0, 10.0, 30.0], 100, 300)
    assert [scale.at(value) for value in (10, 15, 30)] == [100.0, 150.0, 300.0]


def test_an_axis_may_run_upwards():
    assert [Scale(0, 4, 200, 0).at(value) for value in (0, 1, 4)] == [200.0, 150.0, 0.0]


def test_one_value_alone_falls_in_the_middle():
    scale = Scale.over([7.0, 7.0], 0, 10)
    assert scale.at(7.0) == 5.0
    assert ticks(scale) == [Tick(5.0, "7")]


def test_no_value_gives_no_scale():
    with pytest.raises(ValueError, match="needs a value"):
        Scale.over([], 0, 1)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 100, ["0", "20", "40", "60", "80", "100"]),
        (3.2, 97, ["20", "40", "60", "80"]),
        (-0.3, 0.2, ["-0.3", "-0.2", "-0.1", "0.0", "0.1", "0.2"]),
        (900, 2150, ["1,000", "1,500", "2,000"]),
        (0, 0.004, ["0.000", "0.001", "0.002", "0.003", "0.004"]),
    ],
)
def test_marks_are_round_values(low, high, labels):
    assert [tick.label for tick in ticks(Scale(low, high, 0, 1))] == labels


@given(st.tuples(numbers, numbers).filter(lambda ends: abs(ends[0] - ends[1]) > 1e-3))
def test_marks_lie_within_the_axis_and_are_few(ends):
    low, high = sorted(ends)
    marks = ticks(Scale(low, high, 0.0, 1000.0))
    assert 2 <= len(marks) <= 6
    assert all(-0.1 <= mark.at <= 1000.1 for mark in marks)
