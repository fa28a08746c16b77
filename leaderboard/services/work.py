"""What a stage of work takes: calls, tokens, money and time, of which some may not be known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Work:
    """One stage. None is "not known", never zero. `…_at_most` are bounds, where there is one; `calls` is one itself.

    `usd` is in dollars. `seconds` is on one worker.
    """

    calls: int
    prompt_tokens: int | None
    prompt_tokens_at_most: int | None
    output_tokens: int | None
    output_tokens_at_most: int | None
    usd: float | None
    usd_at_most: float | None
    seconds: float | None
    seconds_at_most: float | None


@dataclass(frozen=True)
class Making:
    """Generation. `length`: mean tokens of an output; `rate`: tokens a second, over `measured` outputs."""

    work: Work
    length: float
    measured: int
    rate: float | None
    assumed: tuple[str, ...]


@dataclass(frozen=True)
class JudgeWork:
    """The share of one judge. `measured`: verdicts that it gave before."""

    judge: str
    work: Work
    measured: int
    assumed: tuple[str, ...]


def together(parts: Iterable[Work]) -> Work:
    """The sum; what one part does not know, the sum does not know."""
    found = list(parts)
    return Work(**{one.name: _sum([getattr(part, one.name) for part in found]) for one in fields(Work)})


def _sum(values: list[Any]) -> Any:
    return None if None in values else sum(values)
