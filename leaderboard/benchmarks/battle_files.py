"""Reads battles from a file: a table with a row a battle, or AlpacaEval's annotations. Nothing is rated here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.benchmarks.json_rows import JsonRow, read_rows
from leaderboard.benchmarks.tables import Progress, Table, fault, read_table
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.text_measures import MEASURES, measure

WINNERS = {
    "model_a": 1.0,
    "model_b": 0.0,
    "tie": 0.5,
    "both_bad": 0.5,
    "tie (bothbad)": 0.5,
    "": np.nan,
}
"""Credit of side a for each word in the column `winner`; an empty cell is an unscored battle."""

CLUSTERS = ("pair_id", "prompt", "question_id", "instruction", "instruction_index")
"""Columns that `cluster="auto"` tries, in this order."""
PROMPTS = CLUSTERS[1:]
"""Columns that can name the prompt."""

_TALL = ("model", "preference")
"""A table with these columns holds each model against one baseline, as AlpacaEval's preferences do."""


@dataclass(frozen=True)
class BattleOptions:
    """How to read. `where`: (column, value) that a row must have; `cluster`: a column, "auto" or "none".

    `measures`: names M with columns M_a and M_b, or for annotations any of `MEASURES`. `baseline`: what to
    call the other side of a table that has no column for it.
    """

    where: tuple[tuple[str, str], ...] = ()
    cluster: str = "auto"
    measures: tuple[str, ...] = ()
    baseline: str = "baseline"


@dataclass(frozen=True)
class BattleFile:
    """What was read. `rows` counts the file's rows; `left_out` those that the filter dropped; `itself` those
    in which an entrant met itself, which say nothing.

    `unscored` counts, by name in `battles.names`, the rows kept that hold no verdict. `prompts`: the names
    of the prompts by place, numbers ascending and texts in file order, from the column `prompt_column`.
    `cluster`: the column in use, "" where each row stands for itself. `baseline`: who is on one side of
    every row, "" where nobody is.
    """

    battles: Battles
    prompts: tuple[str, ...]
    rows: int
    left_out: int
    itself: int
    unscored: dict[str, int]
    both_bad: int
    cluster: str
    prompt_column: str
    baseline: str


def read_battles(path: Path, options: BattleOptions, progress: Progress = lambda done, total: None) -> BattleFile:
    """The battles of a .csv, .jsonl, .parquet (columns `model_a`, `model_b`, `winner`) or annotations .json file.

    Raises: InvalidInput, which names row and column of the first fault.
    """
    if path.name.removesuffix(".gz").endswith(".json"):
        table = _annotations(path, options)
        progress(1, 1)
    else:
        table = read_table(path, lambda names: _wanted(names, options), progress)
    size = len(table.rows)
    kept = _filtered(table, options.where)
    return _battles(kept, options, size)


def _wanted(names: Sequence[str], options: BattleOptions) -> list[str]:
    """The columns to load: those with a meaning, those asked for, and never a missing one without a word."""
    asked = [name for name, _ in options.where]
    asked += [] if options.cluster in ("auto", "none") else [options.cluster]
    if _is_tall(names):
        known: list[str] = [*_TALL, "len_output", "len_baseline"]
    else:
        known = ["model_a", "model_b", "winner", "credit"]
        asked += [f"{name}_{side}" for name in options.measures for side in "ab"]
        asked += ["model_a", "model_b", *([] if "credit" in names else ["winner"])]
    probe = Table(dict.fromkeys(names), np.zeros(0, dtype=np.int64))
    for name in asked:
        probe.require(name)
    picked = {*asked, *known, *CLUSTERS}
    return [name for name in names if name in picked]


def _is_tall(names: Sequence[str]) -> bool:
    return all(name in names for name in _TALL) and "model_a" not in names


def _filtered(table: Table, where: Sequence[tuple[str, str]]) -> Table:
    for column, value in where:
        names, codes = table.codes(column)
        matching = [place for place, name in enumerate(names) if name.casefold() == value.casefold()]
        if not matching:
            some = ", ".join(repr(name) for name in names[:10])
            raise fault(f"No row has {column} = '{value}'. Values: {some}{', …' if len(names) > 10 else ''}.")
        table = table.filter(np.isin(codes, matching))
    return table


def _battles(table: Table, options: BattleOptions, size: int) -> BattleFile:
    names, a, b = _entrants(table, options.baseline)
    credit, both_bad = _credit(table)
    cluster_column = _cluster_column(table, options.cluster)
    cluster = table.codes(cluster_column)[1] if cluster_column else None
    prompt_column = next((name for name in PROMPTS if name in table.columns), "")
    prompts, prompt = _prompts(table, prompt_column) if prompt_column else ((), None)
    itself, unscored = a == b, np.isnan(credit) & (a != b)
    scored = ~itself & ~unscored
    missing = np.bincount(np.concatenate([a[unscored], b[unscored]]), minlength=len(names))
    full = Battles(
        names=names,
        a=a[scored],
        b=b[scored],
        credit=credit[scored],
        cluster=None if cluster is None else cluster[scored],
        prompt=None if prompt is None else prompt[scored],
        measures={n: (x[scored], y[scored]) for n, (x, y) in _measures(table, options.measures).items()},
    )
    return BattleFile(
        battles=full,
        prompts=prompts,
        rows=size,
        left_out=size - len(a),
        itself=int(np.sum(itself)),
        unscored={name: int(n) for name, n in zip(names, missing, strict=True) if n},
        both_bad=both_bad,
        cluster=cluster_column,
        prompt_column=prompt_column,
        baseline=_common(names, a, b),
    )


def _common(names: tuple[str, ...], a: NDArray[np.int64], b: NDArray[np.int64]) -> str:
    for place in {int(a[0]), int(b[0])}:
        if np.all((a == place) | (b == place)) and len(names) > 2:
            return names[place]
    return ""


def _entrants(table: Table, baseline: str) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.int64]]:
    columns = [table.codes(name) for name in (("model",) if _is_tall(list(table.columns)) else ("model_a", "model_b"))]
    if len(columns) == 1:
        columns.append(((baseline,), np.zeros(len(table.rows), dtype=np.int64)))
    names = tuple(sorted({name for found, _ in columns for name in found}))
    place = {name: i for i, name in enumerate(names)}
    a, b = (np.array([place[name] for name in found], dtype=np.int64)[codes] for found, codes in columns)
    if "" in place:
        for codes, column in ((a, "model_a"), (b, "model_b")):
            _refuse(table, codes == place[""], column, "The name is empty.")
    return names, a, b


def _refuse(table: Table, bad: NDArray[np.bool_], column: str, message: str) -> None:
    if bad.any():
        raise fault(message, table.row(int(np.argmax(bad))), column)


def _credit(table: Table) -> tuple[NDArray[np.float64], int]:
    """(n,) credit of side a, NaN where unscored, and how many were called both bad."""
    for column, low in (("credit", 0.0), ("preference", 1.0)):
        if column in table.columns:
            found = table.numbers(column, missing=True)
            _refuse(table, (found < low) | (found > low + 1), column, f"It must lie between {low:g} and {low + 1:g}.")
            return found - low, 0
    names, codes = table.codes("winner")
    for place, name in enumerate(names):
        if name not in WINNERS:
            allowed = ", ".join(word for word in WINNERS if word)
            raise fault(f"'{name[:60]}' is none of {allowed}.", table.row(int(np.argmax(codes == place))), "winner")
    bad = sum(int(np.sum(codes == place)) for place, name in enumerate(names) if "bad" in name)
    return np.array([WINNERS[name] for name in names])[codes], bad


def _cluster_column(table: Table, asked: str) -> str:
    if asked == "none":
        return ""
    if asked != "auto":
        table.require(asked)
        return asked
    return next((name for name in CLUSTERS if name in table.columns), "")


def _prompts(table: Table, column: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Names by place and (n,) places: numbers ascending, texts in the order in which the file names them."""
    names, codes = table.codes(column)
    if all(name.isdecimal() for name in names):
        order = np.argsort([int(name) for name in names], kind="stable")
    else:
        order = np.argsort(np.unique(codes, return_index=True)[1], kind="stable")
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    return tuple(names[i] for i in order), place[codes]


def _measures(table: Table, names: Sequence[str]) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    if "len_output" in table.columns and "len_baseline" in table.columns:
        return {"chars": (table.numbers("len_output"), table.numbers("len_baseline"))}
    return {name: (table.numbers(f"{name}_a"), table.numbers(f"{name}_b")) for name in names}


def _annotations(path: Path, options: BattleOptions) -> Table:
    """AlpacaEval's annotations as a table: preference 1 is side one, so credit of side a is 2 − preference."""
    import pyarrow as pa

    unknown = [name for name in options.measures if name not in MEASURES]
    if unknown:
        raise fault(f"There is no measure '{unknown[0]}'. Measures of a text: {', '.join(MEASURES)}.")
    rows = [_annotation(row) for row in read_rows(path, path.parent)]
    if not rows:
        raise fault(f"{path.name} holds no rows.")
    columns = {name: pa.chunked_array([pa.array([row[name] for row in rows])]) for name in rows[0]}
    return Table(columns, np.arange(len(rows)))


def _annotation(row: JsonRow) -> dict[str, Any]:
    row.require("preference")
    preference = row.number("preference", low=1.0, high=2.0)
    sides = {"a": row.text("output_1"), "b": row.text("output_2")}
    counted = {side: dict(zip(MEASURES, measure(text), strict=True)) for side, text in sides.items()}
    return {
        "model_a": row.text("generator_1"),
        "model_b": row.text("generator_2"),
        "credit": None if preference is None else 2.0 - preference,
        "instruction": row.text("instruction"),
        "dataset": row.text("dataset", ""),
        **{f"{name}_{side}": float(counted[side][name]) for side in "ab" for name in MEASURES},
    }
