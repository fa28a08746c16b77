from __future__ import annotations

import math
import statistics
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.gameability import Gameability, length_gameability
from tests.leaderboard.ratings import reference

BOARD = {"a": 20.0, "a_verbose": 30.0, "a_concise": 10.0, "b": 50.0, "c": 60.0, "c_concise": 5.0}
NUMBERS = st.lists(st.floats(1, 99), min_size=6, max_size=6, unique=True)


def by_statistics(metric: dict[str, float], win_rates: dict[str, float]) -> tuple[float, float]:
    """The same figures, written with the standard library and no sorting."""
    rest = [name for name in win_rates if name in metric and "_verbose" not in name]
    ratio = statistics.stdev(win_rates[n] for n in rest) / statistics.stdev(metric[n] for n in rest)

    def relative(kind: str) -> float:
        found = []
        for name, value in metric.items():
            if f"{name}_verbose" in metric and f"{name}_concise" in metric:
                pair = [value, metric[name + kind]]
                found.append(statistics.stdev(pair) / statistics.mean(pair))
        return 100 * ratio * statistics.mean(found)

    return relative("_verbose"), relative("_concise")


def test_by_hand() -> None:
    # of the raw win rate the ratio is 1: sd(20, 30)/25 = √50/25 and sd(20, 10)/15 = √50/15; c has no verbose variant
    assert length_gameability(BOARD, BOARD) == Gameability(
        pytest.approx(100 * math.sqrt(50) / 25), pytest.approx(100 * math.sqrt(50) / 15), ("a",)
    )


def test_the_ratio_by_hand() -> None:
    # metric and win rate of the entries without "_verbose": sd(10, 20, 30) = 10 against sd(10, 40, 70) = 30
    metric = {"a": 10.0, "a_concise": 20.0, "b": 30.0, "a_verbose": 10.0}
    win_rates = {"a": 10.0, "a_concise": 40.0, "b": 70.0, "a_verbose": 99.0}
    found = length_gameability(metric, win_rates)
    assert (found.verbose, found.concise) == (0.0, pytest.approx(100 * 3 * math.sqrt(50) / 15))


@given(NUMBERS, NUMBERS)
def test_a_second_road_gives_the_same(values: list[float], others: list[float]) -> None:
    metric, win_rates = (dict(zip(BOARD, numbers, strict=True)) for numbers in (values, others))
    found = length_gameability(metric, win_rates)
    assert (found.verbose, found.concise) == pytest.approx(by_statistics(metric, win_rates), rel=1e-9)


@given(NUMBERS, NUMBERS, st.permutations(list(BOARD)))
def test_order_does_not_matter(values: list[float], others: list[float], order: list[str]) -> None:
    metric, win_rates = (dict(zip(BOARD, numbers, strict=True)) for numbers in (values, others))
    shuffled = [{name: board[name] for name in order} for board in (metric, win_rates)]
    assert length_gameability(*shuffled) == length_gameability(metric, win_rates)


def test_other_suffixes() -> None:
    metric = {"a": 20.0, "a-long": 30.0, "a-short": 10.0, "b": 50.0}
    renamed = {name.replace("-long", "_verbose").replace("-short", "_concise"): v for name, v in metric.items()}
    assert length_gameability(metric, metric, ("-long", "-short")) == length_gameability(renamed, renamed)


def test_an_entry_without_a_win_rate_does_not_count_in_the_ratio() -> None:
    more = {**BOARD, "z": 1000.0}
    assert length_gameability(more, BOARD) == length_gameability(BOARD, BOARD)


@pytest.mark.parametrize(
    ("metric", "win_rates", "reason"),
    [
        ({}, {}, "No entry has both a '_verbose' and a '_concise' variant."),
        ({"a": 1.0, "a_verbose": 2.0}, {"a": 1.0}, "No entry has both a '_verbose' and a '_concise' variant."),
        (BOARD, {"a": 1.0}, "Fewer than two entries have both numbers."),
        (dict.fromkeys(BOARD, 3.0), BOARD, "The metric or the win rate is the same for every entry."),
        (BOARD, dict.fromkeys(BOARD, 3.0), "The metric or the win rate is the same for every entry."),
        (
            {**BOARD, "a_concise": -20.0},
            BOARD,
            "A base and its variant have a mean that is not positive, so no relative spread.",
        ),
    ],
)
def test_where_it_is_not_defined_it_says_why(
    metric: dict[str, float], win_rates: dict[str, float], reason: str
) -> None:
    found = length_gameability(metric, win_rates)
    assert (found.verbose, found.concise, found.reason) == (None, None, reason)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="of 'b' is not finite"):
        length_gameability({**BOARD, "b": value}, BOARD)
    with pytest.raises(ValueError, match="of 'b' is not finite"):
        length_gameability(BOARD, {**BOARD, "b": value})


@pytest.mark.parametrize("suffixes", [("", "_x"), ("_x", "_x")])
def test_bad_suffixes_are_refused(suffixes: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="must differ and must not be empty"):
        length_gameability(BOARD, BOARD, suffixes)


@pytest.mark.reference
def test_length_control_is_harder_to_game_than_the_raw_win_rate(reference_path: Path) -> None:
    rows = reference.read(reference_path / "alpaca_eval" / "leaderboard.csv")
    raw = {row["model"]: float(row["win_rate"]) for row in rows}
    controlled = {
        row["model"]: float(row["length_controlled_winrate"]) for row in rows if row["length_controlled_winrate"]
    }
    before, after = length_gameability(raw, raw), length_gameability(controlled, raw)
    if not before.bases:
        pytest.skip(before.reason)
    assert (before.verbose, before.concise) == pytest.approx(by_statistics(raw, raw), rel=1e-9)
    assert (after.verbose, after.concise) == pytest.approx(by_statistics(controlled, raw), rel=1e-9)
    assert after.verbose < before.verbose
    assert after.concise < before.concise
