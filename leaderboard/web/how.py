"""The page that says how a board's numbers were computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from leaderboard.contracts.said import said
from leaderboard.models import Standing
from leaderboard.queries import boards as read_boards
from leaderboard.queries import charts as read
from leaderboard.web import pairing
from leaderboard.web.boards import details_of
from leaderboard.web.charts.chart import names_of
from leaderboard.web.columns import NONE, chance_text
from leaderboard.web.language import listed, retold
from leaderboard.web.methods import METHODS, ORDER, Method, rating_method

DIFFICULTY = {
    "given": said("The difficulty of each instruction was given with the benchmark and joined by instruction."),
    "fitted": said("The difficulty of each instruction was fitted from this board's own judgments."),
    "none": said("No difficulty of instructions was used: there was none to join, and too little to fit it from."),
}


@dataclass(frozen=True)
class Used:
    """A method as it was used: its words (None for a plugin unknown here), version, settings and notes."""

    name: str
    words: Method | None
    version: str
    params: list[tuple[str, str]]
    notes: list[str]
    reason: str
    is_rating: bool


@dataclass(frozen=True)
class Neighbours:
    """What separates two neighbours, as text."""

    better: str
    worse: str
    difference: str
    chance: str
    p_holm: str
    more: str


@dataclass(frozen=True)
class Game:
    """How far length moves a measure, in percent of it."""

    name: str
    verbose: float | None
    concise: float | None
    reason: str


@require_safe
def how(request: HttpRequest, slug: str) -> HttpResponse:
    """Methods, inputs and what separates the entries of a board."""
    board = get_object_or_404(read_boards.all_boards(), slug=slug)
    details, rows = details_of(board), read.standings(board)
    names = names_of(rows)
    length = details.get("length") or {}
    context = {
        "board": board,
        "details": details,
        "told_notes": [retold(details, note) for note in details.get("notes") or []],
        "methods": used(details, board.rater),
        "inputs": inputs(details, rows),
        "neighbours": separations(details, names),
        "asked": asked(details, names),
        "fragility": fragility_sentence(details, names),
        "difficulty": DIFFICULTY.get(length.get("difficulty", ""), ""),
        "games": games(length, details),
        "pairing": pairing.section(board),
    }
    return render(request, "how.html", context)


def inputs(details: Mapping[str, Any], rows: Sequence[Standing]) -> dict[str, str]:
    """How many verdicts there were, how many of them unscored, and how many numbers are missing over all rows."""
    counts = details.get("counts") or {}
    missing = sum(row.missing for row in rows)
    return {
        "verdicts": f"{counts.get('verdicts', 0):,}",
        "unscored": f"{counts.get('unscored', 0):,}",
        "missing": f"{missing:,}",
    }


def used(details: Mapping[str, Any], rater: str) -> list[Used]:
    """The methods of a snapshot, the known ones first."""
    kept: dict[str, Any] = details.get("methods") or {}
    if not kept and details.get("rater"):
        kept = {details["rater"]: {"version": details.get("version", "")}}
    names = sorted(kept, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    return [_used(name, kept[name], name == rating_method(rater), details) for name in names]


def _used(name: str, kept: Mapping[str, Any], is_rating: bool, details: Mapping[str, Any]) -> Used:
    params = [(key, _value(value)) for key, value in (kept.get("params") or {}).items()]
    words = METHODS.get(name)
    return Used(
        name,
        words,
        kept.get("version", ""),
        params,
        [retold(details, note) for note in kept.get("notes") or []],
        retold(details, kept.get("reason", "")),
        is_rating,
    )


def _value(value: Any) -> str:
    if value in ("", None, [], {}):
        return _("not set")
    if isinstance(value, list):
        return listed(value)
    return (_("yes") if value else _("no")) if isinstance(value, bool) else str(value)


def separations(details: Mapping[str, Any], names: Mapping[str, str]) -> list[Neighbours]:
    """Each pair of neighbours, from the top of the board down."""
    return [_separation(one, names, details) for one in details.get("neighbours") or []]


def _separation(one: Mapping[str, Any], names: Mapping[str, str], details: Mapping[str, Any]) -> Neighbours:
    p, decided = one.get("p_holm"), one.get("decided")
    about = _("about %(n)s") % {"n": f"{one['more']:,}"} if one.get("more") else ""
    more = _("decided") if decided else about or retold(details, one.get("note") or "") or NONE
    return Neighbours(
        names.get(one["better"], one["better"]),
        names.get(one["worse"], one["worse"]),
        difference_text(one),
        chance_text(one.get("chance")),
        NONE if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}",
        more,
    )


def difference_text(one: Mapping[str, Any]) -> str:
    """A difference in points and its own standard error."""
    error = one.get("se")
    return f"{one['difference']:.1f}" + ("" if error is None else f" ± {error:.1f}")


def asked(details: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Comparisons worth asking for next: both names, and what one more would gain."""
    found = details.get("ask_next") or []
    return [
        (names.get(one["first"], one["first"]), names.get(one["second"], one["second"]), _gain(one.get("gain")))
        for one in found
    ]


def _gain(gain: float | None) -> str:
    if gain is None:
        return _("nothing connects these two yet")
    return f"{gain:,.0f}" if gain >= 100 else f"{gain:.3g}"


def fragility_sentence(details: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """How few judgments hold up the first place; "" where that is not known."""
    found = details.get("fragility")
    if not found:
        return ""
    n, share = found["n_removed"], found["share"]
    said_of = {
        "n": f"{n:,}",
        "challenger": names.get(found["challenger"], found["challenger"]),
        "leader": names.get(found["leader"], found["leader"]),
    }
    if not share:
        return _("Without %(n)s judgments, %(challenger)s would lead instead of %(leader)s.") % said_of
    return _("Without %(n)s of %(all)s judgments, %(challenger)s would lead instead of %(leader)s.") % {
        **said_of,
        "all": f"{round(n / share):,}",
    }


def games(length: Mapping[str, Any], details: Mapping[str, Any]) -> list[Game]:
    """Length gameability of the raw and of the length-controlled win rate, where it was looked for."""
    kept = length.get("gameability") or {}
    if "reason" in kept:
        return [Game(_("Both"), None, None, retold(details, kept["reason"]))]
    titles = (("raw", _("Win rate")), ("lc", _("Length-controlled win rate")))
    return [
        Game(
            title, kept[name].get("verbose"), kept[name].get("concise"), retold(details, kept[name].get("reason") or "")
        )
        for name, title in titles
        if kept.get(name)
    ]
