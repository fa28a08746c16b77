from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from leaderboard.ratings.battles import Rating
from leaderboard.ratings.ranks import rank_groups, with_ranks
from tests.leaderboard.ratings import reference


def test_overlapping_intervals_share_a_group() -> None:
    best, worst = rank_groups([10, 5, 0], [12, 10, 4])
    assert best.tolist() == [1, 1, 3]
    assert worst.tolist() == [2, 2, 3]


def test_touching_ends_do_not_part_two_entrants() -> None:
    best, worst = rank_groups([1, 2], [2, 3])
    assert best.tolist() == [1, 1]
    assert worst.tolist() == [2, 2]


def test_counts_agree_with_the_definition() -> None:
    rng = np.random.default_rng(0)
    low = rng.integers(0, 20, 50).astype(float)
    high = low + rng.integers(0, 6, 50)
    best, worst = rank_groups(low, high)
    assert best.tolist() == [1 + int(np.sum(low > h)) for h in high]
    assert worst.tolist() == [50 - int(np.sum(high < lo)) for lo in low]


def test_an_unrated_entrant_is_left_out_and_an_unknown_interval_may_stand_anywhere() -> None:
    table = with_ranks(
        [
            Rating("a", 9.0, 1.0, 8.0, 10.0, 5),
            Rating("b", None, None, None, None, 0),
            Rating("c", 5.0, None, None, None, 1),
            Rating("d", 1.0, 1.0, 0.0, 2.0, 5),
        ]
    )
    assert [(r.rank_low, r.rank_high) for r in table] == [(1, 2), (None, None), (1, 3), (2, 3)]


def test_groups_are_ranked_apart() -> None:
    rows = [Rating("a", 9.0, 1.0, 8.0, 10.0, 5), Rating("b", 1.0, 1.0, 0.0, 2.0, 5)]
    assert [(r.rank_low, r.rank_high) for r in with_ranks(rows, ["x", "y"])] == [(1, 1), (1, 1)]


@pytest.mark.parametrize(("low", "high"), [([1.0], [0.0]), ([float("nan")], [1.0]), ([0.0, 1.0], [2.0])])
def test_faulty_intervals_are_refused(low: list[float], high: list[float]) -> None:
    with pytest.raises(ValueError, match="low"):
        rank_groups(low, high)


def test_no_entrants_no_ranks() -> None:
    assert with_ranks([]) == ()


@pytest.mark.reference
def test_published_intervals_give_the_published_ranks(reference_path: Path, board_name: str) -> None:
    rows = list(reference.expected(reference_path, board_name, "arena_rank.BradleyTerry").values())
    best, worst = rank_groups([float(r["lower"]) for r in rows], [float(r["upper"]) for r in rows])
    assert best.tolist() == [int(r["rank_ub"]) for r in rows]
    assert worst.tolist() == [int(r["rank_lb"]) for r in rows]
