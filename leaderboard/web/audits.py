"""Pages of judges: all of them with who agrees with whom, the audit of one, and the data of each chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from leaderboard.models import Board, Judge, JudgeAudit
from leaderboard.queries import audits as read
from leaderboard.ratings.agreement import report
from leaderboard.ratings.agreement.report import NONE, Line
from leaderboard.web.charts import audits as charts
from leaderboard.web.charts.chart import Chart
from leaderboard.web.heard import heard
from leaderboard.web.titles import title_of

TELLING = ("agreement", "slots", "style", "states")
"""Charts whose rows hold every figure already."""
QUANTILES = {0.1: "10 %", 0.5: gettext_lazy("half"), 0.9: "90 %", 0.99: "99 %"}
SCORES = {
    "even": gettext_lazy("even odds"),
    "credit": gettext_lazy("the bare credit"),
    "logistic": gettext_lazy("logistic map"),
    "isotonic": gettext_lazy("isotonic map"),
}


@dataclass(frozen=True)
class Row:
    """A judge on one board, as text; `audit` is None before the first one."""

    judge: Judge
    audit: JudgeAudit | None
    verdicts: str
    figures: list[tuple[str, str]]
    """Value and interval of: accuracy against people and references, first slot, same in both orders, worth."""
    unscored: str


@dataclass(frozen=True)
class Figure:
    """One figure of the audit as text."""

    name: str
    value: str
    interval: str
    n: str
    hint: str


@dataclass(frozen=True)
class Section:
    """Figures that belong together."""

    title: str
    figures: list[Figure]


@require_safe
def judges(request: HttpRequest) -> HttpResponse:
    """Every judge with its latest audits, and who agrees with whom on each board."""
    found = read.latest()
    audited = {audit.judge_id for audit in found}
    rows = [_row(audit.judge, audit) for audit in found]
    rows += [_row(judge, None) for judge in read.all_judges() if judge.pk not in audited]
    return render(request, "judges.html", {"rows": rows, "charts": matrices(found)})


def matrices(found: Sequence[JudgeAudit]) -> list[Chart]:
    """One grid a board, from what each of its audits says of its own judge."""
    by_board: dict[int, list[JudgeAudit]] = {}
    for audit in found:
        if audit.board is not None:
            by_board.setdefault(audit.board.pk, []).append(audit)
    made = [charts.matrix_chart(_pairs(own), title_of(own[0].board), f"matrix-{pk}") for pk, own in by_board.items()]
    return [chart for chart in made if chart]


def _pairs(own: Sequence[JudgeAudit]) -> list[Mapping[str, Any]]:
    """Every pair once."""
    found = {(one["first"], one["second"]): one for audit in own for one in audit.details.get("matrix") or []}
    return list(found.values())


def _row(judge: Judge, audit: JudgeAudit | None) -> Row:
    if audit is None:
        return Row(judge, None, NONE, [], NONE)
    details = audit.details
    people, truth = details.get("people"), details.get("truth")
    slot = details["balanced"]["decided"] if details["balanced"]["items"] else details["single"]["decided"]
    return Row(
        judge=judge,
        audit=audit,
        verdicts=f"{details['calls']:,}",
        figures=[
            _split(people["agreement"]["accuracy"] if people else None, "share"),
            _split(truth["accuracy"] if truth else None, "share"),
            _split(slot, "share"),
            _split(details["orders"]["same"], "share"),
            _split(people["worth"]["votes"] if people else None, "number"),
        ],
        unscored=f"{100 * (1 - details['scored'] / details['calls']):.1f} %",
    )


@require_safe
def judge(request: HttpRequest, name: str) -> HttpResponse:
    """The audit of one judge on one board; `?board=` chooses it."""
    found = _find(name)
    audits = read.of_judge(found)
    audit = _chosen(audits, request.GET.get("board", ""))
    context: dict[str, Any] = {"judge": found, "audit": audit, "choices": _choices(audits, audit)}
    if audit is not None:
        details = audit.details
        matrix = charts.matrix_chart(details.get("matrix") or [], title_of(audit.board) or _("all boards"))
        context |= {
            "details": details,
            "query": _query(audit),
            "charts": charts.drawn(details, found.name),
            "matrix": matrix,
            "parts": [_row(found, one) for one in audits if one.board] if audit.board is None else [],
            "telling": TELLING,
            "sections": sections(details),
            "scores": _scores(details),
            "drift": [_drift(one) for one in details.get("drift") or []],
            "spent": [
                _spent(details[key], unit)
                for key, unit in (("cost", "dollars"), ("seconds", "seconds"))
                if key in details
            ],
            "states": _states(details),
        }
    return render(request, "judge.html", context)


def _find(name: str) -> Judge:
    found = read.judge_named(name)
    if found is None:
        raise Http404(_("There is no judge of this name."))
    return found


def _chosen(audits: Sequence[JudgeAudit], slug: str) -> JudgeAudit | None:
    """The one on the board that was asked for, else over all boards, or on its one. Raises Http404 for another."""
    if slug:
        found = next((audit for audit in audits if audit.board and audit.board.slug == slug), None)
        if found is None:
            raise Http404(_("There is no audit of this judge on a board '%(board)s'.") % {"board": slug})
        return found
    return read.usual(audits)


def _choices(audits: Sequence[JudgeAudit], chosen: JudgeAudit | None) -> list[dict[str, Any]]:
    if len(audits) < 2:
        return []
    return [
        {
            "label": title_of(a.board) or _("All boards"),
            "href": _query(a) or "?",
            "on": a == chosen,
            "hint": "",
        }
        for a in audits
    ]


def _query(audit: JudgeAudit) -> str:
    return f"?{urlencode({'board': audit.board.slug})}" if audit.board else ""


def sections(details: Mapping[str, Any]) -> list[Section]:
    """Every figure as text, by section."""
    return [
        Section(heard(title), [_figure(line) for line in lines])
        for title, lines in groupby(report.lines(details), key=lambda line: line.section)
    ]


def _figure(line: Line) -> Figure:
    n = "" if line.n is None else f"{line.n:,}"
    return Figure(heard(line.name), *_split(line.figure, line.kind), n, heard(line.hint))


def _split(figure: report.Figure, kind: str) -> tuple[str, str]:
    """Value and interval apart, so that a narrow table can put one under the other."""
    value = report.text(figure and {"value": figure.get("value")}, kind)
    return value, charts.interval(figure, kind)


def _scores(details: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """How well each map from credit to votes predicts: its name, Brier score and log loss."""
    found = ((details.get("people") or {}).get("calibration") or {}).get("scores") or []
    return [
        (str(SCORES[s["name"]]), charts.words(s["brier"], "loss"), charts.words(s["log_loss"], "loss")) for s in found
    ]


def _states(details: Mapping[str, Any]) -> list[tuple[str, int, str]]:
    return [(heard(one["name"]), one["n"], charts.words(one["share"], "share")) for one in details.get("states") or []]


def _spent(found: Mapping[str, Any], unit: str) -> tuple[str, str]:
    if not found["known"]:
        return unit, _("not told")
    ends = _(", ").join(
        _("%(amount)s for %(share)s") % {"amount": _amount(value), "share": QUANTILES.get(share, share)}
        for share, value in found["quantiles"]
    )
    text = _("%(total)s in all, told by %(n)s, mean %(mean)s; at most %(ends)s of them")
    values = {"total": _amount(found["total"]), "n": f"{found['known']:,}", "mean": _amount(found["mean"])}
    return unit, text % {**values, "ends": ends}


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _drift(one: Mapping[str, Any]) -> dict[str, Any]:
    """A round of canaries as text."""
    return {
        "round": one["repeat"],
        "calls": one["calls"],
        "same": charts.words(one["same_credit"], "share"),
        "changed": charts.words(one["changed"], "share"),
        "moved": charts.words(one["moved"], "points"),
        "drifted": one["drifted"],
        "tests": [
            (heard(test["label"]), NONE if test["p_holm"] is None else f"{test['p_holm']:.3g}") for test in one["tests"]
        ],
    }


@require_safe
def judge_csv(request: HttpRequest, name: str, chart: str) -> HttpResponse:
    """The data of one chart of a judge."""
    found = _find(name)
    audit = _chosen(read.of_judge(found), request.GET.get("board", ""))
    if audit is not None:
        matrix = charts.matrix_chart(audit.details.get("matrix") or [], title_of(audit.board))
        for one in [*charts.drawn(audit.details, found.name), *([matrix] if matrix else [])]:
            if one.name == chart:
                headers = {"Content-Disposition": f'inline; filename="judge-{chart}.csv"'}
                return HttpResponse(one.table.csv(), content_type="text/csv; charset=utf-8", headers=headers)
    raise Http404(_("This judge has no data for a chart '%(chart)s'.") % {"chart": chart})


def worths(board: Board) -> list[tuple[Judge, str]]:
    """What a verdict of each judge is worth in human votes, where it was measured."""
    found = [(a.judge, (a.details.get("people") or {}).get("worth", {}).get("votes")) for a in read.of_board(board)]
    return [(judge, charts.words(votes, "number")) for judge, votes in found if votes and votes["value"] is not None]
