"""The fitted line of a scatter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.web.charts.scales import Scale
from leaderboard.web.charts.scatter import Line, Segment, clipped, fitted

values = st.lists(st.tuples(st.integers(0, 4000), st.floats(0, 100)), min_size=4, max_size=30)


def test_points_on_a_line_give_that_line_without_error():
    line = fitted([0, 100, 200, 300], [10, 12, 14, 16])
    assert (line.slope, line.intercept, line.n) == pytest.approx((0.02, 10, 4))
    assert line.se == pytest.approx(0, abs=1e-12)


def test_the_error_of_the_slope_is_that_of_least_squares():
    line = fitted([1, 2, 3, 4], [1, 3, 2, 4])
    assert (line.slope, line.intercept) == pytest.approx((0.8, 0.5))
    assert line.se == pytest.approx((1.8 / 2 / 5) ** 0.5)


def test_two_points_or_one_length_give_no_line():
    assert fitted([1, 2], [1, 2]) is None
    assert fitted([5, 5, 5, 5], [1, 2, 3, 4]) is None


@given(values.filter(lambda rows: len({x for x, _ in rows}) > 1))
def test_it_agrees_with_numpy(rows):
    xs, ys = zip(*rows, strict=True)
    slope, intercept = np.polyfit(xs, ys, 1)
    line = fitted(xs, ys)
    assert line.at(0) == pytest.approx(intercept, abs=1e-6)
    assert line.slope == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        (Line(0.0, 1.0, None, 3), (0, 100, 100, 0)),
        (Line(5.0, 0.0, None, 3), (0, 50, 100, 50)),
        (Line(0.0, 2.0, None, 3), (0, 100, 50, 0)),
        (Line(15.0, -2.0, None, 3), (25, 0, 75, 100)),
    ],
)
def test_a_line_is_cut_at_the_edges(line, ends):
    x, y = Scale(0, 10, 0, 100), Scale(0, 10, 100, 0)
    assert clipped(line, x, y) == Segment(*ends, "fit")
