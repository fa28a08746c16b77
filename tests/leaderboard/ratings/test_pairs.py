"""The pair-count table, against counting by hand and row by row."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given

from leaderboard.ratings import pairs
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.pairs import added, count, count_pairs
from tests.leaderboard.ratings.strategies import any_battles, random_battles


def of(names, rows):
    return Battles.of(names, [(*row, place) for place, row in enumerate(rows)])


def test_pair_counts_by_hand() -> None:
    table = count_pairs(of("abc", [(0, 1, 1.0), (1, 0, 0.25), (2, 1, 0.5)]))
    assert [*zip(table.i.tolist(), table.j.tolist(), strict=True)] == [(0, 1), (1, 2)]
    assert table.won_i.tolist() == [1.75, 0.5]
    assert table.won_j.tolist() == [0.25, 0.5]
    assert table.square_i.tolist() == [1 + 0.75**2, 0.25]
    assert table.square_j.tolist() == [0.25**2, 0.25]
    assert table.cross.tolist() == [0.75 * 0.25, 0.25]
    assert table.n.tolist() == [2, 1]


def test_a_cluster_inside_a_pair_counts_its_sum_squared() -> None:
    table, kind = count(Battles.of("ab", [(0, 1, 1.0, 7), (1, 0, 0.5, 7), (0, 1, 0.0, 9)]))
    assert kind == "pair"
    assert (table.won_i.tolist(), table.won_j.tolist(), table.clusters.tolist()) == ([1.5], [1.5], [2])
    assert table.square_i.tolist() == [1.5**2]
    assert table.square_j.tolist() == [0.5**2 + 1]
    assert table.cross.tolist() == [0.75]


def test_clusters_across_pairs_are_told() -> None:
    assert count(Battles.of("abc", [(0, 1, 1.0, 7), (1, 2, 0.5, 7)]))[1] == "crossing"
    assert count(Battles.of("abc", [(0, 1, 1.0, 7), (1, 2, 0.5, 8)]))[1] == "own"


@pytest.mark.parametrize("chunk", [7, 1 << 17])
def test_counting_whole_outcomes_equals_summing_any_credit(monkeypatch, chunk) -> None:
    monkeypatch.setattr(pairs, "CHUNK", chunk)
    battles = random_battles(500)
    fast, slow = count_pairs(battles), pairs._of_any_credit(battles)
    for field in dataclasses.fields(fast):
        assert getattr(fast, field.name) == pytest.approx(getattr(slow, field.name)), field.name


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int32, np.int64])
def test_the_width_of_the_ids_does_not_matter(kind) -> None:
    battles = random_battles(500, size=100)
    narrow = dataclasses.replace(battles, a=battles.a.astype(kind), b=battles.b.astype(kind))
    for field in dataclasses.fields(pairs.PairTable):
        same = getattr(count_pairs(narrow), field.name) == getattr(count_pairs(battles), field.name)
        assert same.all(), field.name


@given(any_battles())
def test_added_tables_are_the_table_of_the_union(battles: Battles) -> None:
    half = len(battles.credit) // 2
    size = len(battles.names)
    parts = [
        count_pairs(battles.take(np.arange(half))),
        count_pairs(battles.take(np.arange(half, len(battles.credit)))),
    ]
    whole = count_pairs(battles)
    for field in dataclasses.fields(whole):
        assert getattr(added(parts, size), field.name) == pytest.approx(getattr(whole, field.name)), field.name
