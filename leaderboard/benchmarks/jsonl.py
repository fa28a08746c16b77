"""Benchmarks in a JSONL file: one object a line with `text`, and `key`, `reference`, `category` if wanted.

`earlier` holds the turns before the text, each with `role` and `content`; `checklist` is a list of texts for judges.
A conversation has `turns`, a list of texts, in place of `text`: each turn becomes an item that follows the one before.
Its `reference` is a list with a text for each turn, and its `checklist` a list of such lists. `question_id` stands for
`key`, so that MT-bench's own questions can be read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from pydantic import Field

from leaderboard.benchmarks.checks import clean_text, plain_type
from leaderboard.benchmarks.turns import key_before, turn_key
from leaderboard.contracts.params import FieldError, InvalidInput, Params
from leaderboard.contracts.values import BenchmarkData, BenchmarkItem, Message

MAX_LINE_BYTES = 1 << 20
MAX_ITEMS = 100_000
MAX_KEY = 200
MAX_FAULTS = 20
"""Reading stops after this many faults."""

TEXTS = ("key", "text", "reference", "category")
FIELDS = (*TEXTS, "earlier", "checklist", "turns", "question_id")
ROLES = ("system", "user", "assistant")


class JsonLinesParams(Params):
    """Which file, and what to call it."""

    path: str = Field(min_length=1, max_length=4096, description="The JSONL file, on the machine that loads it.")
    name: str = Field(min_length=1, max_length=100, description="What the benchmark is called.")
    version: str = Field("1", min_length=1, max_length=50, description="Raise it when the file changes.")


class JsonLines:
    """Reads a JSONL file line by line; every fault names its line."""

    name: ClassVar[str] = "jsonl"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "A JSONL file"
    Params: ClassVar[type[Params]] = JsonLinesParams

    def __init__(self, params: JsonLinesParams) -> None:
        self.params = params

    def load(self) -> BenchmarkData:
        """The whole file. Raises InvalidInput with up to 20 faults."""
        return BenchmarkData(self.params.name, self.params.version, read_items(Path(self.params.path)))


def read_items(path: Path) -> tuple[BenchmarkItem, ...]:
    """The items of a JSONL file, in its order. An item without `key` is called "line-" and its line number.

    Raises: InvalidInput; paths in it are ("lines", line number, field).
    """
    if not path.is_file():
        raise InvalidInput(FieldError(("path",), f"There is no file {path}."))
    items: dict[str, BenchmarkItem] = {}
    faults: list[FieldError] = []
    with path.open("rb") as stream:
        try:
            _read(stream, items, faults)
        except InvalidInput as problem:
            faults.extend(problem.errors)
    if not items and not faults:
        faults.append(FieldError(("path",), f"{path.name} holds no items."))
    if faults:
        raise InvalidInput(*faults[:MAX_FAULTS])
    return tuple(items.values())


def _read(stream: BinaryIO, items: dict[str, BenchmarkItem], faults: list[FieldError]) -> None:
    """Fills `items` and `faults`. Raises InvalidInput for a line after which reading cannot go on."""
    for number, raw in _lines(stream):
        try:
            for item in _items(raw, number):
                _add(items, item)
        except InvalidInput as problem:
            faults.extend(_on_line(number, fault) for fault in problem.errors)
        if len(faults) >= MAX_FAULTS:
            return


def _on_line(number: int, fault: FieldError) -> FieldError:
    return FieldError(("lines", number, *fault.path), f"Line {number}: {fault.message}")


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(line number, bytes), blank lines left out. Splits on LF alone: Unicode separators occur inside strings."""
    number = 0
    while raw := stream.readline(MAX_LINE_BYTES + 2):
        number += 1
        body = raw.removesuffix(b"\n").removesuffix(b"\r")
        if len(body) > MAX_LINE_BYTES:
            too_long = f"This is longer than {MAX_LINE_BYTES} bytes. Reading stopped here."
            raise InvalidInput(_on_line(number, FieldError((), too_long)))
        if number == 1:
            body = body.removeprefix(b"\xef\xbb\xbf")
        if body.strip():
            yield number, body


def _add(items: dict[str, BenchmarkItem], item: BenchmarkItem) -> None:
    if item.key in items:
        raise InvalidInput(FieldError(("key",), f"The key {item.key!r} was used before."))
    if len(items) >= MAX_ITEMS:
        raise InvalidInput(FieldError((), f"A benchmark holds at most {MAX_ITEMS} items."))
    items[item.key] = item


def _items(raw: bytes, number: int) -> list[BenchmarkItem]:
    """One item, or one for each turn."""
    fields = _object(raw)
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        known = f"Known fields: {', '.join(FIELDS)}."
        raise InvalidInput(*(FieldError((name,), f"There is no field {name!r}. {known}") for name in unknown))
    key = _key(fields, f"line-{number}")
    if "turns" not in fields:
        return [_item(fields, key)]
    return [_item(own, turn_key(key, turn), key_before(key, turn)) for turn, own in enumerate(_of_each_turn(fields), 1)]


def _key(fields: dict[str, Any], otherwise: str) -> str:
    if "key" in fields and "question_id" in fields:
        raise InvalidInput(FieldError(("question_id",), "Give 'key' or 'question_id', not both."))
    name = "question_id" if "question_id" in fields else "key"
    key = _text(fields, name) if name in fields else otherwise
    if not 0 < len(key) <= MAX_KEY:
        raise InvalidInput(FieldError((name,), f"A key has 1 to {MAX_KEY} characters."))
    return key


def _item(fields: dict[str, Any], key: str, follows: str = "") -> BenchmarkItem:
    if "text" not in fields:
        raise InvalidInput(FieldError(("text",), "The field 'text' is missing."))
    texts = {name: _text(fields, name) for name in TEXTS if name in fields and name != "key"}
    if not texts["text"].strip():
        raise InvalidInput(FieldError(("text",), "The text is empty."))
    return BenchmarkItem(key=key, earlier=_earlier(fields), checklist=_checklist(fields), follows=follows, **texts)


def _of_each_turn(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of each turn as an item would have them; `earlier` goes before the first."""
    if "text" in fields:
        raise InvalidInput(FieldError(("turns",), "Give 'text' or 'turns', not both."))
    texts = _list(fields, "turns")
    if not texts:
        raise InvalidInput(FieldError(("turns",), "There must be at least 1 turn."))
    shared = {name: fields[name] for name in ("category",) if name in fields}
    rows = [{**shared, "text": text} for text in texts]
    rows[0] |= {name: fields[name] for name in ("earlier",) if name in fields}
    for name in ("reference", "checklist"):
        own = _list(fields, name)
        if len(own) > len(rows):
            raise InvalidInput(FieldError((name,), f"There are {len(rows)} turns, but {len(own)} parts here."))
        for row, part in zip(rows, own, strict=False):
            row[name] = part
    return rows


def _earlier(fields: dict[str, Any]) -> tuple[Message, ...]:
    return tuple(_turn(turn, place) for place, turn in enumerate(_list(fields, "earlier")))


def _turn(turn: Any, place: int) -> Message:
    where = ("earlier", place)
    if not isinstance(turn, dict) or set(turn) != {"role", "content"}:
        raise InvalidInput(FieldError(where, "A turn is an object with 'role' and 'content'."))
    if turn["role"] not in ROLES:
        raise InvalidInput(FieldError((*where, "role"), f"A role is one of {', '.join(ROLES)}."))
    try:
        return Message(turn["role"], _text(turn, "content"))
    except InvalidInput as problem:
        raise InvalidInput(*(fault.under(*where) for fault in problem.errors)) from None


def _checklist(fields: dict[str, Any]) -> tuple[str, ...]:
    items = _list(fields, "checklist")
    try:
        return tuple(_text({"checklist": item}, "checklist") for item in items)
    except InvalidInput:
        raise InvalidInput(FieldError(("checklist",), "A checklist is a list of texts.")) from None


def _list(fields: dict[str, Any], name: str) -> list[Any]:
    value = fields.get(name, [])
    if not isinstance(value, list):
        raise InvalidInput(FieldError((name,), f"This must be a list, not {plain_type(value)}."))
    return value


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as problem:
        raise InvalidInput(FieldError((), f"Byte {problem.start + 1} is not UTF-8.")) from None
    except json.JSONDecodeError as problem:
        raise InvalidInput(FieldError((), f"This is not JSON: {problem.msg} at column {problem.colno}.")) from None
    except (ValueError, RecursionError) as problem:
        raise InvalidInput(FieldError((), f"This JSON cannot be read: {problem}.")) from None
    if not isinstance(value, dict):
        raise InvalidInput(FieldError((), f"This must be an object, not {plain_type(value)}."))
    return value


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields[name]
    if name in ("key", "question_id") and type(value) is int:
        value = str(value)
    try:
        return clean_text(value)
    except InvalidInput as problem:
        raise InvalidInput(*(fault.under(name) for fault in problem.errors)) from None
