"""Charts of a judge's audit: agreement beside people and chance, slots, calibration, style, ratings, who agrees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leaderboard.ratings.agreement import report
from leaderboard.web.charts import heatmap
from leaderboard.web.charts.chart import Chart, Table
from leaderboard.web.charts.scales import Scale, ticks
from leaderboard.web.charts.scatter import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Dot,
    Scatter,
    Segment,
)
from leaderboard.web.charts.spans import Amounts, Measured, bars, bounds, spans
from leaderboard.web.heard import heard

Details = Mapping[str, Any]
SPANS = "parts/variation/spans.html"
HALF = 50.0
PEOPLE = "people"
"""How audits call the people among the judges."""
STATES = {"scored": 7, "unparsed": 2, "truncated": 3, "refused": 1, "no-logprobs": 4, "no-reference": 5}
"""Colours by state, from the diverging scale."""


def drawn(details: Details, judge: str) -> list[Chart]:
    """Every chart that the audit has data for."""
    makers: Sequence[Callable[[Details, str], Chart | None]] = (
        agreement_chart,
        slots_chart,
        reliability_chart,
        ratings_chart,
        style_chart,
        states_chart,
    )
    return [chart for make in makers if (chart := make(details, judge))]


def words(figure: report.Figure, kind: str) -> str:
    """A figure with its interval, as `report.text` in the reader's language."""
    value, ends = report.text(figure and {"value": figure.get("value")}, kind), interval(figure, kind)
    return f"{value} ({ends})" if ends else value


def interval(figure: report.Figure, kind: str) -> str:
    """The ends of a figure's interval, an empty text without one."""
    inner = report.text(figure, kind).partition(" (")[2].removesuffix(")")
    low, _sep, high = inner.partition(" to ")
    return _("%(low)s to %(high)s") % {"low": low, "high": high} if inner else ""


def _told(rows: Sequence[Measured]) -> str:
    return _("; ").join(f"{row.label}: {row.text}" for row in rows) + _(".")


def _rows(named: Sequence[tuple[str, Any]], scale: float = 100.0) -> list[Measured]:
    """Rows in percent (or times another scale) of those that have a value."""
    found = []
    for name, one in named:
        if one and one.get("value") is not None:
            ends = [None if one.get(end) is None else scale * one[end] for end in ("low", "high")]
            kind = "share" if scale == 100.0 else "number"
            found.append(Measured(name, scale * one["value"], ends[0], ends[1], words(one, kind)))
    return found


def _table(head: str, rows: Sequence[Measured], unit: str) -> Table:
    header = (head, unit, "low", "high")
    return Table(header, [(row.label, row.value, row.low, row.high) for row in rows])


def agreement_chart(details: Details, judge: str) -> Chart | None:
    """Accuracy of the judge, of people and of the longest rule."""
    people, truth = details.get("people"), details.get("truth")
    if people:
        named = [
            (judge, people["ceiling"]["judge"]),
            (_("one person"), people["ceiling"]["people"]),
            (_("the longer answer wins"), people["rule_judge"]),
        ]
        if people["ceiling"]["people"]["value"] is None:
            named = [
                (judge, people["agreement"]["accuracy"]),
                (_("the longer answer wins"), (people["rule"] or {}).get("accuracy")),
            ]
        title, sentence = (
            _("Agreement with people"),
            _("How often each goes with the majority of the other people, a tie being one half. In percent."),
        )
    elif truth:
        rule = details.get("truth_rule") or {}
        named = [(judge, truth["accuracy"]), (_("the longer answer wins"), rule.get("accuracy"))]
        title, sentence = (
            _("Agreement with exact references"),
            _("How often each picks the only right answer, a tie being one half. In percent."),
        )
    else:
        return None
    rows = [*_rows(named), Measured(_("a coin"), HALF, None, None, "50.0 %")]
    if len(rows) == 1:
        return None
    return Chart(
        name="agreement",
        title=title,
        sentence=sentence,
        text=_told(rows),
        template=SPANS,
        figure=spans(rows, bounds(rows)),
        table=_table("who", rows, "percent"),
    )


def slots_chart(details: Details, judge: str) -> Chart | None:
    """What the order of the answers changes."""
    named = [
        (_("first slot, both orders shown"), details["balanced"]["decided"]),
        (_("first slot, one order shown"), details["single"]["decided"]),
    ]
    rows = _rows(named)
    if not rows:
        return None
    same = _rows([(_("same outcome in both orders"), details["orders"]["same"])])
    even = Measured(_("no preference"), HALF, None, None, "50.0 %")
    shown = [*rows, even, *same]
    return Chart(
        name="slots",
        title=_("The order of the answers"),
        sentence=_("How often a decided verdict goes to the answer shown first, in percent. Even is 50."),
        text=_told(shown),
        template=SPANS,
        figure=spans(shown, bounds(shown)),
        table=_table("what", shown, "percent"),
    )


def reliability_chart(details: Details, judge: str) -> Chart | None:
    """People's credit for each bin of the judge's."""
    bins = ((details.get("people") or {}).get("calibration") or {}).get("bins") or []
    if not bins:
        return None
    rows = _rows([(_bin(one), one["people"]) for one in bins])
    table = Table(
        ("low", "high", "n", "credit", "people", "people_low", "people_high"),
        [
            (b["low"], b["high"], b["n"], b["credit"], *(b["people"][end] for end in ("value", "low", "high")))
            for b in bins
        ],
    )
    return Chart(
        name="calibration",
        title=_("What a credit means"),
        sentence=_("How much of people's credit an answer has, in percent, by the credit that %(judge)s gives it.")
        % {"judge": judge},
        text=_("A calibrated judge's rows would lie at its own mean credit."),
        template=SPANS,
        figure=spans(rows, bounds(rows)),
        table=table,
    )


def _bin(one: Mapping[str, Any]) -> str:
    text = _("credit %(low)s to %(high)s, mean %(mean)s, n = %(n)s")
    ends = {"low": f"{one['low']:.1f}", "high": f"{one['high']:.1f}"}
    return text % {**ends, "mean": f"{one['credit']:.2f}", "n": one["n"]}


def ratings_chart(details: Details, judge: str) -> Chart | None:
    """Ratings by the judge over ratings by people."""
    found = ((details.get("people") or {}).get("induced") or {}).get("rows") or []
    if not found:
        return None
    ends = [value for _, *pair in found for value in pair]
    x, y = Scale.over(ends, LEFT, WIDTH - RIGHT), Scale.over(ends, HEIGHT - BOTTOM, TOP)
    dots = [
        Dot(
            x.at(one),
            y.at(two),
            "ranked",
            _("%(name)s: %(people)s by people, %(own)s by %(judge)s")
            % {"name": name, "people": f"{one:+.0f}", "own": f"{two:+.0f}", "judge": judge},
        )
        for name, one, two in found
    ]
    low, high = min(ends), max(ends)
    diagonal = Segment(x.at(low), y.at(low), x.at(high), y.at(high), "diagonal")
    figure = Scatter(dots, [diagonal], ticks(x), ticks(y), *_axes(judge), ["ranked"])
    value = words(details["people"]["induced"]["spearman"], "number")
    return Chart(
        name="ratings",
        title=_("Ratings that each side gives"),
        sentence=_("Bradley–Terry points around 0 from the verdicts of %(judge)s and of people. Spearman: %(value)s.")
        % {"judge": judge, "value": value},
        text=ngettext(
            "%(n)s entrant; those above the line fare better with %(judge)s.",
            "%(n)s entrants; those above the line fare better with %(judge)s.",
            len(found),
        )
        % {"n": len(found), "judge": judge},
        template="parts/charts/scatter.html",
        figure=figure,
        table=Table(("entry", "by_people", "by_judge"), found),
    )


def _axes(judge: str) -> tuple[str, str]:
    return _("Rating by people"), _("Rating by %(judge)s") % {"judge": judge}


def style_chart(details: Details, judge: str) -> Chart | None:
    """Effects of style on the judge and on people."""
    sides = ((judge, details.get("taste")), (_("people"), (details.get("people") or {}).get("taste")))
    named = [
        (_("%(feature)s, %(who)s") % {"feature": heard(effect["name"]), "who": who}, effect["effect"])
        for place in range(max((len((found or {}).get("style") or []) for _, found in sides), default=0))
        for who, found in sides
        if found and place < len(found["style"])
        for effect in [found["style"][place]]
    ]
    rows = _rows(named, 1.0)
    if not rows:
        return None
    return Chart(
        name="style",
        title=_("What style is worth"),
        sentence=_(
            "Logits for one standard deviation more of a feature, with who answered held equal. 0 is no effect."
        ),
        text=_told(rows),
        template=SPANS,
        figure=spans(rows, bounds(rows), zero=True),
        table=_table("feature", rows, "logits"),
    )


def states_chart(details: Details, judge: str) -> Chart | None:
    """Shares of scored and unscored verdicts."""
    states = details.get("states") or []
    if len(states) < 2:
        return None
    parts = {heard(one["name"]): (100 * one["share"]["value"], f"{100 * one['share']['value']:.1f}") for one in states}
    text = _(", ").join(f"{heard(one['name'])} {one['n']}" for one in states)
    styles = {heard(one["name"]): STATES.get(one["name"], 6) for one in states}
    return Chart(
        name="states",
        title=_("What became of the verdicts"),
        sentence=_("Share of each state in percent. Only scored verdicts count."),
        text=text + _("."),
        template="parts/variation/bars.html",
        figure=bars([Amounts(judge, parts, text)], 100.0, styles),
        table=Table(("state", "n", "percent", "low", "high"), [_state(one) for one in states]),
    )


def _state(one: Mapping[str, Any]) -> tuple[Any, ...]:
    share = one["share"]
    return one["name"], one["n"], *(100 * share[end] for end in ("value", "low", "high"))


def matrix_chart(found: Sequence[Mapping[str, Any]], board: str, name: str = "matrix") -> Chart | None:
    """Agreement of every pair of judges, people among them; None for fewer than two."""
    met = {(one["first"], one["second"]): one for one in found if one["accuracy"]["value"] is not None}
    names = list(dict.fromkeys(end for pair in met for end in pair))
    if len(names) < 2:
        return None
    straight = {
        pair: heatmap.Pair(*pair, one["accuracy"]["value"] * one["items"], one["items"]) for pair, one in met.items()
    }
    turned = {(two, one): heatmap.Pair(two, one, pair.won, pair.n) for (one, two), pair in straight.items()}

    def told(pair: heatmap.Pair) -> tuple[str, str]:
        text = _("%(first)s and %(second)s agree on %(share)s %% of %(n)s")
        values = {"first": pair.first, "second": pair.second, "share": f"{pair.share:.1f}", "n": f"{pair.n:,.0f}"}
        return f"{pair.share:.0f}", text % values

    figure = heatmap.grid(
        {**straight, **turned},
        {name: _("people") if name == PEOPLE else name for name in names},
        heatmap.share_colour,
        told,
    )
    header = ("first", "second", "items", "agreement", "low", "high", "same_outcome", "kappa")
    return Chart(
        name=name,
        title=_("Who agrees with whom on %(board)s") % {"board": board},
        sentence=_("Agreement in percent over the comparisons that both judged, a tie being one half. Chance is 50."),
        text=ngettext("%(n)s pair.", "%(n)s pairs.", len(met)) % {"n": len(met)},
        template="parts/charts/heatmap.html",
        figure=figure,
        table=Table(header, [_met(one) for one in met.values()]),
    )


def _met(one: Mapping[str, Any]) -> tuple[Any, ...]:
    ends = (one["accuracy"][end] for end in ("value", "low", "high"))
    return one["first"], one["second"], one["items"], *ends, one["same"]["value"], one["kappa"]["value"]
