"""Reads the published reference data as `Battles` and expected rows."""

from __future__ import annotations

import csv
import gzip
import io
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as parquet

from leaderboard.ratings.battles import Battles

CREDIT = {"model_a": 1.0, "model_b": 0.0, "tie": 0.5, "both_bad": 0.5}
BOARDS = (
    "llmfao_crowd",
    "llmfao_gpt-4",
    "llmfao_gpt-3.5",
    "genai_generation_anony",
    "genai_generation_all",
    "synthetic_dev_anony",
    "synthetic_dev_anony_honest",
)
Row = dict[str, str]


class Published(NamedTuple):
    win_rate: float
    standard_error: float
    discrete_win_rate: float
    n_total: int
    n_wins: int
    n_wins_base: int
    n_draws: int


def battles_of(rows: list[Row], cluster: str = "") -> Battles:
    """File order; each row its own cluster unless a column is named. An entrant met with itself says nothing."""
    rows = [row for row in rows if row["model_a"] != row["model_b"]]
    names = sorted({row[side] for row in rows for side in ("model_a", "model_b")})
    place = {name: i for i, name in enumerate(names)}
    codes: dict[str, int] = {}
    marks = [codes.setdefault(row[cluster], len(codes)) for row in rows] if cluster else range(len(rows))
    table = [
        (place[row["model_a"]], place[row["model_b"]], CREDIT[row["winner"]], mark)
        for row, mark in zip(rows, marks, strict=True)
    ]
    return Battles.of(names, table)


@cache
def read(path: Path) -> list[Row]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def board(root: Path, name: str) -> list[Row]:
    """The rows of a board, filtered as the README of the data says."""
    arena = root / "arena"
    if name == "llmfao_crowd":
        return read(arena / "llmfao_crowd.csv.gz")
    if name.startswith("llmfao_"):
        judge = name.removeprefix("llmfao_")
        return [row for row in read(arena / "llmfao_judges.csv.gz") if row["judge"].startswith(judge)]
    if name.startswith("genai_generation"):
        rows = [row for row in read(arena / "genai_arena_20240220.csv.gz") if row["task"] == "generation"]
        return rows if name.endswith("_all") else [row for row in rows if row["anony"] == "True"]
    rows = [row for row in read(arena / "synthetic_dev.csv.gz") if row["anony"] == "True"]
    rows = [row for row in rows if row["identity_leak"] == "False"]
    if name.endswith("_honest"):
        kind = {row["judge"]: row["kind"] for row in read(arena / "synthetic_dev_truth_voters.csv")}
        rows = [row for row in rows if kind[row["judge"]] == "honest"]
    return rows


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
