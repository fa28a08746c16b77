"""A plugin with its settings as one line of text, such as `temperature temperature=1.5`, read and written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from leaderboard.contracts.said import said

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
SETTING = re.compile(r"\s*([A-Za-z_]\w*)=")
BARE = re.compile(r"\S+")
BARE_VALUE = re.compile(r"[^\s,]+")


def read_choice(text: str) -> tuple[str, dict[str, Any]]:
    """The plugin's name and its settings. A value is JSON, or else a text without spaces.

    Raises: ValueError that says what cannot be read.
    """
    name, _, rest = text.strip().partition(" ")
    if not NAME.fullmatch(name):
        raise ValueError(said("begin with a plugin's name such as 'temperature', not {name!r}", name=name[:40]))
    settings: dict[str, Any] = {}
    for key, value in _settings(rest):
        if key in settings:
            raise ValueError(said("'{key}' is given twice", key=key))
        settings[key] = value
    return name, settings


def read_grid(text: str) -> tuple[str, dict[str, list[Any]]]:
    """As `read_choice`, but each setting may have several values with commas between: `min-p min_p=0.05,0.1`.

    A text that holds a comma or a space stands in double quotes. Raises: ValueError that says what cannot be read.
    """
    name, _, rest = text.strip().partition(" ")
    if not NAME.fullmatch(name):
        raise ValueError(said("begin with a plugin's name such as 'temperature', not {name!r}", name=name[:40]))
    grid: dict[str, list[Any]] = {}
    at, end = 0, len(rest.rstrip())
    while at < end:
        found = SETTING.match(rest, at)
        if found is None:
            raise ValueError(said("write settings as name=value,value, not {value!r}", value=rest[at:].strip()[:40]))
        if found[1] in grid:
            raise ValueError(said("'{found}' is given twice", found=found[1]))
        grid[found[1]], at = _values(rest, found.end(), found[1])
    return name, grid


def _values(rest: str, at: int, name: str) -> tuple[list[Any], int]:
    values: list[Any] = []
    while True:
        try:
            value, stop = json.JSONDecoder(parse_constant=_refuse).raw_decode(rest, at)
        except (ValueError, RecursionError):
            value, stop = None, -1
        if stop < 0 or not (stop == len(rest) or rest[stop] == "," or rest[stop].isspace()):
            bare = BARE_VALUE.match(rest, at)
            if bare is None:
                raise ValueError(said("'{name}' lacks a value", name=name))
            value, stop = bare[0], bare.end()
        values.append(value)
        if rest[stop : stop + 1] != ",":
            return values, stop
        at = stop + 1


def write_choice(name: str, settings: Mapping[str, Any]) -> str:
    """The one line that `read_choice` reads back: settings sorted by name, values as JSON."""
    told = (f"{key}={json.dumps(settings[key], sort_keys=True, separators=(',', ':'))}" for key in sorted(settings))
    return " ".join((name, *told))


def _settings(rest: str) -> Iterator[tuple[str, Any]]:
    at, end = 0, len(rest.rstrip())
    while at < end:
        found = SETTING.match(rest, at)
        if found is None:
            raise ValueError(said("write settings as name=value, not {value!r}", value=rest[at:].strip()[:40]))
        value, at = _value(rest, found.end())
        yield found[1], value


def _value(rest: str, at: int) -> tuple[Any, int]:
    try:
        value, stop = json.JSONDecoder(parse_constant=_refuse).raw_decode(rest, at)
    except (ValueError, RecursionError):
        value, stop = None, -1
    if stop >= 0 and (stop == len(rest) or rest[stop].isspace()):
        return value, stop
    bare = BARE.match(rest, at)
    if bare is None:
        raise ValueError(said("a setting has no value"))
    return bare[0], bare.end()


def _refuse(word: str) -> Any:
    raise ValueError(word)
