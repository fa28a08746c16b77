from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.contracts.registry import ratings
from leaderboard.ratings.battles import Battles, RatingTable
from leaderboard.ratings.elo import Elo, EloParams, history
from tests.leaderboard.ratings import reference
from tests.leaderboard.ratings.strategies import any_battles, relabelled, swapped


def rate(battles: Battles, **params: float) -> RatingTable:
    return Elo(EloParams.model_validate(params)).rate(battles)


def test_two_battles_by_hand() -> None:
    a, b, idle = rate(Battles.of("abc", [(0, 1, 1.0, 0), (1, 0, 0.5, 1)])).ratings
    second = 4 * (0.5 - 1 / (1 + 10 ** (4 / 400)))
    assert b.value == pytest.approx(998 + second, abs=1e-12)
    assert a.value == pytest.approx(1002 - second, abs=1e-12)
    assert (a.n, a.se, a.low, a.rank_low, a.rank_high) == (2, None, None, None, None)
    assert (idle.value, idle.n, idle.note) == (None, 0, "No battles.")


def test_order_matters_and_the_table_says_so() -> None:
    rows = [(0, 1, 1.0, 0), (1, 0, 1.0, 1), (0, 2, 1.0, 2)]
    assert rate(Battles.of("abc", rows)).ratings != rate(Battles.of("abc", rows[::-1])).ratings
    assert "not as a ranking" in rate(Battles.of("abc", rows)).notes[0]


def test_a_line_keeps_its_ends_and_thins_evenly() -> None:
    battles = Battles.of("ab", [(0, 1, 1.0, i) for i in range(1000)])
    line = history(battles, points=5)[0]
    assert line.n_battles == (0, 250, 500, 750, 1000)
    whole = history(battles, points=1001)[0]
    assert whole.n_battles == tuple(range(1001))
    assert line.rating == tuple(whole.rating[n] for n in line.n_battles)


def test_a_line_of_one_point_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        history(Battles.of("ab", []), points=1)


@given(any_battles(), st.integers(2, 6))
def test_points_are_bounded_plain_and_the_mean_stays(battles: Battles, points: int) -> None:
    table = rate(battles, points=points)
    json.dumps([table.extra, [vars(r) for r in table.ratings]], allow_nan=False)
    lines = table.extra["history"]
    assert all(1 <= len(line) <= points for line in lines.values())
    assert np.mean([line[-1][1] for line in lines.values()]) == pytest.approx(1000)


@given(any_battles(), st.data())
def test_relabelling_and_swapping_sides_change_nothing(battles: Battles, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(battles.names))))
    before = rate(battles).by_name()
    for other in (relabelled(battles, order), swapped(battles)):
        after = rate(other).by_name()
        assert {n: r.value for n, r in after.items()} == pytest.approx({n: r.value for n, r in before.items()})


def test_no_entrants() -> None:
    assert rate(Battles.of([], [])).ratings == ()


def test_the_registry_builds_it() -> None:
    assert isinstance(ratings.build("elo", {}), Elo)


@pytest.mark.reference
@pytest.mark.parametrize("method", ["fastchat.compute_elo(K=4,file order)", "evalica.elo"])
def test_published_elo_in_file_order(reference_path: Path, board_name: str, method: str) -> None:
    published = reference.expected(reference_path, board_name, method)
    table = rate(reference.battles_of(reference.board(reference_path, board_name)))
    assert {r.name for r in table.ratings} == set(published)
    for found in table.ratings:
        assert found.value == pytest.approx(float(published[found.name]["rating"]), abs=1e-4)
