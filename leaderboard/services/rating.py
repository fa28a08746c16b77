"""The tables of a board or of one category: which rater gets which battles, and what each entry's row shows."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from leaderboard.contracts import registry
from leaderboard.contracts.said import said
from leaderboard.models import Board
from leaderboard.ratings import pairs
from leaderboard.ratings.battles import Battles, Rating, RatingTable
from leaderboard.ratings.ranks import with_ranks
from leaderboard.ratings.strengths import Fit, fit_pairs
from leaderboard.services.length_tables import LENGTH, Memo, length_controlled
from leaderboard.services.material import (
    Ground,
    Ints,
    Material,
    counts,
    material,
    output_sums,
    score_sums,
    textless,
)

log = logging.getLogger(__name__)

STYLE = ("tokens", "header", "list", "bold")
VALUE_OF = {"win-rate": "win_rate", LENGTH: "lc"}
"""The column that a rater's board is sorted by, where it is not `rating`."""


METHODS = ("bradley-terry", "win-rate", "elo", LENGTH)
"""Methods that every snapshot shows, where they give something."""


@dataclass
class Tables:
    """All that was rated over some prompts. `ranked`: places of the entries that take part in the ranking.

    `tables` by method: `bradley-terry`, `win-rate`, `elo`, `length-controlled`, `style`, and the board's own; a
    method without an answer is not there, and `reasons` says why.
    """

    ground: Ground
    found: Material
    ranked: Ints
    battles: Battles
    tables: dict[str, RatingTable] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    @cached_property
    def fit(self) -> Fit | None:
        """Bradley–Terry strengths of the ranked entries; None where there is none. Raises ValueError as `solve`."""
        if not self.battles.names:
            return None
        return fit_pairs(self.battles.names, pairs.count_pairs(self.battles), crossing=self.battles)

    @property
    def chief(self) -> RatingTable | None:
        """The table that ranks the board."""
        return self.tables.get(self.ground.board.rater)

    def rate(self, name: str, battles: Battles, params: Mapping[str, Any], method: str = "") -> None:
        """Add what a rater gives for the battles."""
        self.add(name, lambda: _whole(registry.ratings.build(method or name, params).rate(battles), battles))

    def add(self, name: str, make: Callable[[], RatingTable | None]) -> None:
        """Add a table, if any; a rater that finds no rating, or fails, leaves its reason, not a number."""
        try:
            table = make()
        except (ValueError, registry.PluginError) as problem:
            self.reasons[name] = str(problem)
        except Exception as problem:  # a guest's fault must not keep the board from being refreshed
            log.exception("The rater of %s failed.", name)
            self.reasons[name] = said("The rater failed: {problem}", problem=repr(problem))
        else:
            self.tables |= {} if table is None else {name: table}


def _whole(table: RatingTable, battles: Battles) -> RatingTable:
    """The table, if it is one. Raises ValueError where entrants are missing from it."""
    if sorted(table.by_name()) != sorted(battles.names):
        raise ValueError(said("The rater did not rate every entrant."))
    return table


def rate(ground: Ground, flagged: frozenset[str], memo: Memo) -> Tables:
    """Every table. Entries in `flagged` (slugs) have rates of their own but no part in the ranking.

    Elo lines are left out but for their ends: only those of a whole board are shown.
    """
    result = rates(ground, flagged, memo)
    add_ratings(result, elo={"points": 2})
    return result


def rates(ground: Ground, flagged: frozenset[str], memo: Memo) -> Tables:
    """The tables of rates, all that flags are raised on; `add_ratings` adds the others.

    `memo` keeps length-controlled fits by their inputs, since they cost the most.
    """
    found, baseline = material(ground), _baseline(ground.board)
    stays = [entry.slug not in flagged or entry.slug == baseline for entry in ground.entries]
    ranked = np.flatnonzero(np.array(stays, dtype=np.bool_))
    result = Tables(ground, found, ranked, pairs.inside(found.battles, ranked))
    _add_rates(result, baseline, memo)
    return result


def add_ratings(result: Tables, elo: Mapping[str, Any] | None = None) -> None:
    """Add the tables of ratings, and that of the board's own rater; `elo`: settings of Elo."""
    result.rate("bradley-terry", result.battles, {})
    result.rate("elo", result.battles, elo or {})
    if any(len(np.unique(np.concatenate(result.battles.measures[name]))) > 1 for name in STYLE):
        result.rate("style", result.battles, {"style": STYLE}, "bradley-terry")
    rater = result.ground.board.rater
    if rater not in {*result.tables, *result.reasons}:
        result.rate(rater, result.battles, {})


def _baseline(board: Board) -> str:
    return board.baseline.slug if board.baseline else ""


def _add_rates(result: Tables, baseline: str, memo: Memo) -> None:
    """Win rates: of ranked entries among themselves; of the others against all, so that readers see what they did."""
    result.rate("win-rate", result.battles, {"baseline": baseline})
    every = result
    if len(result.ranked) < len(result.ground.entries):
        every = Tables(result.ground, result.found, result.ranked, result.found.battles)
        every.rate("win-rate", result.found.battles, {"baseline": baseline})
    if baseline in every.battles.names and textless(result.ground):
        every.reasons[LENGTH] = said("The texts of the answers are not stored, so their lengths are not known.")
    elif baseline in every.battles.names:
        every.add(LENGTH, lambda: length_controlled(result.ground, every.battles, baseline, memo))
    for name in ("win-rate", LENGTH):
        _keep_outsiders(result, every, name)
    result.reasons |= {name: reason for name, reason in every.reasons.items() if name == LENGTH}


def _keep_outsiders(result: Tables, every: Tables, name: str) -> None:
    """The ranked entries' own table where there is one, with the rows of the others added, unranked."""
    if name not in every.tables:
        return
    whole = every.tables[name]
    own = {**whole.by_name(), **(result.tables[name].by_name() if name in result.tables else {})}
    slugs = [result.ground.entries[place].slug for place in result.ranked.tolist()]
    inside = with_ranks([own[slug] for slug in slugs])
    outside = [dataclasses.replace(r, rank_low=None, rank_high=None) for n, r in own.items() if n not in set(slugs)]
    extra = dict(whole.extra)
    if "outcomes" in extra and name in result.tables:
        extra["outcomes"] = {**extra["outcomes"], **result.tables[name].extra["outcomes"]}
    result.tables[name] = dataclasses.replace(whole, ratings=(*inside, *outside), extra=extra)


def rows(result: Tables, flags: Mapping[str, Sequence[str]]) -> list[tuple[int, dict[str, Any]]]:
    """(entry's place, columns) in the order of the board; `flags`: by slug the kinds that keep an entry out."""
    beside = zip(
        counts(result.ground, result.found), output_sums(result.ground), score_sums(result.ground), strict=True
    )
    found = []
    for place, (entry, parts) in enumerate(zip(result.ground.entries, beside, strict=True)):
        kinds = list(flags.get(entry.slug, ()))
        columns = _columns(result, entry.slug, kinds)
        found.append((place, {**columns, **parts[0], **parts[1], **parts[2]}))
    key = VALUE_OF.get(result.ground.board.rater, "rating")
    slugs = [entry.slug for entry in result.ground.entries]

    def order(item: tuple[int, dict[str, Any]]) -> tuple[Any, ...]:
        value = item[1][key]
        return bool(item[1]["flags"]), value is None, -(value or 0.0), slugs[item[0]]

    return sorted(found, key=order)


def _columns(result: Tables, slug: str, kinds: list[str]) -> dict[str, Any]:
    of = {name: table.by_name().get(slug) for name, table in result.tables.items()}
    chief, board = of.get(result.ground.board.rater), result.ground.board.rater
    rating = of.get("bradley-terry" if board in (*VALUE_OF, "elo") else board)
    style, wins = of.get("style"), result.tables.get("win-rate")
    outcomes = wins.extra.get("outcomes", {}) if wins else {}
    note = _note(chief, kinds)
    return {
        **_group("rank", chief, ranks=True),
        **_group("rating", rating),
        **_group("win_rate", of.get("win-rate"), se=True),
        **_group("lc", of.get(LENGTH), se=True),
        "style_rating": style.value if style else None,
        "style_low": style.low if style else None,
        "style_high": style.high if style else None,
        **_group("style_rank", style, ranks=True),
        "elo": elo.value if (elo := of.get("elo")) else None,
        "discrete_win_rate": outcomes.get(slug, {}).get("discrete_win_rate"),
        "flags": kinds,
        "note": note if len(note) <= 300 else note[:300],
    }


def _group(name: str, rating: Rating | None, *, se: bool = False, ranks: bool = False) -> dict[str, Any]:
    if ranks:
        low, high = (rating.rank_low, rating.rank_high) if rating else (None, None)
        return {f"{name}_low": low, f"{name}_high": high}
    value, low_, high_ = (rating.value, rating.low, rating.high) if rating else (None, None, None)
    found = {name: value, f"{name}_low": low_, f"{name}_high": high_}
    return {**found, f"{name}_se": rating.se if rating else None} if se else found


def _note(chief: Rating | None, kinds: list[str]) -> str:
    if kinds:
        return said("Out of the ranking until a person clears it: {kinds}.", kinds=", ".join(kinds))
    return chief.note if chief else said("No verdict yet.")
