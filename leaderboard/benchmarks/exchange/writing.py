"""Writes rows as JSONL, JSON lists, CSV and Parquet, and several files as one zip, piece by piece."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet

from leaderboard.benchmarks.exchange.cells import MARK, MARK_COLUMN, guarded

T = TypeVar("T")
PIECE = 1 << 16
"""Bytes that are sent together."""
GROUP = 1000
"""Rows of one Parquet row group."""
DATE = (1980, 1, 1, 0, 0, 0)
"""Of each file in a zip, so that the same facts give the same bytes."""

Row = Mapping[str, Any]


def json_lines(rows: Iterable[Row], *, ascii_only: bool = True) -> Iterator[bytes]:
    """One object a line."""
    return joined(json.dumps(row, ensure_ascii=ascii_only).encode() + b"\n" for row in rows)


def json_list(rows: Iterable[Row]) -> Iterator[bytes]:
    """A list of objects, each on its own lines."""

    def parts() -> Iterator[bytes]:
        before = b"[\n"
        for row in rows:
            yield before + json.dumps(row, ensure_ascii=False, indent=2).encode()
            before = b",\n"
        yield b"[]\n" if before == b"[\n" else b"\n]\n"

    return joined(parts())


def csv_rows(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """A header and the rows, with a mark in the column `format` that says that cells are guarded."""

    def parts() -> Iterator[bytes]:
        yield _line([MARK_COLUMN, *columns])
        for row in rows:
            yield _line([MARK, *(cell(row.get(name)) for name in columns)])

    return joined(parts())


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    # With a bare "\n" as terminator the writer would leave cells with "\r" unquoted, and readers would break them.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def cell(value: Any) -> str:
    """A value as a CSV cell: empty for nothing, guarded text, the shortest exact number, JSON for the rest."""
    if value is None:
        return ""
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, int | float) else guarded(json.dumps(value, ensure_ascii=False))


def parquet_rows(schema: Mapping[str, pa.DataType], rows: Iterable[Row]) -> Iterator[bytes]:
    """A Parquet file with a row group for each thousand rows; objects and lists are JSON texts."""
    sink = _Sink()
    fields = pa.schema(list(schema.items()))
    with pa.parquet.ParquetWriter(sink, fields, compression="zstd") as writer:
        for group in _groups(rows):
            table = [{name: _packed(row.get(name), kind) for name, kind in schema.items()} for row in group]
            writer.write_table(pa.Table.from_pylist(table, schema=fields))
            yield sink.taken()
    yield sink.taken()


def _packed(value: Any, kind: pa.DataType) -> Any:
    as_text = pa.types.is_string(kind) and value is not None and not isinstance(value, str)
    return json.dumps(value, ensure_ascii=False) if as_text else value


def _groups(rows: Iterable[T]) -> Iterator[list[T]]:
    source = iter(rows)
    while group := list(islice(source, GROUP)):
        yield group


def zipped(files: Iterable[tuple[str, Iterator[bytes]]]) -> Iterator[bytes]:
    """Files by name as one zip, none of which is ever whole in memory."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, parts in files:
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as file:
                for part in parts:
                    file.write(part)
                    yield sink.taken()
    yield sink.taken()


def joined(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in larger pieces."""
    held, size = [], 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= PIECE:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


class _Sink(io.RawIOBase):
    """A file that keeps only what has not been taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self.held, self.at = bytearray(), 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Hold the bytes."""
        size = len(memoryview(data).cast("B")) if not isinstance(data, bytes) else len(data)
        self.held += data
        self.at += size
        return size

    def tell(self) -> int:
        """Bytes written so far."""
        return self.at

    def taken(self) -> bytes:
        """What was written since the last time."""
        found, self.held = bytes(self.held), bytearray()
        return found
