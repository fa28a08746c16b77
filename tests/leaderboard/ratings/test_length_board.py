from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.length_board import LengthControlledParams, fit_board, interval
from leaderboard.ratings.length_fit import between
from tests.leaderboard.ratings.length_boards import BASE, bound, drawn


def test_the_interval_by_hand() -> None:
    # log-odds 0 ± 1.96·sd, sd of (−log 3, 0, log 3) = log 3
    found = interval(50.0, np.array([25.0, 50.0, 75.0, np.nan]), 0.95)
    assert found.se == pytest.approx(25)
    assert found.high == pytest.approx(100 / (1 + 3**-1.959964), rel=1e-6)
    assert found.low == pytest.approx(100 - found.high)


def test_one_replicate_gives_no_interval() -> None:
    assert interval(50.0, np.array([25.0, np.nan]), 0.95) is None


def test_between_two_entries() -> None:
    board = fit_board(drawn(0), LengthControlledParams(baseline=BASE, replicates=50), bound())
    rated = {entry.name: entry for entry in board.entries}
    value, found = board.between("e0", "e1")
    back, mirrored = board.between("e1", "e0")
    assert value + back == pytest.approx(100)
    assert found.se == pytest.approx(mirrored.se)
    assert (found.low + mirrored.high, found.high + mirrored.low) == pytest.approx((100, 100))
    assert board.between("e0", BASE)[0] == pytest.approx(rated["e0"].value, abs=1e-9)
    assert board.between("e0", BASE)[1].se == pytest.approx(rated["e0"].interval.se, abs=1e-9)
    assert board.between("e0", "e0") == (50, pytest.approx(board.between(BASE, BASE)[1]))


def test_entries_on_the_same_prompts_are_compared_more_closely_than_apart() -> None:
    # twins with the same answers and verdicts, but for the last prompt
    one = drawn(4, entries=1, prompts=60)
    twin = dataclasses.replace(
        one,
        names=(BASE, "e0", "e1"),
        a=np.where(one.a == 1, 2, 0),
        b=np.where(one.b == 1, 2, 0),
        credit=np.where(one.prompt == 59, 1 - one.credit, one.credit),
    )
    both = Battles(
        twin.names,
        *(
            np.concatenate([getattr(one, part), getattr(twin, part)])
            for part in ("a", "b", "credit", "cluster", "prompt")
        ),
        one.difficulty,
        {"chars": tuple(np.tile(side, 2) for side in one.measures["chars"])},
    )
    board = fit_board(both, LengthControlledParams(baseline=BASE, replicates=100), bound())
    apart = [entry.interval.se for entry in board.entries[1:]]
    assert board.between("e0", "e1")[1].se < 0.7 * np.hypot(*apart)


def test_between_refuses_whom_it_cannot_compare() -> None:
    battles = drawn(0)
    board = fit_board(
        battles.take((battles.a != 1) & (battles.b != 1)), LengthControlledParams(baseline=BASE, replicates=5)
    )
    with pytest.raises(ValueError, match="'zed' is not among the entrants"):
        board.between("e1", "zed")
    with pytest.raises(ValueError, match=r"'e0' has no length-controlled fit\. No verdicts"):
        board.between("e0", "e1")


def test_between_without_replicates_has_no_interval() -> None:
    board = fit_board(drawn(0), LengthControlledParams(baseline=BASE, replicates=0))
    assert board.between("e0", "e1")[1] is None


def test_between_on_one_cluster_has_no_interval() -> None:
    battles = dataclasses.replace(drawn(0), cluster=np.zeros(120, dtype=np.int64))
    board = fit_board(battles, LengthControlledParams(baseline=BASE, replicates=5))
    assert board.between("e0", "e1")[1] is None


def test_between_takes_the_prompts_of_both() -> None:
    battles = drawn(0)
    first = battles.take(~(((battles.a == 1) | (battles.b == 1)) & (battles.prompt >= 30)))
    board = fit_board(first, LengthControlledParams(baseline=BASE, replicates=0, coverage=0.5))
    fits = {entry.name: entry.fit for entry in board.entries}
    assert board.between("e0", "e1")[0] == between(fits["e0"], fits["e1"], battles.difficulty[:30])
    assert board.between("e1", "e2")[0] == between(fits["e1"], fits["e2"], battles.difficulty)
