"""What any text must satisfy before it may be stored."""

from __future__ import annotations

import re

from leaderboard.contracts.params import FieldError, InvalidInput

_SURROGATE = re.compile(r"[\ud800-\udfff]")


def clean_text(value: object) -> str:
    """`value` unchanged, if it is text that every database takes.

    Raises: InvalidInput (empty path) for a value that is no string, NUL (PostgreSQL refuses it) and lone
    surrogates (no encoding takes them).
    """
    if not isinstance(value, str):
        raise InvalidInput(FieldError((), f"This must be text, not {plain_type(value)}."))
    if "\x00" in value:
        raise InvalidInput(FieldError((), f"Character {value.index(chr(0)) + 1} is NUL, which cannot be stored."))
    if broken := _SURROGATE.search(value):
        raise InvalidInput(FieldError((), f"Character {broken.start() + 1} is half of a surrogate pair."))
    return value


def plain_type(value: object) -> str:
    """What people call the JSON type of `value`."""
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), "text")
