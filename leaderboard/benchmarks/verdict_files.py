"""Reads people's votes and judges' verdicts on the same comparisons from files. Nothing is measured here.

Both are tables as for `battle_files`: `model_a`, `model_b`, and `winner` or `credit`. Rows belong to one comparison
where they share `pair_id`, or, without that column, the prompt and both models in whatever order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leaderboard.benchmarks.battle_files import CLUSTERS, PROMPTS, WINNERS
from leaderboard.benchmarks.tables import Table, fault, read_table
from leaderboard.ratings.agreement.verdicts import Calls, Items, Votes
from leaderboard.ratings.text_measures import MEASURES

VOTERS = ("voter", "judge", "annotator", "user")
"""Columns that can say who voted; without one, each row is a voter's of its own."""
JUDGE = "judge"
SPENT = {"cost": ("cost_usd", "price_usd"), "seconds": ("seconds", "time_s")}
"""Columns that can say what a verdict cost and took."""


@dataclass(frozen=True)
class VerdictOptions:
    """How to read. `where`: (column, value) that a row of the votes must have; `cluster`: a column, "auto" or "none".

    `judge_columns`: columns of the votes' file that hold a judge's verdict; `judges`: the only judges to keep.
    """

    where: tuple[tuple[str, str], ...] = ()
    cluster: str = "auto"
    judge_columns: tuple[str, ...] = ()
    judges: tuple[str, ...] = ()


@dataclass(frozen=True)
class JudgeRows:
    """A judge's verdicts on known comparisons, what each cost and took (NaN unknown), and rows on unknown ones."""

    calls: Calls
    cost: NDArray[np.float64]
    seconds: NDArray[np.float64]
    unknown: int = 0


@dataclass(frozen=True)
class VerdictFile:
    """Comparisons that people voted on, their votes, and each judge's verdicts by name.

    `rows`: of the votes' file; `unscored`: votes without a winner; `cluster`: the column in use, "" for each
    comparison on its own.
    """

    items: Items
    votes: Votes
    judges: Mapping[str, JudgeRows]
    rows: int
    unscored: int
    cluster: str


def read_verdicts(people: Path, judges: Path | None, options: VerdictOptions) -> VerdictFile:
    """Votes from `people`, verdicts from `judges` or from columns of the same file.

    A judge's row shows `model_a` in the first slot. Several rows of a judge on one comparison in one order are repeats.
    Raises: InvalidInput, which names row and column of the first fault.
    """
    table = _filtered(read_table(people, list), options.where)
    known = _Known.of(table, options)
    place, turned = known.place(table)
    credit = _credit(table, "winner" if "winner" in table.columns else "credit")
    cast = ~np.isnan(credit)
    votes = Votes(place[cast], _voters(table)[cast], np.where(turned, 1 - credit, credit)[cast])
    found = {name: _column_judge(table, name, place, turned) for name in options.judge_columns}
    if judges is not None:
        found |= _file_judges(judges, known, options.judges)
    if not found:
        raise fault("No judge is named: give a file of verdicts, or a column that holds them.")
    return VerdictFile(known.items, votes, found, len(table.rows), int(np.sum(~cast)), known.cluster)


@dataclass(frozen=True)
class _Known:
    """The comparisons of the votes' file: `keys` to places, and the name of the model on side a of each."""

    items: Items
    keys: Mapping[tuple[str, ...], int]
    left: Sequence[str]
    cluster: str
    by: str
    prompt: str

    @classmethod
    def of(cls, table: Table, options: VerdictOptions) -> _Known:
        by = "pair_id" if "pair_id" in table.columns else ""
        prompt = next((name for name in PROMPTS if name in table.columns), "")
        if not by and not prompt:
            raise fault(f"A comparison needs a name: a column pair_id, or one of {', '.join(PROMPTS)}.")
        sides = [table.texts(name).to_pylist() for name in ("model_a", "model_b")]
        keys: dict[tuple[str, ...], int] = {}
        first: list[int] = []
        for row, key in enumerate(_keys(table, by, prompt, sides)):
            if key not in keys:
                keys[key] = len(keys)
                first.append(row)
        rows = np.array(first, dtype=np.int64)
        column = _cluster_column(table, options.cluster)
        names = sorted({name for side in sides for name in side})
        at = {name: i for i, name in enumerate(names)}
        a, b = (np.array([at[side[row]] for row in first], dtype=np.int64) for side in sides)
        cluster = table.codes(column)[1][rows] if column else np.arange(len(rows))
        items = Items(tuple(names), a, b, cluster.astype(np.int64), _measures(table, rows))
        return cls(items, keys, [sides[0][row] for row in first], column, by, prompt)

    def place(self, table: Table) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """(n,) the comparison of each row, −1 where it is not known, and whether its sides are turned."""
        sides = [table.texts(name).to_pylist() for name in ("model_a", "model_b")]
        keys = _keys(table, self.by, self.prompt, sides)
        place = np.array([self.keys.get(key, -1) for key in keys], dtype=np.int64)
        turned = np.zeros(len(place), dtype=np.bool_)
        for row in np.flatnonzero(place >= 0).tolist():
            own = {sides[0][row], sides[1][row]}
            item = int(place[row])
            if own != {self.left[item], self.items.names[self.items.b[item]]}:
                raise fault("Another row of this comparison names other models.", table.row(row), "model_a")
            turned[row] = sides[0][row] != self.left[item]
        return place, turned


def _keys(table: Table, by: str, prompt: str, sides: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    if by:
        return [(name,) for name in table.texts(by).to_pylist()]
    prompts = table.texts(prompt).to_pylist()
    return [(name, *sorted(pair)) for name, *pair in zip(prompts, *sides, strict=True)]


def _filtered(table: Table, where: Sequence[tuple[str, str]]) -> Table:
    for name in ("model_a", "model_b"):
        table.require(name)
    if "winner" not in table.columns:
        table.require("credit")
    for column, value in where:
        keep = np.array([text.casefold() == value.casefold() for text in table.texts(column).to_pylist()])
        if not keep.any():
            raise fault(f"No row has {column} = '{value}'.")
        table = table.filter(keep)
    return table


def _credit(table: Table, column: str) -> NDArray[np.float64]:
    """(n,) credit of model_a by a winner's word or a number from 0 to 1; NaN for an empty cell."""
    found = np.empty(len(table.rows))
    for row, text in enumerate(table.texts(column).to_pylist()):
        value = WINNERS.get(text.strip())
        if value is None:
            value = _number(text)
            if value is None:
                words = ", ".join(word for word in WINNERS if word)
                raise fault(
                    f"'{text[:60]}' is neither a number from 0 to 1 nor any of {words}.", table.row(row), column
                )
        found[row] = value
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


def _voters(table: Table) -> NDArray[np.int64]:
    column = next((name for name in VOTERS if name in table.columns), "")
    return table.codes(column)[1].astype(np.int64) if column else np.arange(len(table.rows))


def _cluster_column(table: Table, asked: str) -> str:
    if asked == "none":
        return ""
    if asked != "auto":
        table.require(asked)
        return asked
    return next((name for name in CLUSTERS if name in table.columns), "")


def _measures(table: Table, rows: NDArray[np.int64]) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Of every measure M with columns M_a and M_b, by comparison."""
    named = [name for name in MEASURES if f"{name}_a" in table.columns and f"{name}_b" in table.columns]
    return {name: (table.numbers(f"{name}_a")[rows], table.numbers(f"{name}_b")[rows]) for name in named}


def _column_judge(table: Table, column: str, place: NDArray[np.int64], turned: NDArray[np.bool_]) -> JudgeRows:
    """One verdict for each comparison and order; the rows of several voters repeat it and must not differ."""
    table.require(column)
    credit = np.where(turned, 1 - _credit(table, column), _credit(table, column))
    rows: dict[tuple[int, bool], int] = {}
    for row, key in enumerate(zip(place.tolist(), turned.tolist(), strict=True)):
        first = rows.setdefault(key, row)
        if not np.array_equal(credit[first], credit[row], equal_nan=True):
            message = f"The judge's verdict differs from that of row {table.row(first)} on the same comparison."
            raise fault(message, table.row(row), column)
    use = np.array(list(rows.values()), dtype=np.int64)
    blank = np.full(len(use), np.nan)
    return JudgeRows(Calls(place[use], credit[use], turned[use], np.zeros(len(use), dtype=np.int64)), blank, blank)


def _file_judges(path: Path, known: _Known, wanted: Sequence[str]) -> dict[str, JudgeRows]:
    table = _filtered(read_table(path, list), ())
    table.require(known.by or known.prompt)
    names, codes = table.codes(JUDGE) if JUDGE in table.columns else ((path.name.split(".")[0],), np.zeros(0, np.int64))
    codes = codes if len(codes) else np.zeros(len(table.rows), dtype=np.int64)
    missing = [name for name in wanted if name not in names]
    if missing:
        raise fault(f"There is no judge '{missing[0]}'. Judges: {', '.join(names)}.")
    return {
        name: _judge_rows(table.filter(codes == code), known)
        for code, name in enumerate(names)
        if not wanted or name in wanted
    }


def _judge_rows(table: Table, known: _Known) -> JudgeRows:
    place, turned = known.place(table)
    credit = _credit(table, "winner" if "winner" in table.columns else "credit")
    use = place >= 0
    calls = Calls(
        place[use], np.where(turned, 1 - credit, credit)[use], turned[use], _repeats(place[use] * 2 + turned[use])
    )
    spent = {name: _spent(table, columns)[use] for name, columns in SPENT.items()}
    return JudgeRows(calls, spent["cost"], spent["seconds"], int(np.sum(~use)))


def _repeats(key: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) the how-manieth row of its key, from 0."""
    order = np.argsort(key, kind="stable")
    _, start, count = np.unique(key[order], return_index=True, return_counts=True)
    found = np.empty(len(key), dtype=np.int64)
    found[order] = np.arange(len(key)) - np.repeat(start, count)
    return found


def _spent(table: Table, columns: Sequence[str]) -> NDArray[np.float64]:
    column = next((name for name in columns if name in table.columns), "")
    return table.numbers(column, missing=True) if column else np.full(len(table.rows), np.nan)
