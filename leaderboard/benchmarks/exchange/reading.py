"""Reads JSONL, JSON lists, CSV and Parquet (plain or .gz) one row at a time; every fault names file and line."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

import pyarrow as pa
import pyarrow.parquet

from leaderboard.benchmarks.checks import clean_text, plain_type
from leaderboard.benchmarks.exchange.cells import MARK, MARK_COLUMN, bare
from leaderboard.benchmarks.exchange.items import fault
from leaderboard.contracts.params import FieldError, InvalidInput

MAX_ROW = 16 << 20
"""Bytes of one line, characters of one item of a JSON list, characters of one CSV cell."""
MAX_ROWS = 5_000_000
MAX_DEPTH = 40
CHUNK = 1 << 20
BATCH = 500
KINDS = (".csv", ".json", ".jsonl", ".parquet")

csv.field_size_limit(MAX_ROW)


@dataclass(frozen=True)
class Record:
    """One row. `place` is file and line. `written`: all cells are text, and "" means nothing."""

    place: str
    values: Mapping[str, Any]
    written: bool = False

    def fault(self, field: str, message: str) -> InvalidInput:
        """An error at this row's `field`."""
        return fault(self.place, f"{field}: {message}")

    def has(self, field: str) -> bool:
        """Whether the field is there and not null (in a table: not empty)."""
        value = self.values.get(field)
        return value is not None and not (self.written and value == "")

    def text(self, field: str, default: str | None = None) -> str:
        """A text that can be stored; whole numbers count as text. Raises InvalidInput where it is missing."""
        value = self.optional(field)
        if value is None and default is None:
            raise self.fault(field, "The field is missing or empty.")
        return cast(str, default) if value is None else value

    def optional(self, field: str) -> str | None:
        """The text, or None where there is none."""
        if not self.has(field):
            return None
        value = self.values[field]
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if self.written and self.values.get(MARK_COLUMN) == MARK:
            value = bare(value)
        try:
            return clean_text(value)
        except InvalidInput as problem:
            raise self.fault(field, problem.errors[0].message) from None

    def number(self, field: str, *, low: float = -math.inf, high: float = math.inf) -> float | None:
        """A finite number in [low, high]; None where the field is missing, null or NaN."""
        if not self.has(field):
            return None
        value = self.values[field]
        if self.written and isinstance(value, str):
            value = self._parsed(field, value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fault(field, f"This must be a number, not {plain_type(value)}.")
        if math.isnan(value):
            return None
        if math.isinf(value) or not low <= value <= high:
            raise self.fault(field, f"{value} is outside {low:g} to {high:g}.")
        return float(value)

    def _parsed(self, field: str, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise self.fault(field, f"'{text[:60]}' is not a number.") from None

    def whole(self, field: str) -> int | None:
        """A whole number from 0, None where it is missing."""
        value = self.number(field, low=0, high=2**53)
        if value is not None and value != int(value):
            raise self.fault(field, f"{value} is not a whole number.")
        return None if value is None else int(value)

    def flag(self, field: str) -> bool:
        """True or false; false where it is missing."""
        value = self.values.get(field)
        if value in (None, "", False, "false", "False", 0, "0"):
            return False
        if value in (True, "true", "True", 1, "1"):
            return True
        raise self.fault(field, "This must be true or false.")

    def data(self, field: str) -> dict[str, Any]:
        """An object that can be stored; in a table it is written as JSON. Empty where it is missing."""
        value = self.values.get(field) if self.has(field) else {}
        if isinstance(value, str):
            value = parse(value, f"{self.place}, {field}")
        if not isinstance(value, dict):
            raise self.fault(field, f"This must be an object, not {plain_type(value)}.")
        return cast(dict[str, Any], self.clean(field, value))

    def clean(self, field: str, value: Any, depth: int = 0) -> Any:
        """Any JSON value that every database takes, unchanged. Raises InvalidInput."""
        if depth > MAX_DEPTH:
            raise self.fault(field, f"This is nested deeper than {MAX_DEPTH} levels.")
        if isinstance(value, str):
            try:
                return clean_text(value)
            except InvalidInput as problem:
                raise self.fault(field, problem.errors[0].message) from None
        if isinstance(value, float) and not math.isfinite(value):
            raise self.fault(field, f"{value} is not a finite number.")
        if isinstance(value, dict):
            return {self.clean(field, k): self.clean(field, v, depth + 1) for k, v in value.items()}
        if isinstance(value, list):
            return [self.clean(field, v, depth + 1) for v in value]
        if isinstance(value, date):
            return value.isoformat()
        if value is None or isinstance(value, bool | int | float):
            return value
        raise self.fault(field, f"A {type(value).__name__} cannot be kept.")


def records(path: Path) -> Iterator[Record]:
    """The rows of a file, of which only a part is in memory at any time.

    Raises: InvalidInput for a file that cannot be read, of another kind, too long, or with a row that is no object.
    """
    readers = {".csv": _csv, ".json": _json, ".jsonl": _jsonl, ".parquet": _parquet}
    read = readers[kind_of(path)]
    try:
        for number, (place, row) in enumerate(read(path), 1):
            if number > MAX_ROWS:
                raise fault(path.name, f"It has more than {MAX_ROWS} rows. Split it.")
            if not isinstance(row, dict):
                raise fault(f"{path.name}, {place}", f"This must be an object, not {plain_type(row)}.")
            yield Record(f"{path.name}, {place}", row, written=read is _csv)
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise fault(path.name, f"The gzip data is damaged or ends early: {problem}.") from None
    except UnicodeDecodeError as problem:
        raise fault(path.name, f"It is not UTF-8 (byte {problem.object[problem.start]:#04x}).") from None
    except (OSError, pa.ArrowInvalid) as problem:
        raise fault(path.name, f"It cannot be read: {problem}.") from None


def kind_of(path: Path) -> str:
    """The suffix that tells how to read the file. Raises InvalidInput."""
    if not path.is_file():
        raise InvalidInput(FieldError(("path",), f"There is no file {path}."))
    kind = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if kind not in KINDS or (kind == ".parquet" and path.suffix == ".gz"):
        raise fault(path.name, f"A file of rows ends in {', '.join(KINDS)}; all but .parquet may be .gz too.")
    return kind


def parse(text: str | bytes, place: str) -> Any:
    """JSON, NaN as null. Raises InvalidInput."""
    try:
        return json.loads(text, parse_constant=_constant)
    except json.JSONDecodeError as problem:
        raise fault(place, f"This is not JSON: {problem.msg} at column {problem.colno}.") from None
    except (ValueError, RecursionError) as problem:
        raise fault(place, f"This JSON cannot be read: {problem}.") from None


def _constant(word: str) -> float | None:
    return None if word == "NaN" else float(word)


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _jsonl(path: Path) -> Iterator[tuple[str, Any]]:
    """Splits on LF alone: Unicode separators occur inside strings."""
    with _open(path) as stream:
        number = 0
        while line := stream.readline(MAX_ROW + 2):
            number += 1
            place = f"line {number}"
            if len(line) > MAX_ROW + 1:
                raise fault(f"{path.name}, {place}", f"It is longer than {MAX_ROW} bytes.")
            line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if line.strip():
                yield place, parse(_decoded(line, f"{path.name}, {place}"), f"{path.name}, {place}")


def _decoded(line: bytes, place: str) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise fault(place, f"Byte {problem.start + 1} is not UTF-8.") from None


def _csv(path: Path) -> Iterator[tuple[str, Any]]:
    with io.TextIOWrapper(_open(path), encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        try:
            names = next(reader, [])
            if not names or len(set(names)) < len(names):
                raise fault(f"{path.name}, line 1", "The first line must name the columns, each once.")
            for row in reader:
                if len(row) != len(names):
                    message = f"It has {len(row)} cells, the header has {len(names)}."
                    raise fault(f"{path.name}, line {reader.line_num}", message)
                yield f"line {reader.line_num}", dict(zip(names, row, strict=True))
        except csv.Error as problem:
            raise fault(f"{path.name}, line {reader.line_num}", f"This is not CSV: {problem}.") from None


def _parquet(path: Path) -> Iterator[tuple[str, Any]]:
    with pa.parquet.ParquetFile(path) as file:
        number = 0
        for batch in file.iter_batches(batch_size=BATCH):
            for row in batch.to_pylist():
                number += 1
                yield f"row {number}", row


def _json(path: Path) -> Iterator[tuple[str, Any]]:
    with io.TextIOWrapper(_open(path), encoding="utf-8-sig") as stream:
        for number, value in enumerate(_Listed(stream, path.name)):
            yield f"item {number}", value


class _Listed:
    """The objects of a JSON list, decoded one by one from a buffer that holds little more than one of them."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self.stream, self.name, self.buffer, self.ended = stream, name, "", False
        self.decoder = json.JSONDecoder(parse_constant=_constant)

    def __iter__(self) -> Iterator[Any]:
        self._expect("[")
        ended = self._peek() == "]" and bool(self._expect("]"))
        while not ended:
            yield self._value()
            ended = self._expect(",", "]") == "]"
        if self._peek():
            raise fault(self.name, "There is more after the end of the list.")

    def _more(self) -> bool:
        found = self.stream.read(max(CHUNK, len(self.buffer)))
        self.buffer += found
        self.ended = not found
        return bool(found)

    def _peek(self) -> str:
        self.buffer = self.buffer.lstrip(" \t\r\n")
        while not self.buffer and self._more():
            self.buffer = self.buffer.lstrip(" \t\r\n")
        return self.buffer[:1]

    def _expect(self, *signs: str) -> str:
        found = self._peek()
        if found not in signs or not found:
            what = f"found {found!r}" if found else "the file ends"
            raise fault(self.name, f"A list of objects was expected: {' or '.join(signs)} is missing, {what}.")
        self.buffer = self.buffer[1:]
        return found

    def _value(self) -> Any:
        if self._peek() != "{":
            raise fault(self.name, "Each item of the list must be an object.")
        while True:
            try:
                value, end = self.decoder.raw_decode(self.buffer)
            except RecursionError:
                raise fault(self.name, "An object is nested too deeply.") from None
            except ValueError as problem:
                if len(self.buffer) > MAX_ROW or not self._more():
                    raise fault(self.name, f"This is not JSON: {problem}.") from None
            else:
                self.buffer = self.buffer[end:]
                return value
