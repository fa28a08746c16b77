"""Courses as lines: which entries get one, and where its points fall."""

from __future__ import annotations

from leaderboard.web.charts.lines import MOST, drawn, leading
from leaderboard.web.charts.scales import Tick


def test_points_are_laid_over_the_whole_paper():
    figure = drawn({"a": [(0, 100), (10, 200)], "b": [(0, 100), (5, 150)]}, {"a": "Ant"}, ("0", "10"))
    assert [(line.label, line.points, line.end, line.style) for line in figure.lines] == [
        ("Ant", "56.0,224.0 628.0,12.0", "200", 0),
        ("b", "56.0,224.0 342.0,118.0", "150", 1),
    ]
    assert figure.y_ticks == [Tick(224.0, "100"), Tick(118.0, "150"), Tick(12.0, "200")]


def test_a_flat_course_runs_through_the_middle():
    assert drawn({"a": [(0, 7), (1, 7)]}, {}, ("", "")).lines[0].points == "56.0,118.0 628.0,118.0"


def test_the_first_in_order_with_two_points_lead():
    courses = {str(i): [(0, 1), (1, 2)] for i in range(MOST + 3)} | {"0": [(0, 1)]}
    order = [str(i) for i in range(MOST + 3)]
    assert list(leading(courses, order)) == order[1 : MOST + 1]
    assert leading({}, order) == {}
