from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.contracts.registry import ratings
from leaderboard.ratings.battles import Battles, Rating, RatingTable
from leaderboard.ratings.intervals import mean_with_se, z_value
from leaderboard.ratings.win_rate import WinRate, WinRateParams, sides, win_rate
from tests.leaderboard.ratings import reference
from tests.leaderboard.ratings.strategies import any_battles, relabelled, repeated, swapped

BASELINE = "the baseline"
ABC = ("a", "b", "c")


def rate(battles: Battles, baseline: str = "") -> RatingTable:
    return WinRate(WinRateParams(baseline=baseline)).rate(battles)


def test_mean_se_and_interval_by_hand() -> None:
    battles = Battles.of(ABC, [(1, 0, 1.0, 0), (0, 1, 0.0, 1), (1, 0, 0.5, 2), (1, 0, 0.0, 3), (1, 2, 0.0, 4)])
    found = rate(battles, "a").by_name()["b"]
    assert found.value == 62.5
    assert found.se == pytest.approx(100 * np.std([1, 1, 0.5, 0], ddof=1) / 2, rel=1e-14)
    assert found.n == 4
    assert (found.low, found.high) == (pytest.approx(62.5 - z_value(0.95) * found.se), 100.0)
    assert rate(battles, "a").extra["outcomes"]["b"] == {
        "discrete_win_rate": 62.5,
        "n_wins": 2,
        "n_wins_base": 1,
        "n_draws": 1,
    }


def test_rows_that_share_a_cluster_count_as_one() -> None:
    # clusters {1, .5}, {0}, {.5, .5}: residuals from .5 sum to .5, -.5, 0, so var = 3/2 * .5 / 25
    credit, cluster = np.array([1.0, 0.5, 0.0, 0.5, 0.5]), np.array([7, 7, 2, 5, 5])
    assert mean_with_se(credit, cluster) == (0.5, pytest.approx(math.sqrt(1.5 * 0.5) / 5, rel=1e-14))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=50))
def test_clusters_of_one_row_give_the_plain_standard_error(values: list[float]) -> None:
    credit = np.array(values)
    _, se = mean_with_se(credit, np.arange(len(values))[::-1])
    assert se == pytest.approx(np.std(credit, ddof=1) / math.sqrt(len(values)), rel=1e-12, abs=1e-15)


def test_one_row_or_one_cluster_has_no_interval() -> None:
    table = rate(Battles.of(ABC, [(1, 0, 0.7, 0), (2, 0, 0.7, 1), (2, 0, 0.9, 1)]), "a").by_name()
    assert table["b"].value == pytest.approx(70)
    for name in ("b", "c"):
        assert (table[name].se, table[name].low, table[name].high) == (None, None, None)
        assert "no interval" in table[name].note


def test_the_baseline_is_exactly_50() -> None:
    table = rate(Battles.of(ABC, [(1, 0, 1.0, 0), (1, 0, 0.9, 1)]), "a").by_name()
    assert table["a"] == Rating("a", 50.0, 0.0, 50.0, 50.0, 2, 2, 2, "The baseline itself.")


def test_an_entrant_that_never_met_the_baseline_has_no_value() -> None:
    table = rate(Battles.of(ABC, [(1, 0, 1.0, 0), (1, 2, 0.9, 1)]), "a").by_name()
    assert table["c"] == Rating("c", None, None, None, None, 0, note="No battles against the baseline.")


def test_without_a_baseline_every_battle_counts() -> None:
    table = rate(Battles.of(ABC, [(1, 0, 1.0, 0), (1, 2, 0.0, 1), (0, 2, 0.5, 2)])).by_name()
    assert [table[name].value for name in ABC] == [25.0, 50.0, 75.0]
    assert [table[name].n for name in ABC] == [2, 2, 2]


def test_equal_verdicts_say_so() -> None:
    found = rate(Battles.of(ABC, [(1, 0, 1.0, 0), (1, 0, 1.0, 1)]), "a").by_name()["b"]
    assert (found.value, found.se, found.low, found.high) == (100.0, 0.0, 100.0, 100.0)
    assert "Every verdict is the same" in found.note


def test_an_unknown_baseline_is_refused() -> None:
    with pytest.raises(ValueError, match="'zed' is not among the entrants"):
        rate(Battles.of(ABC, [(1, 0, 1.0, 0)]), "zed")


def test_nothing_in_nothing_out() -> None:
    assert rate(Battles.of([], [])).ratings == ()
    assert [r.value for r in rate(Battles.of(ABC, []), "a").ratings] == [50.0, None, None]


@given(any_battles(clustered=True), st.booleans())
def test_numbers_are_plain_finite_and_in_range(battles: Battles, against: bool) -> None:
    table = rate(battles, "e0" if against else "")
    json.dumps([vars(r) for r in table.ratings] + [table.extra, table.params], allow_nan=False)
    for found in table.ratings:
        assert found.value is None or 0 <= found.value <= 100
        assert found.low is None or 0 <= found.low <= found.value <= found.high <= 100


@given(any_battles(clustered=True), st.data())
def test_relabelling_permutes_the_table(battles: Battles, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(battles.names))))
    before, after = rate(battles, "e1").by_name(), rate(relabelled(battles, order), "e1").by_name()
    for name, found in before.items():
        assert after[name].value == pytest.approx(found.value, abs=1e-9)
        assert after[name].se == pytest.approx(found.se, abs=1e-9)


@given(any_battles())
def test_sides_do_not_matter(battles: Battles) -> None:
    before, after = rate(battles).ratings, rate(swapped(battles)).ratings
    assert [r.value for r in before] == pytest.approx([r.value for r in after], abs=1e-9)
    assert [r.se for r in before] == pytest.approx([r.se for r in after], abs=1e-9)


@given(any_battles(), st.integers(2, 4))
def test_copies_narrow_the_interval_only_as_new_clusters(battles: Battles, times: int) -> None:
    new, same = (repeated(battles, times, new_clusters=flag) for flag in (True, False))
    for one, fresh, copied in zip(sides(battles), sides(new), sides(same), strict=True):
        n = len(one.credit)
        if n < 2:
            continue
        _, se = win_rate(one)
        # plain se = sd/sqrt(n) with ddof 1, hence the small-sample factor
        shrink = math.sqrt((n - 1) / (n * times - 1))
        assert win_rate(fresh)[1] == pytest.approx(se * shrink, rel=1e-9, abs=1e-9)
        assert win_rate(copied)[1] == pytest.approx(se, rel=1e-9, abs=1e-9)


def test_the_registry_builds_it() -> None:
    assert isinstance(ratings.build("win-rate", {"baseline": "a"}), WinRate)


@pytest.mark.reference
def test_published_alpaca_eval_figures(reference_path: Path) -> None:
    battles = reference.alpaca_battles(reference_path, BASELINE)
    table, published = rate(battles, BASELINE), reference.alpaca_leaderboard(reference_path)
    checked = 0
    for found in table.ratings:
        row = published.get(found.name)
        if row is None or found.name == BASELINE:
            continue
        assert found.value == pytest.approx(row.win_rate, abs=1e-6)
        assert found.se == pytest.approx(row.standard_error, abs=1e-6)
        assert found.n == row.n_total
        extra = table.extra["outcomes"][found.name]
        assert (extra["n_wins"], extra["n_wins_base"], extra["n_draws"]) == (row.n_wins, row.n_wins_base, row.n_draws)
        own = 100 * (row.n_wins + row.n_draws / 2) / row.n_total
        if abs(own - row.discrete_win_rate) < 1e-6:  # else the published figure disagrees with its own counts
            assert extra["discrete_win_rate"] == pytest.approx(row.discrete_win_rate, abs=1e-6)
        checked += 1
    assert checked
