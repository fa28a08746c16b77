"""Reads a table from CSV, JSONL or Parquet (plain or .gz) as columns; every fault names row and column.

Rows count from 1 and the header is not counted. What the columns mean is not known here.
"""

from __future__ import annotations

import difflib
import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from leaderboard.benchmarks.checks import plain_type
from leaderboard.contracts.params import FieldError, InvalidInput

KINDS = (".csv", ".jsonl", ".parquet")
BLOCK_BYTES = 4 << 20

Progress = Callable[[int, int], None]
"""Called with (bytes read, bytes in all)."""


def fault(message: str, row: int | None = None, column: str | None = None) -> InvalidInput:
    """An error at a place of the table; both parts of the place are optional."""
    place = ", ".join(f"{word} {value}" for word, value in (("row", row), ("column", column)) if value is not None)
    return InvalidInput(FieldError((), f"{place[:1].upper()}{place[1:]}: {message}" if place else message))


@dataclass(frozen=True)
class Table:
    """Columns of equal length; `rows` (n,) holds each row's number in the file, from 1."""

    columns: Mapping[str, pa.ChunkedArray]
    rows: NDArray[np.int64]

    def require(self, name: str) -> pa.ChunkedArray:
        """The column. Raises InvalidInput, with the columns that there are and the likeliest one meant."""
        if name not in self.columns:
            close = difflib.get_close_matches(name, self.columns, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            raise fault(f"There is no column '{name}'.{hint} Columns: {', '.join(self.columns)}.")
        return self.columns[name]

    def filter(self, keep: NDArray[np.bool_]) -> Table:
        """The rows where `keep` (n,) is true."""
        mask = pa.array(keep)
        return Table({name: column.filter(mask) for name, column in self.columns.items()}, self.rows[keep])

    def texts(self, name: str) -> pa.ChunkedArray:
        """A column as text; what is missing is ""."""
        return pc.fill_null(_plain(self.require(name)).cast(pa.string()), "")

    def codes(self, name: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """(K,) distinct texts, ascending, and (n,) places among them."""
        encoded = self.texts(name).combine_chunks().dictionary_encode()
        names = np.array(encoded.dictionary.to_pylist(), dtype=object)
        order = np.argsort(names)
        place = np.empty(len(names), dtype=np.int64)
        place[order] = np.arange(len(names))
        found = encoded.indices.to_numpy(zero_copy_only=False)
        return tuple(names[order]), place[found]

    def numbers(self, name: str, *, missing: bool = False) -> NDArray[np.float64]:
        """(n,) finite numbers; with `missing`, an empty cell is NaN. Raises InvalidInput for the first bad cell."""
        column = _plain(self.require(name))
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = _blank_to_null(column)
        try:
            found = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise self._bad_number(name, column) from None
        empty = column.is_null().to_numpy(zero_copy_only=False)
        bad = ~np.isfinite(found) & ~(empty & missing)
        if bad.any():
            place = int(np.argmax(bad))
            what = "The cell is empty." if empty[place] else f"{found[place]} is not a finite number."
            raise fault(what, self.row(place), name)
        return cast(NDArray[np.float64], np.array(found, dtype=np.float64))

    def row(self, place: int) -> int:
        """The row's number in the file."""
        return int(self.rows[place])

    def _bad_number(self, name: str, column: pa.ChunkedArray) -> InvalidInput:
        for place, value in enumerate(column.to_pylist()):
            try:
                float(value if value is not None else 0)
                pa.scalar(str(value)).cast(pa.float64()) if value is not None else None
            except (TypeError, ValueError, pa.ArrowInvalid):
                return fault(f"'{str(value)[:60]}' is not a number.", self.row(place), name)
        return fault(f"A column of {column.type} holds no numbers.", column=name)


def silent(done: int, total: int) -> None:
    """No progress."""


def read_table(path: Path, wanted: Callable[[Sequence[str]], Sequence[str]], progress: Progress = silent) -> Table:
    """The columns that `wanted` picks from those of the file.

    Raises: InvalidInput for a file that cannot be read, of another kind, without rows, or with a bad row.
    """
    kind = _kind(path)
    readers = {".csv": _read_csv, ".jsonl": _read_jsonl, ".parquet": _read_parquet}
    try:
        columns = readers[kind](path, wanted, progress)
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise fault(f"The gzip data of {path.name} is damaged or ends early: {problem}.") from None
    except OSError as problem:
        raise fault(f"{path.name} cannot be read: {problem.strerror or problem}.") from None
    except pa.ArrowInvalid as problem:
        raise fault(f"{path.name} cannot be read: {problem}.") from None
    size = len(next(iter(columns.values()))) if columns else 0
    if not size:
        raise fault(f"{path.name} holds no rows.")
    return Table(columns, np.arange(1, size + 1))


def _kind(path: Path) -> str:
    if not path.is_file():
        raise fault(f"There is no file {path}.")
    kind = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if kind not in KINDS:
        raise fault(f"{path.name}: a table ends in {', '.join(KINDS)}, plain or .gz.")
    if kind == ".parquet" and path.suffix == ".gz":
        raise fault(f"{path.name}: Parquet is packed inside already; unpack the .gz first.")
    return kind


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _blank_to_null(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), None, column)


def _unpacked(path: Path, raw: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw


def _read_csv(path: Path, wanted: Callable[[Sequence[str]], Sequence[str]], progress: Progress) -> dict[str, Any]:
    names = list(wanted(_csv_header(path)))
    text = pa.dictionary(pa.int32(), pa.string())
    convert = pa.csv.ConvertOptions(include_columns=names, column_types=dict.fromkeys(names, text), null_values=[])
    batches: list[Any] = []
    uneven: list[Any] = []
    with path.open("rb") as raw:
        try:
            reader = _open_csv(_unpacked(path, raw), convert, uneven)
            for batch in reader:
                batches.append(batch)
                progress(raw.tell(), path.stat().st_size)
        except pa.ArrowInvalid:
            for row in uneven:
                message = f"It has {row.actual_columns} cells, the header has {row.expected_columns}."
                raise fault(message, None if row.number is None else row.number - 1) from None
            raise
        table = pa.Table.from_batches(batches, schema=reader.schema).unify_dictionaries()
    return {name: table[name] for name in names}


def _csv_header(path: Path) -> list[str]:
    with path.open("rb") as raw:
        line = _unpacked(path, raw).readline(1 << 20).removeprefix(b"\xef\xbb\xbf")
    if not line.strip():
        raise fault(f"{path.name} is empty: its first line must name the columns.")
    names = cast(list[str], pa.csv.read_csv(pa.BufferReader(line)).column_names)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise fault(f"The header names the column '{twice[0]}' twice.")
    return names


def _open_csv(stream: BinaryIO, convert: Any, uneven: list[Any]) -> Any:
    def refuse(row: Any) -> str:
        uneven.append(row)
        return "error"

    parse = pa.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse)
    read = pa.csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES)
    return pa.csv.open_csv(stream, read_options=read, parse_options=parse, convert_options=convert)


def _read_parquet(path: Path, wanted: Callable[[Sequence[str]], Sequence[str]], progress: Progress) -> dict[str, Any]:
    with pa.parquet.ParquetFile(path) as file:
        names = list(wanted(file.schema_arrow.names))
        batches = []
        for number in range(file.num_row_groups):
            batches.append(file.read_row_group(number, columns=names))
            progress(number + 1, file.num_row_groups)
        table = pa.concat_tables(batches) if batches else file.schema_arrow.empty_table()
    return {name: table[name] for name in names}


def _read_jsonl(path: Path, wanted: Callable[[Sequence[str]], Sequence[str]], progress: Progress) -> dict[str, Any]:
    columns: dict[str, list[str]] = {}
    with path.open("rb") as raw:
        for number, row in _objects(_unpacked(path, raw)):
            if not columns:
                columns = {name: [] for name in wanted(list(row))}
            for name, values in columns.items():
                values.append(_cell(row, name, number))
            if number % 10_000 == 0:
                progress(raw.tell(), path.stat().st_size)
    return {name: pa.chunked_array([pa.array(values, pa.string())]) for name, values in columns.items()}


def _objects(stream: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
    """(row number, object). Splits on LF alone: Unicode separators occur inside strings."""
    number = 0
    for line in stream:
        if not line.strip():
            continue
        number += 1
        try:
            row = json.loads(line)
        except ValueError as problem:
            raise fault(f"This is not JSON: {problem}.", number) from None
        if not isinstance(row, dict):
            raise fault(f"This must be an object, not {plain_type(row)}.", number)
        yield number, row


def _cell(row: dict[str, Any], name: str, number: int) -> str:
    value = row.get(name)
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise fault(f"A cell must be text or a number, not {plain_type(value)}.", number, name)
    return str(value) if isinstance(value, bool) else repr(value)
