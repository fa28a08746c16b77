"""Reads the published decoding data."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leaderboard.ratings.variation.gaps import Cell

Table = dict[str, dict[str, float]]


def greedy_tables(root: Path) -> dict[str, Any]:
    return json.loads(_file(root, "goodbadgreedy_tables.json").read_text("utf-8"))


def cells(benchmark: str, rows: Table) -> list[Cell]:
    return [
        Cell(model, benchmark, row["greedy"], row["sample_mean"], row.get("std"), row.get("delta_best_worst"))
        for model, row in rows.items()
    ]


def verdict_files(root: Path) -> list[Path]:
    """Every file of stored verdicts that has expected figures beside it."""
    folder = root / "decoding"
    return [path for path in sorted(folder.glob("humaneval_*.csv")) if expected_file(path).is_file()]


def expected_file(path: Path) -> Path:
    return path.with_name(path.stem + "_expected.json")


def verdicts(path: Path) -> np.ndarray:
    """(P, N): 1 where the program passed."""
    with path.open(encoding="utf-8", newline="") as file:
        return np.array([[float(mark == "P") for mark in row["verdicts"]] for row in csv.DictReader(file)])


def rows(root: Path, name: str) -> list[dict[str, str]]:
    with _file(root, name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _file(root: Path, name: str) -> Path:
    path = root / "decoding" / name
    return path if path.is_file() else pytest.skip(f"the folder of reference data has no {name}")
