"""Curves with whiskers: where points fall, and what is marked on the axes."""

from __future__ import annotations

import pytest

from leaderboard.web.charts.curves import MOST, Course, Point, curves


def point(x: float, value: float, low: float | None = None, high: float | None = None) -> Point:
    return Point(x, value, low, high, f"{value:g} at {x:g}")


def test_points_lie_within_the_margins_in_order_of_x():
    (curve,) = curves([Course("a", [point(3, 100.0), point(1, 50.0)])], "k", "score").curves
    assert curve.path == "80.0,244.0 604.0,20.0"
    assert [mark.text for mark in curve.marks] == ["50 at 1", "100 at 3"]


def test_whiskers_set_the_scale():
    (curve,) = curves([Course("a", [point(1, 50.0, 0.0, 100.0), point(2, 50.0)])], "k", "score").curves
    assert [(mark.y, mark.low, mark.high) for mark in curve.marks] == [(132.0, 244.0, 20.0), (132.0, None, None)]


def test_equal_curves_stand_side_by_side():
    figure = curves([Course(name, [point(1, 5.0), point(2, 5.0)]) for name in "abc"], "k", "score")
    assert [curve.marks[0].x for curve in figure.curves] == [75.0, 80.0, 85.0]


def test_only_a_bound_is_drawn_as_one():
    figure = curves([Course("a", [point(1, 5.0)], is_bound=True), Course("b", [point(1, 4.0)])], "k", "score")
    assert [curve.is_bound for curve in figure.curves] == [True, False]


def test_values_of_x_are_marked_unless_two_are_too_near():
    figure = curves([Course("a", [point(x, 1.0) for x in (1, 2, 4, 8, 16, 32, 64)])], "k", "score")
    assert [tick.label for tick in figure.x_ticks] == ["1", "8", "16", "32", "64"]


def test_there_are_as_many_curves_as_colours():
    figure = curves([Course(str(i), [point(1, i)]) for i in range(MOST + 3)], "k", "score")
    assert [curve.label for curve in figure.curves] == [str(i) for i in range(MOST)]


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="needs a value"):
        curves([], "k", "score")
