"""Rows with whiskers and stacked bars: where values fall, and which numbers find room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.web.charts.spans import LEFT, RIGHT, ROOM, WIDTH, Amounts, Measured, bars, bounds, spans

STYLES = {"right": 10, "wrong": 2}
AMOUNTS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=6)


def test_bounds_hold_values_and_whiskers():
    rows = [Measured("a", 50.0, 40.0, 60.0, ""), Measured("b", 70.0, None, None, "")]
    assert bounds(rows) == (40.0, 70.0)
    with pytest.raises(ValueError, match="needs a value"):
        bounds([])


def test_rows_lie_over_the_whole_width():
    rows = [Measured("a", 50.0, 40.0, 60.0, "50 ± 5"), Measured("b", 60.0, None, None, "60")]
    figure = spans(rows, bounds(rows))
    assert [(row.at, row.low, row.high) for row in figure.rows] == [(320.0, 12.0, 628.0), (628.0, None, None)]
    assert [(row.label, row.text) for row in figure.rows] == [("a", "50 ± 5"), ("b", "60")]
    assert figure.zero is None


def test_zero_is_held_where_it_is_to_be_marked():
    figure = spans([Measured("a", 20.0, 10.0, 40.0, "")], (10.0, 40.0), zero=True)
    assert (figure.zero, figure.rows[0].high, figure.ticks[0].label) == (12.0, 628.0, "0")
    assert spans([Measured("a", -20.0, None, None, "")], (-40.0, -10.0), zero=True).zero == 628.0


def test_parts_stand_side_by_side_and_numbers_need_room():
    (row,) = bars([Amounts("a", {"right": (98.0, "98"), "wrong": (2.0, "2")}, "98 of 100")], 100.0, STYLES).rows
    assert [(part.x, part.width, part.number, part.style) for part in row.parts] == [
        (12.0, 603.7, "98", 10),
        (615.7, 12.3, "", 2),
    ]


def test_a_part_that_no_row_has_is_not_in_the_legend():
    figure = bars([Amounts("a", {"right": (3.0, "3"), "wrong": (0.0, "0")}, "")], 3.0, STYLES)
    assert figure.legend == [("right", 10)]
    assert [part.label for part in figure.rows[0].parts] == ["right"]


@given(AMOUNTS)
def test_parts_never_leave_the_paper_nor_overlap(amounts):
    rows = [Amounts(str(i), {"right": (a, str(a)), "wrong": (b, str(b))}, "") for i, (a, b) in enumerate(amounts)]
    figure = bars(rows, float(max(a + b for a, b in amounts)) or 1.0, STYLES)
    for row in figure.rows:
        ends = [LEFT, *(edge for part in row.parts for edge in (part.x, part.x + part.width)), WIDTH - RIGHT]
        assert ends == pytest.approx(sorted(ends), abs=0.11)
        assert all(bool(part.number) == (part.width >= ROOM) for part in row.parts)
