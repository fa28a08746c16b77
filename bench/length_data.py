"""The published AlpacaEval 2 judgments of the reference folder, as our board and as the files that alpaca_eval reads.

The same models, those with a verdict on every prompt, and the same regularising rows for both sides.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray
from pyarrow import parquet

from leaderboard.ratings.battles import Battles, coded
from leaderboard.ratings.length_fit import Regulariser

BASELINE = "gpt4_1106_preview"


def judged(folder: Path) -> pa.Table:
    """The rows of the models that have a verdict on every prompt, without the baseline's own."""
    table = parquet.read_table(folder / "annotations.parquet")
    size = len(difficulty(folder))
    names, (place,) = coded(table["model"])
    full = [name for name, n in zip(names, np.bincount(place), strict=True) if n == size and name != BASELINE]
    return table.filter(pa.array(np.isin(place, [names.index(name) for name in full])))


def difficulty(folder: Path) -> NDArray[np.float64]:
    """(P,) by place of the prompt."""
    return _numbers(parquet.read_table(folder / "instructions.parquet"), "difficulty")


def board(folder: Path) -> Battles:
    """The battles of the judged models against the baseline, with lengths in code points."""
    table = judged(folder)
    names, places = coded(table["model"], [BASELINE] * len(table))
    prompt = table["instruction_index"].to_numpy().astype(np.int64)
    return Battles(
        names,
        *places,
        credit=_numbers(table, "preference") - 1,
        cluster=prompt,
        prompt=prompt,
        difficulty=difficulty(folder),
        measures={"chars": (_numbers(table, "len_output"), _numbers(table, "len_baseline"))},
    )


def regulariser(folder: Path) -> Regulariser:
    """The rows of the two gamed baselines."""
    rows = gamed(folder)
    length = np.tanh(rows["std_delta_len"].to_numpy())
    return Regulariser.of(length, rows["instruction_difficulty"].to_numpy(), rows["preference"].to_numpy())


def gamed(folder: Path) -> pa.Table:
    """The same rows with the columns of alpaca_eval's `df_gamed.csv`."""
    table = parquet.read_table(folder / "gamed_baselines_surrogate.parquet")
    index = table["instruction_index"].to_numpy()
    columns: dict[str, Any] = {
        "model": table["model"],
        "index": index,
        "preference": table["preference_surrogate"],
        "std_delta_len": table["std_delta_len"],
        "instruction_difficulty": difficulty(folder)[index],
        "not_gamed_baseline": np.zeros(len(table), dtype=bool),
    }
    return pa.table(columns)


def _numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    return table[name].to_numpy().astype(np.float64)


def main() -> None:
    """Writes df_gamed.csv and judged.parquet from the reference folder into the folder of the second argument."""
    source, goal = Path(sys.argv[1]), Path(sys.argv[2])
    pyarrow.csv.write_csv(gamed(source), goal / "df_gamed.csv")
    parquet.write_table(judged(source), goal / "judged.parquet")


if __name__ == "__main__":
    main()
