"""The page of all boards and the page of one board."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from leaderboard.benchmarks.exchange.formats import FORMATS
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.models import Board, Submission
from leaderboard.queries import audits, people, standings, variation
from leaderboard.queries import boards as read
from leaderboard.queries.standings import Line, View
from leaderboard.web import board_jobs, columns
from leaderboard.web.audits import worths
from leaderboard.web.basis import basis
from leaderboard.web.charts.whiskers import measure, whiskers
from leaderboard.web.columns import Cell
from leaderboard.web.flags import sentence
from leaderboard.web.language import current as current_language
from leaderboard.web.language import listed, retold, translated
from leaderboard.web.people import together
from leaderboard.web.variation import ladders


@dataclass(frozen=True)
class Warned:
    """A flag on a row: its kind as words, and the sentence that says why."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Shown:
    """A row of the table. `first_flagged` puts the heading of the flagged ones above it."""

    row: Line
    cells: list[Cell]
    flags: list[Warned]
    first_flagged: bool
    note: str
    """Empty where a chip or the heading above says the same."""


@dataclass(frozen=True)
class Choice:
    """A link that changes what the board shows; `on` is what it shows now."""

    label: str
    href: str
    on: bool
    hint: str = ""


@require_safe
def boards(request: HttpRequest) -> HttpResponse:
    """All boards."""
    return render(request, "boards.html", {"cards": read.cards()})


@require_safe
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """One board. Its ETag begins with the snapshot's digest."""
    found = get_object_or_404(read.all_boards(), slug=slug)
    view = View.of(request.GET)
    _check_category(found, view.category)
    active = read.active_submissions(found)
    report, audit = variation.newest_digest(found), audits.newest(found)
    family, stuck = people.family(found), board_jobs.lines(request, found)
    seen = [[line.job.pk, line.job.state, line.job.error] for line in stuck]
    reports = [report, audit, [[one.slug, one.current_id] for one in family], seen]
    etag = _etag(request, found, view, active, reports)
    unread = "messages" in request.COOKIES  # a 304 would hide them
    answer = None if unread else get_conditional_response(request, etag=etag)
    if answer is None:
        shown = _ladder(found, view) if report else {}
        beside = {"together": together(found, family), "family": family, "has_report": bool(report), "stuck": stuck}
        answer = render(request, "board.html", {**_context(found, view, active), **shown, **beside})
    answer["ETag"] = etag
    answer["Cache-Control"] = "no-cache"
    return answer


def details_of(board: Board) -> dict[str, Any]:
    """What the current snapshot keeps beside its rows; empty before the first one."""
    return board.current.details if board.current else {}


def _check_category(board: Board, category: str) -> None:
    if category and category not in {one["name"] for one in details_of(board).get("categories") or []}:
        raise Http404(f"This board has no category '{category}'.")


def _etag(request: HttpRequest, found: Board, view: View, active: list[Submission], reports: list[Any]) -> str:
    """The snapshot's digest, and what else the page shows.

    That is the view, the language, who is signed in, what runs, the form token, and the newest reports on variation
    and judges.
    """
    digest = found.current.digest if found.current else "empty"
    known = [found.wanted, found.built, found.title, *reports]
    seen = [request.user.pk, request.META.get("CSRF_COOKIE"), view.but(), current_language(), *known]
    shown = fingerprint("page", seen, [[str(s.pk), s.state] for s in active])
    return f'"{digest}.{shown[:12]}"'


def _context(found: Board, view: View, active: list[Submission]) -> dict[str, Any]:
    stored = standings.rows(found, view)
    styles = standings.has_style(stored)
    view = replace(view, style=view.style and styles)
    rows = standings.lines(found, stored, view)
    details = details_of(found)
    kinds = columns.kinds(rows, view)
    shown = _shown(rows, kinds, details, measure(found.rater, style=view.style))
    notes = any(line.note for line in shown)
    chosen = next((one for one in details.get("categories") or [] if one["name"] == view.category), None)
    return {
        "board": found,
        "view": view,
        "columns": columns.heads(kinds, view),
        "width": len(kinds) + 2 + notes,
        "notes": notes,
        "how": reverse("how", args=[found.slug]),
        "lines": shown,
        "details": details,
        "style": details.get("style") or [],
        "style_names": listed(translated(one["name"]) for one in details.get("style") or []),
        "told_notes": [retold(details, note) for note in details.get("notes") or []],
        "basis": basis(found, details, chosen) if details else "",
        "style_choices": _style_choices(view) if styles else [],
        "categories": _category_choices(details, view),
        "active": active,
        "stale": found.built < found.wanted,
        "votes_here": found.open_to_votes,
        "worths": worths(found),
        "downloads": _downloads(found),
    }


def _ladder(found: Board, view: View) -> dict[str, Any]:
    """The decoding ladder of the model that the view names, and the models to choose from; two queries."""
    models = variation.models(found)
    chosen = next((model for model in models if not view.model or str(model.pk) == view.model), None)
    report = variation.of_model(found, chosen.pk) if chosen else None
    if report is None:
        raise Http404(f"This board has no report of a model '{view.model}'.")
    choices = [Choice(model.name, f"{view.but(model=model.pk)}#ladder", model == chosen) for model in models]
    return {"ladder": ladders([report])[0], "ladder_choices": choices if len(choices) > 1 else []}


def _downloads(found: Board) -> list[Choice]:
    """A link for each format that the board's facts fit; AlpacaEval's needs a baseline."""
    forms = [form for form in FORMATS.values() if found.baseline_id or form.name != "alpaca-eval"]
    address = f"/api/v1/boards/{found.slug}/export"
    return [Choice(form.title, f"{address}?format={form.name}", False) for form in forms]


def _shown(rows: list[Line], kinds: list[columns.Kind], details: dict[str, Any], field: str) -> list[Shown]:
    bars, flags = whiskers([row.standing for row in rows], field), _sentences(details)
    found, before = [], False
    for row in rows:
        cells = columns.cells(row, kinds, field, bars.get(row.standing.pk))
        note = "" if row.flagged or row.is_baseline else retold(details, row.standing.note)
        found.append(Shown(row, cells, _flags(row, flags), row.flagged and not before, note))
        before = row.flagged
    return found


def _sentences(details: dict[str, Any]) -> dict[str, dict[str, str]]:
    """By entry and kind: what each flag that nobody cleared says."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for flag in details.get("flags") or []:
        if not flag.get("cleared"):
            found[flag["entry"]][flag["kind"]] = sentence(flag["kind"], flag.get("evidence") or {}, flag["sentence"])
    return found


def _flags(row: Line, sentences: dict[str, dict[str, str]]) -> list[Warned]:
    own = sentences.get(row.standing.entry.slug, {})
    kinds = dict.fromkeys([*row.standing.flags, *own])
    return [Warned(translated(kind.replace("-", " ")), own.get(kind, "")) for kind in kinds]


def _style_choices(view: View) -> list[Choice]:
    return [
        Choice(_("as judged"), view.but(style=False), not view.style, _("Ratings from the verdicts as they are")),
        Choice(
            _("with style held equal"),
            view.but(style=True),
            view.style,
            _("Ratings as if all answers were styled alike"),
        ),
    ]


def _category_choices(details: dict[str, Any], view: View) -> list[Choice]:
    """All prompts, and each category with its number of prompts; none where there is only one."""
    found = details.get("categories") or []
    if len(found) < 2 and not view.category:
        return []
    named = [
        Choice(f"{one['name']} ({one['prompts']})", view.but(category=one["name"]), view.category == one["name"])
        for one in found
    ]
    return [Choice(_("all prompts"), view.but(category=""), not view.category), *named]
