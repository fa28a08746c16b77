"""What stands behind a snapshot's rows, as JSON: methods, what separates neighbours, charts' data, fragility."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

import numpy as np

from leaderboard.contracts.said import Said, kept, said
from leaderboard.ratings import active, deciding, pairs
from leaderboard.ratings.entry_flags import Flag
from leaderboard.ratings.fragility import Fragility, bradley_terry_fragility, win_rate_fragility
from leaderboard.ratings.gameability import length_gameability
from leaderboard.ratings.strengths import Fit
from leaderboard.ratings.win_rate import sides
from leaderboard.services.length_tables import LENGTH
from leaderboard.services.rating import Tables

ASKED = 5
"""Comparisons worth asking for next that a snapshot names."""


_PLAIN = frozenset({str, int, bool, type(None)})


class Details(TypedDict, total=False):
    """Keys of `BoardSnapshot.details`. Entries are named by slug; differences and rates are in points."""

    rater: str
    version: str
    notes: list[str]
    counts: dict[str, int]
    methods: dict[str, dict[str, Any]]
    """By method: version, params, notes, or only `reason` where it gave nothing."""
    elo_history: dict[str, list[list[float]]]
    categories: list[dict[str, Any]]
    """name, prompts, verdicts."""
    style: list[dict[str, Any]]
    """name, beta, se, low, high in logits for one `scale` of the feature."""
    length: dict[str, Any]
    """difficulty (given, fitted, none), `gamma` by prompt where fitted, coefficients by entry, gameability."""
    pairs: dict[str, list[Any]]
    """entries, and by pair of places i < j: won_i (credit of i) and n."""
    neighbours: list[dict[str, Any]]
    """Fields of `deciding.Separation`, from the top of the board down."""
    ask_next: list[dict[str, Any]]
    """first, second, gain in points², None where the two cannot be compared yet."""
    fragility: dict[str, Any] | None
    """leader, challenger, n_removed, share."""
    flags: list[dict[str, Any]]
    """entry, kind, sentence, evidence, cleared."""
    voters: dict[str, int]
    """Voters tested, and how many of them each test found; nobody is named."""
    said: dict[str, Any]
    """By English sentence that stands above or in a row's note: its template and values (`contracts.said.kept`)."""
    people: Mapping[str, Any]
    """What `services.people.People` documents; empty on a board that counts no votes."""


def details(result: Tables, flags: Sequence[Flag], cleared: frozenset[tuple[str, str]]) -> Details:
    """All keys but `categories`."""
    table = pairs.count_pairs(result.battles)
    neighbours = _neighbours(result, result.fit, table)
    chief = result.chief
    return {
        "rater": result.ground.board.rater,
        "version": chief.version if chief else "",
        "notes": [*_notes(result), *_baseline_note(result, flags, cleared)],
        "counts": {"verdicts": result.found.rows, "unscored": result.found.rows - len(result.found.battles.credit)},
        "methods": _methods(result),
        "elo_history": result.tables["elo"].extra["history"] if "elo" in result.tables else {},
        "style": result.tables["style"].extra["style"] if "style" in result.tables else [],
        "length": _length(result),
        "pairs": _pairs(result.battles.names, table),
        "neighbours": [dataclasses.asdict(one) for one in neighbours],
        "ask_next": _asked(result.fit, neighbours),
        "fragility": _fragility(result),
        "flags": [
            {
                "entry": flag.entry,
                "kind": flag.kind,
                "sentence": flag.sentence,
                "evidence": dict(flag.evidence),
                "cleared": (flag.entry, flag.kind) in cleared,
            }
            for flag in flags
        ],
    }


def _notes(result: Tables) -> list[str]:
    """What readers of the ranking must know: the chief method's own notes, or why it gave nothing."""
    rater = result.ground.board.rater
    if rater in result.reasons:
        return [said("{name}: {reason}", name=rater, reason=result.reasons[rater])]
    return list(result.chief.notes) if result.chief else []


def _baseline_note(result: Tables, flags: Sequence[Flag], cleared: frozenset[tuple[str, str]]) -> Sequence[str]:
    baseline = result.ground.board.baseline
    if baseline and any(flag.entry == baseline.slug and (flag.entry, flag.kind) not in cleared for flag in flags):
        return (said("The baseline is flagged. It stays in the ranking, since the others are measured by it."),)
    return ()


def _methods(result: Tables) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        name: {"version": table.version, "params": dict(table.params), "notes": list(table.notes)}
        for name, table in result.tables.items()
    }
    return {**found, **{name: {"reason": reason} for name, reason in result.reasons.items()}}


def _pairs(names: Sequence[str], table: pairs.PairTable) -> dict[str, list[Any]]:
    columns = {"i": table.i, "j": table.j, "won_i": table.won_i, "n": table.n}
    return {"entries": list(names), **{name: values.tolist() for name, values in columns.items()}}


def _order(result: Tables) -> list[int]:
    """Places among the ranked entries, best first, of those that have a value."""
    if result.chief is None:
        return []
    values = {rating.name: rating.value for rating in result.chief.ratings}
    known = [(i, values.get(name)) for i, name in enumerate(result.battles.names)]
    rated = [(place, value) for place, value in known if value is not None]
    return [place for place, _ in sorted(rated, key=lambda one: (-one[1], result.battles.names[one[0]]))]


def _neighbours(result: Tables, fitted: Fit | None, table: pairs.PairTable) -> tuple[deciding.Separation, ...]:
    order, rater = _order(result), result.ground.board.rater
    try:
        if rater == "win-rate":
            baseline = result.ground.board.baseline.slug if result.ground.board.baseline else ""
            views = sides(result.battles, baseline)
            return deciding.win_rate_neighbours(result.battles.names, views, order, baseline=baseline)
        if rater == "bradley-terry" and fitted is not None:
            return deciding.neighbours(fitted, order, table=table)
    except ValueError as problem:
        result.reasons["neighbours"] = str(problem)
    return ()


def _asked(fitted: Fit | None, neighbours: Sequence[deciding.Separation]) -> list[dict[str, Any]]:
    if fitted is None or len(fitted.names) < 2:
        return []
    contrasts = active.undecided(fitted, neighbours) if neighbours else None
    if contrasts is not None and not len(contrasts):
        contrasts = None
    asked = active.best_pairs(fitted, ASKED, contrasts)
    return [
        {"first": one.first, "second": one.second, "gain": one.gain if math.isfinite(one.gain) else None}
        for one in asked
        if one.gain > 0
    ]


def _fragility(result: Tables) -> dict[str, Any] | None:
    board = result.ground.board
    baseline = board.baseline.slug if board.baseline else ""
    ways: dict[str, Callable[[], Fragility | None]] = {
        "win-rate": lambda: win_rate_fragility(result.battles, baseline),
        "bradley-terry": lambda: bradley_terry_fragility(result.battles),
    }
    if board.rater not in ways or (board.rater == "win-rate" and not baseline):
        return None
    try:
        found = ways[board.rater]()
    except ValueError:
        return None
    if found is None:
        return None
    return {name: getattr(found, name) for name in ("leader", "challenger", "n_removed", "share")}


def _length(result: Tables) -> dict[str, Any]:
    table = result.tables.get(LENGTH)
    if table is None:
        return {}
    raw = {rating.name: rating.value for rating in result.tables["win-rate"].ratings if rating.value is not None}
    lc = {rating.name: rating.value for rating in table.ratings if rating.value is not None}
    return {
        "difficulty": table.extra["difficulty"],
        "coefficients": table.extra["coefficients"],
        "gamma": table.extra.get("gamma", []),
        "gameability": {"raw": _gameability(result, raw, raw), "lc": _gameability(result, lc, raw)},
    }


def _gameability(result: Tables, metric: Mapping[str, float], raw: Mapping[str, float]) -> dict[str, Any]:
    """By the model's name where it tells entries apart, since variants are named by it; else by slug."""
    names = {entry.slug: entry.model.name for entry in result.ground.entries}
    if len(set(names.values())) < len(names):
        names = {slug: slug for slug in names}
    found = length_gameability(
        {names[slug]: value for slug, value in metric.items()}, {names[slug]: value for slug, value in raw.items()}
    )
    return dataclasses.asdict(found)


def sayings(*places: Any) -> dict[str, Any]:
    """By its English: each sentence with values within these lists, tuples and mappings, to be said again later."""
    found: dict[str, Any] = {}
    for value in places:
        if isinstance(value, Said):
            found |= {value[:]: kept(value)} if value.values else {}
        elif isinstance(value, Mapping):
            found |= sayings(*value.values())
        elif isinstance(value, list | tuple):
            found |= sayings(*value)
    return found


def plain(value: Any) -> Any:
    """`value` with numpy's numbers as Python's, tuples as lists, and numbers that JSON does not have as None."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is Said:
        return value[:]
    if kind is float:
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    return {str(name): plain(part) for name, part in value.items()} if isinstance(value, Mapping) else value
