"""One measured piece of our own work in a process: `python -m bench.ours CASE PATH` prints its cost and answer."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from bench import length_data
from bench.clock import clocked, report
from leaderboard.benchmarks.battle_files import WINNERS
from leaderboard.ratings.battles import Battles, RatingTable, coded
from leaderboard.ratings.bootstrap import bootstrap
from leaderboard.ratings.bradley_terry import BradleyTerry, BradleyTerryParams
from leaderboard.ratings.length_board import LengthControlledParams
from leaderboard.ratings.length_control import LengthControlled
from leaderboard.ratings.pairs import PairTable, count_pairs
from leaderboard.ratings.strengths import SCALE, Fit, fit, fit_pairs

REPLICATES = 1000


@dataclass(frozen=True)
class Task:
    """Data that is loaded and prepared; `work` is timed, `values` turns what it gives into numbers by name."""

    work: Callable[[], Any]
    values: Callable[[Any], dict[str, float]]
    units: int = 1


def text(path: Path) -> Task:
    """Ratings, intervals and rank groups from three columns of text."""
    table = parquet.read_table(path, columns=["model_a", "model_b", "winner"])

    def work() -> RatingTable:
        return _rated(Battles.of_names(table["model_a"], table["model_b"], _credit(table["winner"])))

    return Task(work, _values)


def named(path: Path) -> Task:
    """The same from two columns of text and the credits."""
    table = parquet.read_table(path, columns=["model_a", "model_b", "credit"])
    credit = table["credit"].to_numpy()
    return Task(lambda: _rated(Battles.of_names(table["model_a"], table["model_b"], credit)), _values)


def ids(path: Path) -> Task:
    """Ratings, intervals and rank groups from stored 16-bit places and credits."""
    columns = _stored(path)
    return Task(lambda: _rated(Battles(*columns)), _values)


def replicates(path: Path) -> Task:
    """The fit and its bootstrap replicates, from stored places; the standard deviation of each entry in points."""
    columns = _stored(path)

    def work() -> Any:
        battles = Battles(*columns)
        return bootstrap(battles, fit(battles), REPLICATES, seed=0)

    return Task(work, lambda draws: dict(zip(columns[0], SCALE * np.nanstd(draws, axis=0), strict=True)))


def refit(path: Path) -> Task:
    """Strengths and intervals from the kept table after one more vote, begun at the last fit."""
    battles = Battles(*_stored(path))
    table = count_pairs(battles)
    start = fit_pairs(battles.names, table).theta
    voted = _one_more(table)

    def values(found: Fit) -> dict[str, float]:
        return dict(zip(found.names, SCALE * found.theta, strict=True))

    return Task(lambda: fit_pairs(battles.names, voted, start=start), values)


def length_published(path: Path) -> Task:
    """Length-controlled win rates as AlpacaEval 2 fits them, C chosen by cross-validation."""
    return _length(path, mode="alpacaeval-2", replicates=0)


def length_default(path: Path) -> Task:
    """Length-controlled win rates at the fixed C, without intervals."""
    return _length(path, replicates=0)


def length_bootstrap(path: Path) -> Task:
    """Length-controlled win rates at the fixed C, with intervals from 200 replicates."""
    return _length(path, replicates=200)


def _length(path: Path, **settings: Any) -> Task:
    battles, regulariser = length_data.board(path), length_data.regulariser(path)
    rater = LengthControlled(LengthControlledParams(baseline=length_data.BASELINE, **settings), regulariser)
    return Task(lambda: rater.rate(battles), _values, len(battles.names) - 1)


def _rated(battles: Battles) -> RatingTable:
    return BradleyTerry(BradleyTerryParams()).rate(battles)


def _credit(winner: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.float64]]:
    words, (places,) = coded(winner)
    return np.array([WINNERS[word] for word in words])[places]


def _values(table: RatingTable) -> dict[str, float]:
    return {rating.name: rating.value for rating in table.ratings if rating.value is not None}


def _stored(path: Path) -> tuple[Any, ...]:
    """Names, places of both sides, credit and cluster, as `Battles` takes them."""
    found = parquet.read_table(path, columns=["a", "b", "credit"])
    size = 1 + max(int(np.max(found[side].to_numpy())) for side in "ab")
    names = tuple(f"model-{place:03d}" for place in range(size))
    return names, found["a"].to_numpy(), found["b"].to_numpy(), found["credit"].to_numpy(), None


def _one_more(table: PairTable) -> PairTable:
    """The table after i of the first pair has won once more."""
    first = np.arange(len(table.i)) == 0
    return dataclasses.replace(
        table, won_i=table.won_i + first, square_i=table.square_i + first, clusters=table.clusters + first
    )


CASES: dict[str, Callable[[Path], Task]] = {
    case.__name__: case
    for case in (text, named, ids, replicates, refit, length_published, length_default, length_bootstrap)
}


def main() -> None:
    """Runs the case that the arguments name."""
    task = CASES[sys.argv[1]](Path(sys.argv[2]))
    found, cost = clocked(task.work)
    report(task.values(found), cost, task.units)


if __name__ == "__main__":
    main()
