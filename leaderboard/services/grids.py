"""Expands a sweep's grids into its arms: every combination once, in the order in which it was written."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from leaderboard.contracts import registry
from leaderboard.contracts.params import FieldError, InvalidInput, sentence
from leaderboard.contracts.said import said
from leaderboard.contracts.written import read_grid, write_choice

MAX_ARMS = 100


@dataclass(frozen=True)
class Grid:
    """A strategy and, by setting, the values to try; a value that is no list counts as a list of one."""

    strategy: str
    grid: Mapping[str, Any]

    def values(self) -> dict[str, list[Any]]:
        """By setting, what is tried."""
        return {name: list(value) if isinstance(value, list | tuple) else [value] for name, value in self.grid.items()}

    def size(self) -> int:
        """Combinations, equal ones counted each time."""
        return math.prod(len(values) for values in self.values().values())


@dataclass(frozen=True)
class Arm:
    """One configuration of a sweep. `source`: which grid it came from. `sampled`: False where it never varies."""

    label: str
    strategy: str
    params: dict[str, Any]
    fingerprint: str
    sampled: bool
    source: int


def read(lines: Sequence[str]) -> list[Grid]:
    """Grids written as `min-p temperature=1,2 min_p=0.05,0.1`, one a line.

    Raises InvalidInput at ("arms", line) with every line that cannot be read.
    """
    found, faults = [], []
    for place, line in enumerate(lines):
        try:
            found.append(Grid(*read_grid(line)))
        except ValueError as problem:
            faults.append(FieldError(("arms", place), sentence(problem)))
    if faults:
        raise InvalidInput(*faults)
    return found


def expand(grids: Sequence[Grid], common: Mapping[str, Any]) -> list[Arm]:
    """The arms of all grids with the `common` settings, equal ones merged.

    Raises InvalidInput at ("arms", grid, "strategy"), ("arms", grid, "grid", setting, place) or ("decoding", setting),
    with every fault that was found.
    """
    if not grids:
        raise InvalidInput(FieldError(("arms",), said("Give one strategy or more.")))
    count = sum(grid.size() for grid in grids)
    if count > MAX_ARMS:
        message = said(
            "These are {count} arms; one sweep may have {max_arms}. Try fewer values, or make several sweeps.",
            count=count,
            max_arms=MAX_ARMS,
        )
        raise InvalidInput(FieldError(("arms",), message))
    found: dict[str, Arm] = {}
    faults: list[FieldError] = []
    for place, grid in enumerate(grids):
        for arm in _expanded(place, grid, common, faults):
            found.setdefault(arm.fingerprint, arm)
    if faults:
        raise InvalidInput(*dict.fromkeys(faults))
    return _told_apart(list(found.values()))


def _expanded(place: int, grid: Grid, common: Mapping[str, Any], faults: list[FieldError]) -> Iterator[Arm]:
    where = ("arms", place)
    try:
        registry.decoding.choose(grid.strategy, *where, "strategy")
    except InvalidInput as problem:
        faults += problem.errors
        return
    values = grid.values()
    faults += [
        FieldError((*where, "grid", name), said("Give one value or more."))
        for name, given in values.items()
        if not given
    ]
    for combination in product(*(range(len(given)) for given in values.values())):
        chosen = dict(zip(values, combination, strict=True))
        settings = {**common, **{name: values[name][at] for name, at in chosen.items()}}
        try:
            yield _arm(grid.strategy, settings, place)
        except InvalidInput as problem:
            faults += [_pointed(error, place, grid, chosen, common) for error in problem.errors]


def _arm(strategy: str, settings: Mapping[str, Any], place: int) -> Arm:
    parsed = registry.decoding.parse(strategy, settings)
    built = registry.decoding.get(strategy)(parsed)
    digest = registry.decoding.fingerprint(strategy, parsed)
    return Arm(built.label, strategy, parsed.canonical(), digest, built.samples, place)


def _pointed(
    error: FieldError, place: int, grid: Grid, chosen: Mapping[str, int], common: Mapping[str, Any]
) -> FieldError:
    """The fault at the value that caused it, where one did."""
    name = str(error.path[0]) if error.path else ""
    if name in chosen:
        within = (chosen[name],) if isinstance(grid.grid[name], list | tuple) else ()
        return FieldError(("arms", place, "grid", name, *within, *error.path[1:]), error.message)
    if name in common:
        return FieldError(
            ("decoding", *error.path), said("'{strategy}': {message}", strategy=grid.strategy, message=error.message)
        )
    return FieldError(("arms", place, "grid", *error.path), error.message)


def _told_apart(arms: list[Arm]) -> list[Arm]:
    """Labels that two arms share get the settings in which these differ."""
    shared = {label for label, count in Counter(arm.label for arm in arms).items() if count > 1}
    return [replace(arm, label=_longer(arm, arms)) if arm.label in shared else arm for arm in arms]


def _longer(arm: Arm, arms: Sequence[Arm]) -> str:
    twins = [other for other in arms if other.label == arm.label]
    differ = {
        name: value
        for name, value in arm.params.items()
        if any(other.strategy != arm.strategy or other.params.get(name) != value for other in twins)
    }
    return f"{arm.label} ({write_choice(arm.strategy, differ)})"
