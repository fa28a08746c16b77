"""Charts of one model's non-determinism report: its configurations side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leaderboard.web.charts.along import best_of_charts, parameter_charts, pass_charts
from leaderboard.web.charts.chart import Chart, Table
from leaderboard.web.charts.reported import Reported, has_gap, number, percent, signed, signed_interval, with_error
from leaderboard.web.charts.spans import Amounts, Bars, Measured, Spans, bars, bounds, spans
from leaderboard.web.charts.splits import split_charts
from leaderboard.web.charts.wording import wording_charts

Row = Mapping[str, Any]
ROWS, STACK = "parts/variation/spans.html", "parts/variation/bars.html"
RIGHT = {
    "always": (gettext_lazy("always right"), 10),
    "sometimes": (gettext_lazy("sometimes right"), 7),
    "never": (gettext_lazy("never right"), 2),
    "unscored": (gettext_lazy("unscored"), 5),
}
"""Names and colours of the parts of a bar; colours are those of a heatmap, from orange (0) to blue (10)."""


def drawn(report: Reported) -> Iterator[Chart]:
    """The charts that the report has data for, each drawn when it is asked for."""
    for single in SINGLE:
        if chart := single(report):
            yield chart
    for several in (split_charts, wording_charts, parameter_charts, pass_charts, best_of_charts):
        yield from several(report)


def measured(report: Reported) -> list[Measured]:
    """Each configuration's mean in percent with its interval."""
    return [
        Measured(
            report.names[row["slug"]],
            percent(row["runs"]["mean"]) or 0.0,
            *report.interval(row["runs"]),
            f"{with_error(row['runs']['mean'], row['runs'].get('se'))} %",
        )
        for row in report.scored
    ]


def ladder_chart(report: Reported, over: tuple[float, float] | None = None) -> Chart | None:
    """Scores of all configurations, on the scale `over` in percent where several ladders share one."""
    rows = measured(report)
    if not rows:
        return None
    figure = spans(rows, over or bounds(rows))
    return Chart(
        name="ladder",
        title=_("Decoding ladder"),
        sentence=_(
            "Mean score of each configuration, ± its standard error over prompts and runs (over prompts alone where"
            " there is one run). Whiskers are %(level)s intervals by that error."
        )
        % {"level": report.level},
        text=_told(figure),
        template=ROWS,
        figure=figure,
        table=_ladder_table(report, rows),
    )


def _ladder_table(report: Reported, rows: Sequence[Measured]) -> Table:
    header = ("entry", "configuration", "mean_percent", "se_percent", "low_percent", "high_percent", "runs")
    lines = []
    for row, m in zip(report.scored, rows, strict=True):
        runs = row["runs"]
        lines.append((row["slug"], m.label, m.value, percent(runs.get("se")), m.low, m.high, runs["runs"]))
    return Table(header, lines)


def gaps_chart(report: Reported) -> Chart | None:
    """Greedy score less the mean of the samples."""
    found = [(row, row["gap"]) for row in report.rows if has_gap(row)]
    if not found:
        return None
    rows = [_gap(report.names[row["slug"]], gap) for row, gap in found]
    return Chart(
        name="gaps",
        title=_("Greedy against sampling"),
        sentence=_(
            "Greedy score less the mean of the samples, in percentage points: right of the line greedy is better."
            " Whiskers are %(level)s intervals by a paired bootstrap over prompts and runs, %(replicates)s."
        )
        % {"level": report.level, "replicates": report.replicates},
        text=" ".join(
            f"{row.label}: {signed_interval(gap['gap'])}." for row, (__, gap) in zip(rows, found, strict=True)
        ),
        template=ROWS,
        figure=spans(rows, bounds(rows), zero=True),
        table=_gaps_table(found, rows),
    )


def _gap(label: str, gap: Mapping[str, Any]) -> Measured:
    found = gap["gap"]
    text = f"{number(gap['greedy']['value'])} − {number(gap['sampled']['value'])} = {signed(found['value'])}"
    return Measured(label, percent(found["value"]) or 0.0, percent(found.get("low")), percent(found.get("high")), text)


def _gaps_table(found: Sequence[tuple[Row, Mapping[str, Any]]], rows: Sequence[Measured]) -> Table:
    header = ("entry", "configuration", "greedy_percent", "sampled_percent", "gap_points", "low_points", "high_points")
    lines = []
    for (row, gap), m in zip(found, rows, strict=True):
        both = percent(gap["greedy"]["value"]), percent(gap["sampled"]["value"])
        lines.append((row["slug"], m.label, *both, m.value, m.low, m.high))
    return Table(header, lines)


def consistency_chart(report: Reported) -> Chart | None:
    """Prompts that are right in all, some or none of the samples."""
    found = [(row, row["consistency"]) for row in report.rows if row.get("consistency")]
    if not found:
        return None
    rows = [
        Amounts(
            report.names[row["slug"]],
            {str(name): (count[key], str(count[key])) for key, (name, __) in RIGHT.items()},
            _("%(always)s always, %(sometimes)s sometimes, %(never)s never") % count,
        )
        for row, count in found
    ]
    styles = {str(name): style for name, style in RIGHT.values()}
    figure = bars(rows, float(max(sum(count[key] for key in RIGHT) for __, count in found)), styles)
    return Chart(
        name="consistency",
        title=_("Prompts always, sometimes and never right"),
        sentence=_(
            "How many prompts are right in every sample, in some of them, or in none. A single sample cannot differ"
            " from itself."
        ),
        text=_told(figure),
        template=STACK,
        figure=figure,
        table=Table(
            ("entry", "configuration", *RIGHT),
            [(row["slug"], report.names[row["slug"]], *(count[key] for key in RIGHT)) for row, count in found],
        ),
    )


def _told(figure: Spans | Bars) -> str:
    return " ".join(f"{row.label}: {row.text}." for row in figure.rows)


SINGLE: tuple[Callable[[Reported], Chart | None], ...] = (
    ladder_chart,
    gaps_chart,
    consistency_chart,
)
