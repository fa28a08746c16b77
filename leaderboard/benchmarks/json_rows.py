"""A JSON file that holds a list of objects, read strictly: every fault names file, item and field."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from leaderboard.benchmarks.checks import clean_text, plain_type
from leaderboard.contracts.params import FieldError, InvalidInput

MAX_BYTES = 256 << 20
"""Unpacked size of one file; a zip bomb ends here."""


class ParseError(InvalidInput):
    """A fault in one file. `index` counts items from 0."""

    def __init__(self, file: str, message: str, index: int | None = None, field: str | None = None) -> None:
        place = "".join(f", {word} {value}" for word, value in (("item", index), ("field", field)) if value is not None)
        path = tuple(part for part in (file, index, field) if part is not None)
        super().__init__(FieldError(path, f"{file}{place}: {message}"))
        self.file, self.index, self.field, self.reason = file, index, field, message


@dataclass(frozen=True)
class JsonRow:
    """One object of the list. `file` is relative to the folder that was read."""

    file: str
    index: int
    value: dict[str, Any]

    def require(self, field: str) -> Any:
        """The field's value. Raises ParseError where the field is missing."""
        if field not in self.value:
            raise self.fault(field, "The field is missing.")
        return self.value[field]

    def text(self, field: str, default: str | None = None) -> str:
        """A text that can be stored; `default` where the field is missing or null, if one is given."""
        if default is not None and self.value.get(field) is None:
            return default
        try:
            return clean_text(self.require(field))
        except ParseError:
            raise
        except InvalidInput as problem:
            raise self.fault(field, problem.errors[0].message) from None

    def number(self, field: str, *, low: float = -math.inf, high: float = math.inf) -> float | None:
        """A number in [low, high]; None for a missing field, null and NaN."""
        value = self.value.get(field)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fault(field, f"This must be a number or null, not {plain_type(value)}.")
        if math.isnan(value):
            return None
        if not low <= value <= high or math.isinf(value):
            raise self.fault(field, f"{value} is outside {_span(low, high)}.")
        return float(value)

    def fault(self, field: str, message: str) -> ParseError:
        """An error at this row's `field`."""
        return ParseError(self.file, message, self.index, field)


def read_rows(path: Path, root: Path) -> Iterator[JsonRow]:
    """The objects of `path` (.json, or .json.gz), named relative to `root`. Raises ParseError."""
    file = path.relative_to(root).as_posix()
    rows = _parse(_read(path, file), file)
    if not isinstance(rows, list):
        raise ParseError(file, f"This must be a list of objects, not {plain_type(rows)}.")
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            raise ParseError(file, f"This must be an object, not {plain_type(row)}.", index)
        yield JsonRow(file, index, row)


def _read(path: Path, file: str) -> bytes:
    try:
        with _open(path) as stream:
            data = stream.read(MAX_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise ParseError(file, f"The gzip data is damaged or ends early: {problem}.") from None
    except OSError as problem:
        raise ParseError(file, f"The file cannot be read: {problem.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise ParseError(file, f"The file holds more than {MAX_BYTES} bytes.")
    return data


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _parse(data: bytes, file: str) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as problem:
        raise ParseError(file, f"Byte {problem.start + 1} is not UTF-8.") from None
    except json.JSONDecodeError as problem:
        place = f"line {problem.lineno}, column {problem.colno}"
        raise ParseError(file, f"This is not JSON: {problem.msg} at {place}.") from None
    except (ValueError, RecursionError) as problem:
        raise ParseError(file, f"This JSON cannot be read: {problem}.") from None


def _span(low: float, high: float) -> str:
    return f"[{low:g}, {high:g}]" if math.isfinite(high) else f"[{low:g}, ∞)"
