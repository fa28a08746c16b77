"""Reads the published reference data as `Battles` and expected rows."""

from __future__ import annotations

import csv
import gzip
import io
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as parquet
import pytest

from leaderboard.ratings.battles import Battles, coded

CREDIT = {"model_a": 1.0, "model_b": 0.0, "tie": 0.5, "both_bad": 0.5}
METHODS = {
    "bt": "evalica.bradley_terry",
    "sandwich": "arena_rank.BradleyTerry",
    "even": "arena_rank.BradleyTerry(reweighted)",
    "bootstrap": "fastchat.compute_bt+bootstrap100",
}
Row = dict[str, str]


class Published(NamedTuple):
    win_rate: float
    standard_error: float
    discrete_win_rate: float
    n_total: int
    n_wins: int
    n_wins_base: int
    n_draws: int


def battles_of(rows: list[Row], cluster: str = "", measures: tuple[str, ...] = ()) -> Battles:
    """File order; each row stands for itself unless a column is named. An entrant met with itself says nothing."""
    rows = [row for row in rows if row["model_a"] != row["model_b"]]
    names, (a, b) = coded([row["model_a"] for row in rows], [row["model_b"] for row in rows])
    return Battles(
        names,
        a,
        b,
        np.array([CREDIT[row["winner"]] for row in rows]),
        np.unique([row[cluster] for row in rows], return_inverse=True)[1] if cluster else None,
        measures={
            name: tuple(np.array([float(row[f"{name}_{s}"]) for row in rows]) for s in "ab") for name in measures
        },
    )


@cache
def read(path: Path) -> list[Row]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def boards(root: Path) -> list[str]:
    """The boards of the folder's own table of expected ratings."""
    return sorted({row["board"] for row in read(root / "arena" / "expected_ratings.csv")})


def board(root: Path, name: str) -> list[Row]:
    """The rows of a board. Its name is a file's, or the first word of one, and then words that filter."""
    file, words = _file_and_words(root, name)
    rows = read(file)
    for word in words:
        rows = _filtered(root, file, rows, word)
    return rows


def _file_and_words(root: Path, name: str) -> tuple[Path, list[str]]:
    files = {path.name.split(".")[0]: path for path in vote_files(root)}
    for stem in sorted(files, key=len, reverse=True):
        if name == stem or name.startswith(stem + "_"):
            return files[stem], name[len(stem) + 1 :].split("_") if name != stem else []
    family, *words = name.split("_")
    for stem, path in files.items():
        if stem.split("_")[0] == family and all(_knows(path, word) for word in words):
            return path, words
    pytest.skip(f"no file of votes fits the board {name}")


def _knows(path: Path, word: str) -> bool:
    return word in ("anony", "all", "honest") or any(_column_of(row, word) for row in read(path))


def _column_of(row: Row, word: str) -> str | None:
    return next((c for c in ("task", "judge", "category", "language") if row.get(c, "").startswith(word)), None)


def _filtered(root: Path, file: Path, rows: list[Row], word: str) -> list[Row]:
    if word == "all":
        return rows
    if word == "anony":
        rows = [row for row in rows if row["anony"] == "True"]
        return [row for row in rows if row.get("identity_leak", "False") == "False"]
    if word == "honest":
        kind = voter_kinds(file)
        return [row for row in rows if kind[row["judge"]] == "honest"]
    found = [row for row in rows if _column_of(row, word)]
    return found or pytest.skip(f"no filter fits the word {word}")


def vote_files(root: Path) -> list[Path]:
    """Every file of votes."""
    return sorted((root / "arena").glob("*.csv.gz"))


def synthetic(root: Path) -> list[Path]:
    """Every file of votes whose truth is known."""
    return [path for path in vote_files(root) if truth(path, "models").is_file()]


def truth(file: Path, what: str) -> Path:
    return file.with_name(f"{file.name.split('.')[0]}_truth_{what}.csv")


def voter_kinds(file: Path) -> dict[str, str]:
    return {row["judge"]: row["kind"] for row in read(truth(file, "voters"))}


def expected(root: Path, name: str, method: str) -> dict[str, Row]:
    rows = read(root / "arena" / "expected_ratings.csv")
    return {row["competitor"]: row for row in rows if row["board"] == name and row["method"] == method}


def alpaca_battles(root: Path, baseline: str) -> Battles:
    """Every judged model against the baseline; an instruction is a cluster."""
    table = parquet.read_table(root / "alpaca_eval" / "annotations.parquet").to_pydict()
    names = [baseline, *sorted(set(table["model"]) - {baseline})]
    place = {name: i for i, name in enumerate(names)}
    columns = zip(table["model"], table["instruction_index"], table["preference"], strict=True)
    rows = [(place[model], 0, preference - 1, index) for model, index, preference in columns if model != baseline]
    return Battles.of(names, rows)


def alpaca_leaderboard(root: Path) -> dict[str, Published]:
    rows = read(root / "alpaca_eval" / "leaderboard.csv")
    kinds = Published.__annotations__
    floats, counts = list(kinds)[:3], list(kinds)[3:]
    return {
        row["model"]: Published(*(float(row[name]) for name in floats), *(int(float(row[name])) for name in counts))
        for row in rows
    }
