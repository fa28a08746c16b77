"""Reads what length control can be given beside the battles: prompt difficulties, and regularising rows."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leaderboard.benchmarks.battle_files import BattleFile
from leaderboard.benchmarks.tables import Table, fault, read_table
from leaderboard.ratings.length_fit import Regulariser

_TARGETS = ("preference", "preference_surrogate")


def with_difficulty(file: BattleFile, path: Path) -> BattleFile:
    """The battles with the difficulties of a table, joined by the column that names the prompt there and here.

    The table's order becomes the order of the prompts; one without a difficulty is NaN.
    Raises: InvalidInput.
    """
    if file.battles.prompt is None:
        raise fault("The battles name no prompt, so a difficulty cannot be joined.")
    column = file.prompt_column
    table = read_table(path, lambda names: [name for name in (column, "difficulty") if name in names])
    values = table.numbers("difficulty", missing=True)
    names = table.texts(column).to_pylist()
    known = {name: place for place, name in reversed(list(enumerate(names)))}
    if len(known) < len(names):
        twice = next(place for place, name in enumerate(names) if known[name] != place)
        raise fault(f"The prompt '{names[twice][:60]}' occurs twice.", twice + 1, column)
    lost = [name for name in file.prompts if name not in known]
    if lost:
        raise fault(f"{len(lost)} prompts of the battles have no row in {path.name}, as '{lost[0][:60]}'.")
    place = np.array([known[name] for name in file.prompts], dtype=np.int64)
    battles = dataclasses.replace(file.battles, prompt=place[file.battles.prompt], difficulty=values)
    return dataclasses.replace(file, battles=battles, prompts=tuple(names))


def read_regulariser(path: Path, file: BattleFile) -> Regulariser:
    """Regularising rows: `len_output`, `len_baseline` and `model`, or `std_delta_len`; a preference; the prompt.

    Raises: InvalidInput.
    """
    wanted = ("model", "len_output", "len_baseline", "std_delta_len", file.prompt_column, *_TARGETS)
    table = read_table(path, lambda names: [name for name in wanted if name in names])
    target = next((name for name in _TARGETS if name in table.columns), "preference")
    credit = table.numbers(target) - (1.0 if target == "preference" else 0.0)
    if np.any((credit < 0) | (credit > 1)):
        raise fault("The preference is out of its range.", int(np.argmax((credit < 0) | (credit > 1))) + 1, target)
    return Regulariser.of(np.tanh(_delta(table)), _difficulty(table, file), credit)


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


def _difficulty(table: Table, file: BattleFile) -> NDArray[np.float64]:
    if file.battles.difficulty is None or file.prompt_column not in table.columns:
        return np.zeros(len(table.rows))
    known = dict(zip(file.prompts, file.battles.difficulty.tolist(), strict=True))
    values = np.array([known.get(name, np.nan) for name in table.texts(file.prompt_column).to_pylist()])
    if np.isnan(values).any():
        raise fault("Its prompt has no difficulty.", int(np.argmax(np.isnan(values))) + 1, file.prompt_column)
    return values
