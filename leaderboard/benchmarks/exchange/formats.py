"""Every format by name: how it is read, and which files an export of it has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from leaderboard.benchmarks.exchange import alpaca, arena_hard, battles, fastchat, plain
from leaderboard.benchmarks.exchange.items import Item, Source
from leaderboard.benchmarks.exchange.options import ReadOptions
from leaderboard.benchmarks.exchange.preferences import SCHEMA as PAIR_SCHEMA
from leaderboard.benchmarks.exchange.preferences import Preferences
from leaderboard.benchmarks.exchange.writing import csv_rows, json_lines, json_list, parquet_rows, zipped
from leaderboard.contracts.said import said

Reader = Callable[[Sequence[Path], ReadOptions], Iterator[Item]]
READERS: Mapping[str, Reader] = {
    "battles": battles.read,
    "fastchat": fastchat.read,
    "arena-hard": arena_hard.read,
    "csv": plain.read,
    "jsonl": plain.read,
    "parquet": plain.read,
}

JSON, JSONL, CSV, PARQUET = "application/json", "application/x-ndjson", "text/csv", "application/vnd.apache.parquet"
ZIP = "application/zip"

Rows = Iterable[Mapping[str, Any]]
Files = Iterator[tuple[str, Iterator[bytes]]]


@dataclass(frozen=True)
class Format:
    """A format of exports: one file of `rows`, or several `files` by name. `suffix` and `media` as they are sent."""

    name: str
    title: str
    suffix: str
    media: str
    rows: Callable[[Source], Rows] | None = None
    encode: Callable[[Rows], Iterator[bytes]] | None = None
    files: Callable[[Source], Files] | None = None

    def parts(self, source: Source, *, min_margin: float = 0.0) -> Iterator[bytes]:
        """The bytes of the one file, or of a zip of all; `min_margin` is for preferences. Raises InvalidInput."""
        if self.files is not None:
            return zipped(self.files(source))
        assert self.rows is not None and self.encode is not None
        rows = Preferences(source, min_margin=min_margin) if self.name in PREFERENCES else self.rows(source)
        return self.encode(rows)


def _csv(columns: Iterable[str]) -> Callable[[Rows], Iterator[bytes]]:
    return partial(csv_rows, tuple(columns))


def _parquet(schema: Mapping[str, Any]) -> Callable[[Rows], Iterator[bytes]]:
    return partial(parquet_rows, schema)


PREFERENCES = ("preferences", "preferences-parquet")
FORMATS: Mapping[str, Format] = {
    form.name: form
    for form in (
        Format("jsonl", said("All columns, JSON lines"), "jsonl", JSONL, plain.rows, json_lines),
        Format("csv", said("All columns, CSV"), "csv", CSV, plain.rows, _csv(plain.SCHEMA)),
        Format("parquet", said("All columns, Parquet"), "parquet", PARQUET, plain.rows, _parquet(plain.SCHEMA)),
        Format("battles", said("LMArena battles, JSON"), "json", JSON, battles.rows, json_list),
        Format("battles-jsonl", said("LMArena battles, JSON lines"), "jsonl", JSONL, battles.rows, json_lines),
        Format("battles-csv", said("LMArena battles, CSV"), "csv", CSV, battles.table_rows, _csv(battles.SCHEMA)),
        Format(
            "battles-parquet",
            said("LMArena battles, Parquet"),
            "parquet",
            PARQUET,
            battles.table_rows,
            _parquet(battles.SCHEMA),
        ),
        Format("alpaca-eval", said("AlpacaEval's folder, zip"), "zip", ZIP, files=alpaca.files),
        Format("arena-hard", said("Arena-Hard's folder, zip"), "zip", ZIP, files=arena_hard.files),
        Format("fastchat", said("FastChat's folder, zip"), "zip", ZIP, files=fastchat.files),
        Format("preferences", said("Preference pairs, JSON lines"), "jsonl", JSONL, Preferences, json_lines),
        Format(
            "preferences-parquet",
            said("Preference pairs, Parquet"),
            "parquet",
            PARQUET,
            Preferences,
            _parquet(PAIR_SCHEMA),
        ),
    )
}
