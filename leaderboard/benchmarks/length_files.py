"""Reads what length control can be given beside the battles: prompt difficulties, and regularising rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leaderboard.benchmarks.battle_files import PROMPTS, BattleFile
from leaderboard.benchmarks.tables import Table, fault, read_table
from leaderboard.ratings.length_fit import Regulariser

_TARGETS = ("preference", "preference_surrogate")


@dataclass(frozen=True)
class Difficulty:
    """`values` (P,), NaN where unknown, and what each prompt is called, by column of the file."""

    file: str
    values: NDArray[np.float64]
    names: Mapping[str, tuple[str, ...]]

    def by(self, column: str) -> dict[str, float]:
        """Difficulty by the name in one column. Raises InvalidInput for a missing column or a name that comes twice."""
        if column not in self.names:
            raise fault(f"{self.file} has no column '{column}'. Columns: {', '.join(self.names)}.")
        names, found = self.names[column], dict[str, float]()
        for row, (name, value) in enumerate(zip(names, self.values.tolist(), strict=True), 1):
            if name in found:
                raise fault(f"The prompt '{name[:60]}' occurs twice.", row, column)
            found[name] = value
        return found


def read_difficulty(path: Path) -> Difficulty:
    """The column `difficulty` of a table, beside any of the columns that can name a prompt. Raises InvalidInput."""
    table = read_table(path, lambda names: [name for name in (*PROMPTS, "difficulty") if name in names])
    values = table.numbers("difficulty", missing=True)
    names = {column: tuple(table.texts(column).to_pylist()) for column in PROMPTS if column in table.columns}
    if not names:
        raise fault(f"{path.name} must name each prompt in one of the columns {', '.join(PROMPTS)}.")
    return Difficulty(path.name, values, names)


def with_difficulty(file: BattleFile, given: Difficulty) -> BattleFile:
    """The battles with the difficulties, joined by the column that names the prompt; prompts take the file's order.

    Raises: InvalidInput.
    """
    if file.battles.prompt is None:
        raise fault("The battles name no prompt, so a difficulty cannot be joined.")
    known = {name: place for place, name in enumerate(given.by(file.prompt_column))}
    lost = [name for name in file.prompts if name not in known]
    if lost:
        raise fault(f"{len(lost)} prompts of the battles have no row in {given.file}, as '{lost[0][:60]}'.")
    place = np.array([known[name] for name in file.prompts], dtype=np.int64)
    battles = dataclasses.replace(file.battles, prompt=place[file.battles.prompt], difficulty=given.values)
    return dataclasses.replace(file, battles=battles, prompts=tuple(known))


def read_regulariser(path: Path, given: Difficulty | None) -> Regulariser:
    """Regularising rows: `len_output`, `len_baseline` and `model`, or `std_delta_len`; a preference; the prompt.

    Without difficulties each row has that of an average prompt, 0. Raises: InvalidInput.
    """
    wanted = ("model", "len_output", "len_baseline", "std_delta_len", *PROMPTS, *_TARGETS)
    table = read_table(path, lambda names: [name for name in wanted if name in names])
    target = next((name for name in _TARGETS if name in table.columns), "preference")
    credit = table.numbers(target) - (1.0 if target == "preference" else 0.0)
    if np.any((credit < 0) | (credit > 1)):
        raise fault("The preference is out of its range.", int(np.argmax((credit < 0) | (credit > 1))) + 1, target)
    return Regulariser.of(np.tanh(_delta(table)), _difficulty(table, given), credit)


def _delta(table: Table) -> NDArray[np.float64]:
    """(n,) standardised length difference, by model."""
    if "std_delta_len" in table.columns:
        return table.numbers("std_delta_len")
    delta = table.numbers("len_baseline") - table.numbers("len_output")
    _, model = table.codes("model")
    for code in np.unique(model):
        rows = model == code
        spread = float(np.std(delta[rows], ddof=1)) if rows.sum() > 1 else 0.0
        if not spread:
            raise fault("Its lengths do not vary.", int(np.argmax(rows)) + 1, "model")
        delta[rows] /= spread
    return delta


def _difficulty(table: Table, given: Difficulty | None) -> NDArray[np.float64]:
    column = next((name for name in PROMPTS if given and name in given.names and name in table.columns), "")
    if given is None or not column:
        return np.zeros(len(table.rows))
    known = given.by(column)
    values = np.array([known.get(name, np.nan) for name in table.texts(column).to_pylist()])
    if np.isnan(values).any():
        raise fault("Its prompt has no difficulty.", int(np.argmax(np.isnan(values))) + 1, column)
    return values
