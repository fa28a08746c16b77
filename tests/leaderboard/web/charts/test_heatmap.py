"""Squares of a heatmap: where, in what colour and with what number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.web.charts.heatmap import (
    MOST,
    NUMBERS,
    SIDE,
    TOP,
    Pair,
    both_ways,
    count_colour,
    grid,
    is_star,
    pairs,
    share_colour,
)

KEPT = {"pairs": {"entries": ["a", "b", "c"], "i": [0, 0, 1], "j": [1, 2, 2], "won_i": [3.0, 1.5, 0.0], "n": [4, 6, 0]}}


def drawn(cells, names):
    return grid(cells, names, share_colour, lambda pair: (f"{pair.share:.0f}", "words"))


def test_pairs_are_read_by_name_and_those_that_never_met_left_out():
    assert pairs(KEPT) == [Pair("a", "b", 3.0, 4), Pair("a", "c", 1.5, 6)]
    assert pairs({}) == []


def test_each_pair_is_seen_from_either_side():
    cells = both_ways(pairs(KEPT))
    assert cells[("a", "b")].share == 75.0
    assert cells[("b", "a")] == Pair("b", "a", 1.0, 4)
    assert cells[("c", "a")].share == 75.0


def test_pairs_that_share_one_entry_are_a_star():
    assert is_star(pairs(KEPT))
    assert is_star([])
    assert not is_star([Pair("a", "b", 1, 2), Pair("b", "c", 1, 2), Pair("a", "c", 1, 2)])


def test_squares_stand_in_rank_order_with_the_row_first():
    figure = drawn(both_ways(pairs(KEPT)), {"c": "Cat", "a": "Ant", "b": "Bee"})
    left = NUMBERS + 7 * 3
    assert [(s.x, s.y, s.number) for s in figure.squares] == [
        (left + SIDE, TOP, "75"),
        (left, TOP + SIDE, "25"),
        (left + 2 * SIDE, TOP + SIDE, "75"),
        (left + SIDE, TOP + 2 * SIDE, "25"),
    ]
    assert [(label.number, label.over, label.at, label.name) for label in figure.labels] == [
        (1, left + 15, TOP + 19, "Cat"),
        (2, left + 45, TOP + 49, "Ant"),
        (3, left + 75, TOP + 79, "Bee"),
    ]
    assert (figure.width, figure.height, figure.left_out) == (left + 90, TOP + 90, 0)


def test_a_long_board_shows_the_first_and_tells_how_many_are_left_out():
    figure = drawn({}, {str(i): str(i) for i in range(MOST + 4)})
    assert (len(figure.labels), figure.left_out) == (MOST, 4)


@pytest.mark.parametrize(("won", "colour"), [(0, 0), (1, 1), (4.4, 4), (5, 5), (5.5, 6), (10, 10)])
def test_the_colour_of_a_share_runs_from_orange_to_blue(won, colour):
    assert share_colour(Pair("a", "b", won, 10)) == colour


@pytest.mark.parametrize(("n", "colour"), [(1, 0), (25, 0), (50, 3), (100, 5), (200, 8), (400, 10), (10_000, 10)])
def test_the_colour_of_a_count_is_about_the_median(n, colour):
    assert count_colour(n, 100) == colour


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_a_pair_and_its_mirror_have_shares_that_add_up(share, n):
    cells = both_ways([Pair("a", "b", share * n, n)])
    assert cells[("a", "b")].share + cells[("b", "a")].share == pytest.approx(100)
