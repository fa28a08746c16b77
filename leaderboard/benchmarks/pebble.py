"""The benchmark that ships with the service: problems that the pebble models never saw."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from leaderboard.benchmarks.jsonl import read_items
from leaderboard.contracts.params import NoParams, Params
from leaderboard.contracts.values import BenchmarkData

FILE = Path(__file__).parent / "data" / "pebble_tasks.jsonl"
DESCRIPTION = "Small reasoning problems with one exact answer, held out from what the pebble models learned."


class PebbleTasks:
    """96 problems over 7 categories; `models/make_benchmark.py` makes the file."""

    name: ClassVar[str] = "pebble-tasks"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Pebble tasks: small problems with exact answers"
    Params: ClassVar[type[Params]] = NoParams

    def __init__(self, params: NoParams) -> None:
        self.params = params

    def load(self) -> BenchmarkData:
        """The committed file. Raises InvalidInput where it was damaged."""
        return BenchmarkData(self.name, self.version, read_items(FILE), DESCRIPTION)
