"""The published AlpacaEval 2 figures, on whichever models the folder holds."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest

from leaderboard.ratings.battles import Battles, RatingTable
from leaderboard.ratings.length_board import LengthControlledParams
from leaderboard.ratings.length_control import LengthControlled
from leaderboard.ratings.length_fit import LengthFit, Regulariser, Rows, fit_rows, length_controlled, published_se
from leaderboard.ratings.length_views import View, views
from tests.leaderboard.ratings import reference
from tests.leaderboard.ratings.length_boards import BASE, alpaca, alpaca_regulariser

pytestmark = pytest.mark.reference


@pytest.fixture(scope="module")
def battles(reference_path: Path) -> Battles:
    return alpaca(reference_path)


@pytest.fixture(scope="module")
def regulariser(reference_path: Path) -> Regulariser:
    gamma = parquet.read_table(reference_path / "alpaca_eval" / "instructions.parquet")["difficulty"].to_pylist()
    return alpaca_regulariser(reference_path, tuple(gamma))


@pytest.fixture(scope="module")
def expected(reference_path: Path, battles: Battles) -> dict[str, reference.Row]:
    """The expected rows of the judged models, the baseline left out."""
    rows = reference.read(reference_path / "alpaca_eval" / "expected_lc.csv")
    return {row["model"]: row for row in rows if row["model"] in battles.names}


@pytest.fixture(scope="module")
def by_name(battles: Battles) -> dict[str, View]:
    _, board = views(battles, BASE, "chars")
    return {name: view for name, view in zip(battles.names, board, strict=True) if name != BASE}


@pytest.fixture(scope="module")
def published(battles: Battles, regulariser: Regulariser) -> RatingTable:
    params = LengthControlledParams(baseline=BASE, mode="alpacaeval-2", replicates=0)
    return LengthControlled(params, regulariser).rate(battles)


def refitted(view: View, gamma: np.ndarray, c: float, regulariser: Regulariser) -> LengthFit:
    rows = Rows(view.length(), gamma, view.credit, view.weight)
    return fit_rows(rows, c, view.std_delta(), regulariser)


def c_of(row: reference.Row) -> float | None:
    """The C that the expected refits were made at; None where no published coefficients identify it."""
    return float(row["C_identified"]) if row["C_identified"] else None


def test_published_coefficients_give_the_published_value(reference_path: Path, battles: Battles) -> None:
    gaps = []
    for row in reference.read(reference_path / "alpaca_eval" / "leaderboard.csv"):
        if row["glm_model"] and row["glm_difficulty"] and row["length_controlled_winrate"]:
            fit = LengthFit(float(row["glm_length"]), float(row["glm_difficulty"]), float(row["glm_model"]), 1.0, 1.0)
            places = battles.difficulty[: int(float(row["n_total"]))]
            gaps.append(abs(length_controlled(fit, places) - float(row["length_controlled_winrate"])))
    assert len(gaps) >= 10
    assert max(gaps) <= 0.2
    assert np.mean(np.array(gaps) <= 1e-6) >= 0.9


def test_refits_at_the_identified_c(
    battles: Battles, regulariser: Regulariser, expected: dict[str, reference.Row], by_name: dict[str, View]
) -> None:
    checked = 0
    for name, row in expected.items():
        c = c_of(row)
        if c is None:
            continue
        view = by_name[name]
        for column, gamma in (
            ("lc_at_C_row_order", battles.difficulty[: len(view.credit)]),
            ("lc_at_C_key_aligned", battles.difficulty[view.prompt]),
        ):
            fit = refitted(view, gamma, c, regulariser)
            assert length_controlled(fit, gamma) == pytest.approx(float(row[column]), abs=0.02), (name, column)
        checked += 1
    assert checked >= 5


def test_the_printed_standard_error(
    battles: Battles, regulariser: Regulariser, expected: dict[str, reference.Row], by_name: dict[str, View]
) -> None:
    checked = 0
    for name, row in expected.items():
        c = c_of(row)
        if c is None:
            continue
        gamma = battles.difficulty[: len(by_name[name].credit)]
        found = published_se(refitted(by_name[name], gamma, c, regulariser), gamma)
        assert found == pytest.approx(float(row["lc_se_at_C_row_order"]), abs=2e-4), name
        if row["published_lc_se"]:
            assert found == pytest.approx(float(row["published_lc_se"]), abs=2e-4), name
        checked += 1
    assert checked >= 5


def test_the_default_mode_joins_by_instruction(
    battles: Battles, regulariser: Regulariser, expected: dict[str, reference.Row]
) -> None:
    """At its own C the plugin gives the key-aligned value of every entry published at that C."""
    params = LengthControlledParams(baseline=BASE, replicates=0, coverage=0.9)
    found = LengthControlled(params, regulariser).rate(battles).by_name()
    near = {name: row for name, row in expected.items() if (c_of(row) or 0) == pytest.approx(2.78, rel=0.01)}
    assert near
    for name, row in near.items():
        assert found[name].value == pytest.approx(float(row["lc_at_C_key_aligned"]), abs=0.02), name


def test_the_default_mode_refuses_incomplete_entries(
    battles: Battles, regulariser: Regulariser, expected: dict[str, reference.Row]
) -> None:
    params = LengthControlledParams(baseline=BASE, replicates=0)
    found = LengthControlled(params, regulariser).rate(battles).by_name()
    size = len(battles.difficulty)
    short = {name for name, row in expected.items() if int(row["n_rows"]) < size}
    assert {name for name in expected if found[name].value is None} == short


def test_the_published_mode_chooses_the_expected_c(published: RatingTable, expected: dict[str, reference.Row]) -> None:
    """Folds and scores agree wherever the surrogate decided alike; a close race may still go the other way."""
    fits = published.extra["coefficients"]
    agreeing = [name for name, row in expected.items() if fits[name]["c"] == pytest.approx(float(row["C_cv"]))]
    assert len(agreeing) >= 0.9 * len(expected)
    for name in agreeing:
        value = published.by_name()[name].value
        assert value == pytest.approx(float(expected[name]["lc_cv_row_order"]), abs=0.02), name


def test_the_published_mode_gives_the_published_values(
    published: RatingTable, expected: dict[str, reference.Row]
) -> None:
    found = published.by_name()
    gaps = [abs(found[n].value - float(row["published_lc"])) for n, row in expected.items() if row["published_lc"]]
    assert max(gaps) <= 0.16
    assert np.mean(gaps) <= 0.05


def test_the_baseline_is_exactly_50(published: RatingTable) -> None:
    assert published.by_name()[BASE].value == 50


@pytest.mark.slow
def test_it_is_fast(battles: Battles, regulariser: Regulariser) -> None:
    """CPU seconds a model, with room for a busy machine: with cross-validation, at fixed C, with replicates."""
    for given, limit in (
        ({"mode": "alpacaeval-2", "replicates": 0}, 0.15),
        ({"replicates": 0}, 0.02),
        ({"replicates": 200}, 1.0),
    ):
        rater = LengthControlled(LengthControlledParams(baseline=BASE, **given), regulariser)
        start = time.process_time()
        rater.rate(battles)
        assert (time.process_time() - start) / (len(battles.names) - 1) < limit, given
