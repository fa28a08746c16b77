from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.length_views import View, verdicts, views
from tests.leaderboard.ratings.length_boards import BASE, drawn, swapped


def by_hand() -> Battles:
    """Entry b on prompts 0 (twice, once as side b) and 2, entry c on prompt 2 with an unknown length."""
    return Battles(
        names=("b", "base", "c"),
        a=np.array([0, 1, 0, 2, 0]),
        b=np.array([1, 0, 1, 1, 2]),
        credit=np.array([0.9, 0.3, 0.0, 1.0, 0.5]),
        cluster=np.array([5, 5, 7, 7, 7]),
        prompt=np.array([0, 0, 2, 2, 2]),
        measures={"chars": (np.array([10.0, 30.0, 50.0, np.nan, 1.0]), np.array([30.0, 10.0, 20.0, 20.0, 2.0]))},
    )


def test_a_view_by_hand() -> None:
    prompts, (b, base, c) = views(by_hand(), "base", "chars")
    assert b.credit.tolist() == [0.9, 0.7, 0.0]
    assert b.delta.tolist() == [20.0, 20.0, -30.0]
    assert b.prompt.tolist() == [0, 0, 1]
    assert b.weight.tolist() == [0.5, 0.5, 1.0]
    assert (b.prompts, b.raw) == (2, pytest.approx(40.0))
    assert (len(base.credit), base.raw) == (0, None)
    assert len(c.credit) == 0
    assert (prompts.unit.tolist(), prompts.units, prompts.size) == ([0, 1], 2, 2)


def test_spread_counts_a_prompt_once() -> None:
    _, (b, _, _) = views(by_hand(), "base", "chars")
    assert b.std_delta() == pytest.approx(np.std([20.0, -30.0], ddof=1))
    assert b.length() == pytest.approx(np.tanh(b.delta / np.std([20.0, -30.0], ddof=1)))


def test_each_row_in_full_for_the_published_fit() -> None:
    _, (b, _, _) = views(by_hand(), "base", "chars")
    assert b.once().weight.tolist() == [1.0, 1.0, 1.0]
    assert b.once().std_delta() == pytest.approx(np.std([20.0, 20.0, -30.0], ddof=1))


def test_difficulties_set_the_number_of_prompts() -> None:
    battles = dataclasses.replace(by_hand(), difficulty=np.zeros(4))
    prompts, (b, _, _) = views(battles, "base", "chars")
    assert prompts.size == 4
    assert b.prompt.tolist() == [0, 0, 2]
    # clusters 5 and 7 are drawn, and each of the two prompts that nobody met on its own
    assert (prompts.unit.tolist(), prompts.units) == ([0, 2, 1, 3], 4)


def test_a_prompt_outside_the_difficulties_is_refused() -> None:
    with pytest.raises(ValueError, match="outside the 2 difficulties"):
        views(dataclasses.replace(by_hand(), difficulty=np.zeros(2)), "base", "chars")


def test_without_prompts_a_cluster_is_a_prompt() -> None:
    _, (b, _, _) = views(dataclasses.replace(by_hand(), prompt=None), "base", "chars")
    assert b.prompt.tolist() == [0, 0, 1]


def test_without_clusters_prompts_are_drawn() -> None:
    battles = by_hand()
    battles = Battles(**{**vars(battles), "cluster": None, "difficulty": np.zeros(3)})
    prompts, (b, _, _) = views(battles, "base", "chars")
    assert (prompts.unit.tolist(), prompts.units) == ([0, 1, 2], 3)
    assert b.prompt.tolist() == [0, 0, 2]


def test_prompts_are_drawn_where_one_lies_in_several_clusters() -> None:
    prompts, _ = views(dataclasses.replace(by_hand(), cluster=np.arange(5)), "base", "chars")
    assert (prompts.unit.tolist(), prompts.units) == ([0, 1], 2)


def test_clusters_of_several_prompts_are_drawn_whole() -> None:
    prompts, _ = views(dataclasses.replace(by_hand(), cluster=np.zeros(5, dtype=np.int64)), "base", "chars")
    assert (prompts.unit.tolist(), prompts.units) == ([0, 0], 1)


def test_an_unknown_baseline_or_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="'zed' is not among the entrants"):
        views(by_hand(), "zed", "chars")
    with pytest.raises(ValueError, match="no measure 'tokens'"):
        views(by_hand(), "base", "tokens")


@pytest.mark.parametrize("deltas", [[], [7.0], [7.0, 7.0, 7.0], [0.0, 0.0], [1e9, 1e9 + 1e-7]])
def test_lengths_that_do_not_vary_have_no_spread(deltas: list[float]) -> None:
    n = len(deltas)
    view = View(np.zeros(n), np.array(deltas), np.arange(n), np.ones(n))
    assert view.std_delta() == 0.0
    assert view.length().tolist() == [0.0] * n


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_sides_do_not_matter(seed: int) -> None:
    battles = drawn(seed)
    for before, after in zip(*(views(board, BASE, "chars")[1] for board in (battles, swapped(battles))), strict=True):
        assert after.credit == pytest.approx(before.credit)
        assert (after.delta.tolist(), after.prompt.tolist()) == (before.delta.tolist(), before.prompt.tolist())


def test_nothing_in_nothing_out() -> None:
    battles = dataclasses.replace(Battles.of(["base"], []), measures={"chars": (np.zeros(0), np.zeros(0))})
    prompts, board = views(battles, "base", "chars")
    assert (prompts.size, prompts.units) == (0, 0)
    assert [len(view.credit) for view in board] == [0]
    assert len(verdicts(board).entry) == 0


def test_verdicts_leave_out_entries_without_spread() -> None:
    _, board = views(by_hand(), "base", "chars")
    flat = View(np.zeros(2), np.ones(2), np.arange(2), np.ones(2))
    found = verdicts((flat, *board))
    assert found.entry.tolist() == [0, 0, 0]
    assert found.credit.tolist() == board[0].credit.tolist()
    assert found.length == pytest.approx(board[0].length())
    assert (found.prompt.tolist(), found.weight.tolist()) == ([0, 0, 1], [0.5, 0.5, 1.0])
