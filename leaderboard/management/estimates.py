"""An estimate as lines of text, `name: value` each, for the commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from leaderboard.services.estimates import Estimate
from leaderboard.services.work import Work

STAGES = ("generation", "judging")


def lines(size: Estimate) -> Iterator[str]:
    """Sizes, then each stage, then each judge, then what was assumed."""
    for name, value in vars(size).items():
        if name not in (*STAGES, "judges", "assumed"):
            yield f"{_words(name)}: {_told(value)}"
    for stage in STAGES:
        yield from _stage(stage, getattr(size, stage))
    for one in size.judges:
        yield from _stage(f"judge {one.judge}", one.work)
    yield f"dollars in all: {_money(size.usd)}"
    for note in size.assumed:
        yield f"assumed: {note}"


def _stage(name: str, work: Work) -> Iterator[str]:
    for field, value in vars(work).items():
        if value is not None or not field.endswith("at_most"):
            told = _money(value) if field.startswith("usd") else _told(value)
            yield f"{name} {_words(field)}: {told}"


def _words(name: str) -> str:
    return name.replace("usd", "dollars").replace("_", " ")


def _told(value: Any) -> str:
    if value is None:
        return "not known"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _money(value: float | None) -> str:
    return "not known" if value is None else f"{value:.4f}"
