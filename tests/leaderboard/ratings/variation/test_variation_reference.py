"""The published figures, from the files at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leaderboard.ratings.variation.best_of import best_of_n
from leaderboard.ratings.variation.flips import flips_of_totals
from leaderboard.ratings.variation.gaps import summarise_cells
from leaderboard.ratings.variation.resampling import Bootstrap
from leaderboard.ratings.variation.runs import consistency, summarise_runs
from leaderboard.ratings.variation.split import split_variance
from tests.leaderboard.ratings.variation import published

pytestmark = pytest.mark.reference

MILLIONTH = 5.1e-7
"""Half of the last digit that the expected figures give."""


@pytest.fixture(scope="module")
def tables(reference_path: Path) -> dict[str, Any]:
    return published.greedy_tables(reference_path)


@pytest.fixture(scope="module")
def stored(reference_path: Path) -> list[tuple[np.ndarray, dict[str, Any]]]:
    files = published.verdict_files(reference_path)
    if not files:
        pytest.skip("the folder of reference data has no verdicts with expected figures")
    return [(published.verdicts(path), json.loads(published.expected_file(path).read_text("utf-8"))) for path in files]


def test_greedy_is_above_the_sample_mean_in_as_many_cells(tables):
    cells = [cell for name, table in tables["main"].items() for cell in published.cells(name, table["rows"])]
    found = summarise_cells(cells)
    assert [found.greedy_above, found.cells] == tables["derived"]["greedy_above_sample_cells"]


def test_the_gaps_and_ranges_of_every_benchmark(tables):
    for name, table in tables["main"].items():
        rows = table["rows"].values()
        found = summarise_cells(published.cells(name, table["rows"]))
        assert found.mean_gap[name] == pytest.approx(np.mean([r["greedy"] - r["sample_mean"] for r in rows]))
        assert found.largest_range[name] == max(r["delta_best_worst"] for r in rows)


@pytest.mark.parametrize(("benchmark", "gap"), [("HumanEval", 15.8), ("AlpacaEval 2", -0.4)])
def test_the_mean_gap_that_the_study_reports(tables, benchmark, gap):
    if benchmark not in tables["main"]:
        pytest.skip(f"{benchmark} is not in the table")
    found = summarise_cells(published.cells(benchmark, tables["main"][benchmark]["rows"]))
    assert found.mean_gap[benchmark] == pytest.approx(gap, abs=0.05)


def test_mean_spread_and_ends_of_the_runs(stored):
    for scores, expected in stored:
        found = summarise_runs(scores)
        assert (found.prompts, found.runs) == (expected["tasks"], expected["samples_per_task"])
        assert found.mean == pytest.approx(expected["mean"], abs=MILLIONTH)
        assert found.std == pytest.approx(expected["std_ddof1"], abs=MILLIONTH)
        assert np.std(found.scores) == pytest.approx(expected["std_ddof0"], abs=MILLIONTH)
        assert found.best == pytest.approx(expected["best"], abs=MILLIONTH)
        assert found.worst == pytest.approx(expected["worst"], abs=MILLIONTH)
        assert found.range == pytest.approx(expected["delta"], abs=MILLIONTH)


def test_tasks_always_and_never_right(stored):
    for scores, expected in stored:
        found = consistency(scores)
        assert (found.always, found.never) == (expected["tasks_always_right"], expected["tasks_never_right"])


def test_the_variance_within_and_between_tasks(stored):
    for scores, expected in stored:
        found, wanted = split_variance(scores), expected["variance"]
        assert found.of("sample").variance == pytest.approx(wanted["within_task_mean"], abs=MILLIONTH)
        assert found.of("prompt").variance == pytest.approx(wanted["between_task_ddof0"], abs=MILLIONTH)
        assert found.total == pytest.approx(wanted["total"], abs=MILLIONTH)


def test_the_oracle_curve_over_all_subsets(stored):
    for scores, expected in stored:
        wanted = {int(k): value for k, value in expected["oracle_best_of_k_unbiased"].items()}
        found = best_of_n(scores, ks=list(wanted), plan=Bootstrap(2)).of("oracle")
        assert {point.k: point.score.value for point in found.points} == pytest.approx(wanted, abs=MILLIONTH)


def test_the_oracle_of_the_first_k_is_the_curve_of_that_many_samples(stored):
    for scores, expected in stored:
        for k, value in expected["oracle_best_of_first_k"].items():
            found = best_of_n(scores[:, : int(k)], ks=[int(k)], plan=Bootstrap(2)).of("oracle")
            assert found.points[0].score.value == pytest.approx(value, abs=MILLIONTH)


def test_the_rank_flips_of_every_benchmark(tables):
    for name, flips in tables["derived"]["rank_flips_greedy_vs_sample"].items():
        rows = tables["main"][name]["rows"]
        found = flips_of_totals(
            list(rows), [row["greedy"] for row in rows.values()], [row["sample_mean"] for row in rows.values()]
        )
        assert {frozenset((pair.first, pair.second)) for pair in found.flips} == {frozenset(flip) for flip in flips}
        assert len(found.flips) == len(flips)
