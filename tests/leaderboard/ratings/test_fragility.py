from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.fragility import Fragility, bradley_terry_fragility, win_rate_fragility
from leaderboard.ratings.strengths import fit
from tests.leaderboard.ratings import reference
from tests.leaderboard.ratings.strategies import any_battles, swapped

MARGIN = 1e-9


def arena(size: int, n: int, seed: int, spread: float = 0.5) -> Battles:
    rng = np.random.default_rng(seed)
    theta = np.sort(rng.normal(0, spread, size))[::-1]
    a = rng.integers(0, size, n)
    b = (a + rng.integers(1, size, n)) % size
    won = (rng.random(n) < 1 / (1 + np.exp(theta[b] - theta[a]))).astype(float)
    credit = np.where(rng.random(n) < 0.2, 0.5, won)
    return Battles(tuple(f"m{i}" for i in range(size)), a, b, credit, np.arange(n))


def without(battles: Battles, rows: object) -> Battles:
    keep = np.ones(len(battles.a), dtype=bool)
    keep[rows] = False  # type: ignore[index]
    return battles.take(keep)


def bt_gap(battles: Battles, found: Fragility) -> float:
    """Challenger over leader, in logits, where both stand on one scale."""
    result = fit(battles)
    challenger, leader = (battles.names.index(name) for name in (found.challenger, found.leader))
    assert result.component[challenger] == result.component[leader]
    return float(result.theta[challenger] - result.theta[leader])


def bt_falls(battles: Battles, members: np.ndarray, leader: int) -> bool:
    """Whether another leads the members, all of them still on one scale."""
    result = fit(battles)
    if len(set(result.component[members])) > 1:
        return False
    return bool(result.theta[members].max() > result.theta[leader] + MARGIN)


def least_by_trial(battles: Battles, most: int) -> int | None:
    """The smallest number of rows, up to `most`, that unseats the leader of the largest component."""
    result = fit(battles)
    members = np.flatnonzero(result.component == np.argmax(np.bincount(result.component)))
    leader = int(members[np.argmax(result.theta[members])])
    alike: dict[tuple[int, int, float], list[int]] = {}
    for row, (a, b, y) in enumerate(zip(battles.a, battles.b, battles.credit, strict=True)):
        alike.setdefault((a, b, y) if a < b else (b, a, 1 - y), []).append(row)
    pool = [row for rows in alike.values() for row in rows[:most]]
    for n in range(1, most + 1):
        if any(bt_falls(without(battles, list(rows)), members, leader) for rows in combinations(pool, n)):
            return n
    return None


def test_bradley_terry_by_hand() -> None:
    # a beats b 3 to 1: at 1 to 1 they tie, so three wins of a must go for b to lead
    battles = Battles.of("ab", [(0, 1, 1.0, 0), (1, 0, 0.0, 1), (0, 1, 1.0, 2), (0, 1, 0.0, 3), (0, 1, 0.5, 4)])
    found = bradley_terry_fragility(battles)
    assert found is not None
    assert (found.leader, found.challenger, found.n_removed, found.share) == ("a", "b", 3, 0.6)
    assert found.rows.tolist() == [0, 1, 2]


@pytest.mark.parametrize("seed", range(12))
def test_no_smaller_set_of_battles_unseats_the_leader(seed: int) -> None:
    battles = arena(3 + seed % 3, 25, seed)
    found = bradley_terry_fragility(battles)
    if found is None or found.n_removed > 3:
        assert least_by_trial(battles, 2) is None
    else:
        assert least_by_trial(battles, found.n_removed) == found.n_removed


@given(any_battles())
@settings(deadline=None)
def test_a_refit_without_the_rows_has_another_leader(battles: Battles) -> None:
    result = fit(battles)
    if np.bincount(result.component).max() < 2:
        with pytest.raises(ValueError, match="one scale"):
            bradley_terry_fragility(battles)
        return
    found = bradley_terry_fragility(battles)
    if found is not None:
        assert bt_gap(battles, found) <= MARGIN
        assert bt_gap(without(battles, found.rows), found) > 0
        assert found.n_removed == len(set(found.rows.tolist())) >= 1


def test_seeing_battles_from_the_other_side_changes_nothing() -> None:
    found, other = (bradley_terry_fragility(battles) for battles in (arena(6, 500, 1), swapped(arena(6, 500, 1))))
    assert found is not None
    assert other is not None
    assert (found.leader, found.challenger, found.n_removed) == (other.leader, other.challenger, other.n_removed)


def test_a_challenger_that_meets_the_leader_never_is_still_found() -> None:
    rows = [(0, 1, 1.0), (0, 1, 1.0), (0, 1, 0.0), (2, 1, 1.0), (2, 1, 1.0), (2, 1, 1.0), (2, 1, 0.0), (2, 1, 0.0)]
    battles = Battles.of("abc", [(*row, place) for place, row in enumerate(rows)])
    found = bradley_terry_fragility(battles)
    assert found is not None
    assert (found.leader, found.challenger, found.n_removed) == ("a", "c", 1)


def test_only_the_largest_group_on_one_scale_counts() -> None:
    rows = [(0, 1, 1.0), (0, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0), (2, 1, 0.5), (3, 4, 1.0), (3, 4, 0.0), (3, 0, 1.0)]
    battles = Battles.of("abcde", [(*row, place) for place, row in enumerate(rows)])
    found = bradley_terry_fragility(battles)
    assert found is not None
    assert found.leader == "a"
    assert found.share == found.n_removed / 5


def test_a_group_that_every_removal_takes_apart_is_firm() -> None:
    assert bradley_terry_fragility(Battles.of("ab", [(0, 1, 0.9, 0)])) is None


def test_a_million_battles_are_followed_in_cells() -> None:
    battles = arena(100, 1_000_000, 2)
    found = bradley_terry_fragility(battles)
    assert found is not None
    assert bt_gap(battles, found) < 0 < bt_gap(without(battles, found.rows), found)


@pytest.mark.reference
def test_published_boards_change_first_place_without_the_named_battles(reference_path: Path, board_name: str) -> None:
    battles = reference.battles_of(reference.board(reference_path, board_name))
    found = bradley_terry_fragility(battles)
    assert found is not None
    assert bt_gap(battles, found) < 0 < bt_gap(without(battles, found.rows), found)


def means(battles: Battles) -> dict[str, float]:
    """Win rates against the entry in place 0, which stands at one half."""
    found = {battles.names[0]: 0.5}
    for place in range(1, len(battles.names)):
        left, right = battles.credit[battles.a == place], 1 - battles.credit[battles.b == place]
        if len(left) + len(right):
            found[battles.names[place]] = float(np.mean(np.concatenate([left, right])))
    return found


def fewest_rows(battles: Battles, leader: str, most: int) -> int | None:
    rated = means(battles).keys()
    for n in range(most + 1):
        for rows in combinations(range(len(battles.a)), n):
            after = means(without(battles, list(rows)))
            if after.keys() == rated and max(after.values()) > after[leader] + MARGIN:
                return n
    return None


@st.composite
def against_baseline(draw: st.DrawFn) -> Battles:
    rows = draw(st.lists(st.tuples(st.integers(1, 3), st.sampled_from([0.0, 0.25, 0.5, 1.0])), min_size=1, max_size=9))
    return Battles.of("xabc", [(entry, 0, credit, i) for i, (entry, credit) in enumerate(rows)])


@given(against_baseline())
@settings(deadline=None, max_examples=60)
def test_no_smaller_set_changes_the_best_win_rate(battles: Battles) -> None:
    found, before = win_rate_fragility(battles, "x"), means(battles)
    leader = max((name for name in battles.names if name in before), key=lambda name: before[name])
    if found is None:
        assert fewest_rows(battles, leader, 4) is None
        return
    assert found.leader == leader
    after = means(without(battles, found.rows))
    assert after[found.challenger] > after[leader]
    if found.n_removed <= 4:
        assert fewest_rows(battles, leader, found.n_removed) == found.n_removed


def test_win_rates_by_hand() -> None:
    # a 3/4, b 1/2: without b's two losses b stands at 1
    rows = [(1, 0, 1.0), (0, 1, 0.0), (1, 0, 1.0), (1, 0, 0.0), (2, 0, 1.0), (2, 0, 1.0), (0, 2, 1.0), (2, 0, 0.0)]
    found = win_rate_fragility(Battles.of("xab", [(*row, place) for place, row in enumerate(rows)]), "x")
    assert found is not None
    assert (found.leader, found.challenger, found.n_removed, found.share) == ("a", "b", 2, 0.25)
    assert found.rows.tolist() == [6, 7]


def test_a_leader_that_won_throughout_is_firm() -> None:
    assert win_rate_fragility(Battles.of("xab", [(1, 0, 1.0, 0), (2, 0, 1.0, 1), (2, 0, 0.0, 2)]), "x") is None


def test_the_baseline_can_lead_and_can_be_overtaken() -> None:
    found = win_rate_fragility(Battles.of("xa", [(1, 0, 1.0, 0), (1, 0, 0.0, 1), (1, 0, 0.0, 2)]), "x")
    assert found is not None
    assert (found.leader, found.challenger, found.n_removed) == ("x", "a", 2)


def test_an_unknown_baseline_is_refused() -> None:
    with pytest.raises(ValueError, match="'zed' is not among"):
        win_rate_fragility(Battles.of("xa", [(1, 0, 1.0, 0)]), "zed")


def test_a_baseline_that_nobody_met_is_refused() -> None:
    with pytest.raises(ValueError, match="Nobody"):
        win_rate_fragility(Battles.of("xab", [(1, 2, 1.0, 0)]), "x")


@pytest.mark.reference
def test_the_published_judgments_change_first_place_without_the_named_rows(reference_path: Path) -> None:
    battles = reference.alpaca_battles(reference_path, "the baseline")
    found = win_rate_fragility(battles, "the baseline")
    assert found is not None
    before, after = means(battles), means(without(battles, found.rows))
    assert before[found.leader] == max(before.values())
    assert after[found.challenger] > after[found.leader]
    assert all(
        (rest := means(without(battles, np.delete(found.rows, i))))[found.challenger] <= rest[found.leader]
        for i in range(0, found.n_removed, 29)
    )
