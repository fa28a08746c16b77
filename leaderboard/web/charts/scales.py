"""Axes: where a value falls on the paper, and which round values to mark."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Values `low` to `high` laid over the places `start` to `end`; one value alone falls in the middle."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Iterable[float], start: float, end: float) -> Scale:
        """The scale that holds all values. Raises ValueError where there is none."""
        held = list(values)
        if not held:
            raise ValueError("A scale needs a value.")
        return cls(min(held), max(held), start, end)

    def at(self, value: float) -> float:
        """The place of `value`, to a tenth."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(self.start + share * (self.end - self.start), 1)


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


def ticks(scale: Scale, wanted: int = 5) -> list[Tick]:
    """Marks at multiples of 1, 2 or 5 times a power of ten within the scale, about `wanted` of them."""
    span = scale.high - scale.low
    if span <= 0:
        return [Tick(scale.at(scale.low), _label(scale.low, 0))]
    step = _step(span / wanted)
    digits = max(0, -math.floor(math.log10(step)))
    first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
    return [Tick(scale.at(i * step), _label(i * step, digits)) for i in range(first, last + 1)]


def _step(raw: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= raw * (1 - 1e-9))


def _label(value: float, digits: int) -> str:
    return f"{value + 0.0:,.{digits}f}"
