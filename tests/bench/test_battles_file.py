"""The generated battles are the same each time and as described."""

from __future__ import annotations

import numpy as np

from bench.battles_file import ENTRIES, battles_table
from leaderboard.benchmarks.battle_files import WINNERS

TABLE = battles_table(50_000)


def test_the_same_seed_gives_the_same_battles() -> None:
    assert battles_table(2000, seed=1).equals(battles_table(2000, seed=1))
    assert not battles_table(2000, seed=1).equals(battles_table(2000, seed=2))


def test_text_and_places_tell_the_same() -> None:
    for side in "ab":
        names = TABLE[f"model_{side}"].to_pylist()
        assert [int(name.split("-")[2]) for name in names] == TABLE[side].to_pylist()
    assert [WINNERS[word] for word in TABLE["winner"].to_pylist()] == TABLE["credit"].to_pylist()


def test_nobody_meets_itself() -> None:
    assert np.all(TABLE["a"].to_numpy() != TABLE["b"].to_numpy())


def test_three_battles_in_ten_are_ties() -> None:
    share = np.mean(TABLE["credit"].to_numpy() == 0.5)
    # five standard errors
    assert abs(share - 0.3) < 5 * np.sqrt(0.3 * 0.7 / len(TABLE))


def test_popularity_is_skewed_over_all_entries() -> None:
    met = np.bincount(np.concatenate([TABLE["a"].to_numpy(), TABLE["b"].to_numpy()]), minlength=ENTRIES)
    assert len(met) == ENTRIES
    assert met.min() > 0
    assert met.max() > 50 * met.min()
