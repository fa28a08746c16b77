"""Charts of one model's non-determinism report: its configurations side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leaderboard.web.charts.along import best_of_charts, parameter_charts
from leaderboard.web.charts.chart import Chart, Table
from leaderboard.web.charts.reported import Reported, number, percent, signed, signed_interval, with_error
from leaderboard.web.charts.spans import Amounts, Bars, Measured, Spans, bars, bounds, spans

Row = Mapping[str, Any]
ROWS, STACK = "parts/variation/spans.html", "parts/variation/bars.html"
RIGHT = {"always": ("always right", 10), "sometimes": ("sometimes right", 7), "never": ("never right", 2)}
RIGHT |= {"unscored": ("unscored", 5)}
LEVELS = {"prompt": ("between prompts", 10), "seed": ("between seeds", 3), "sample": ("within a prompt", 7)}
LEVELS |= {"order": ("between a judge's orders", 2), "repeat": ("between a judge's repeats", 5)}
"""Names and colours of the parts of a bar; colours are those of a heatmap, from orange (0) to blue (10)."""


def drawn(report: Reported) -> list[Chart]:
    """The charts that the report has data for."""
    found = [chart for make in SINGLE if (chart := make(report))]
    return [*found, *parameter_charts(report), *best_of_charts(report)]


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
        title="Decoding ladder",
        sentence="Mean score of each configuration, ± its standard error over prompts and runs"
        f" (over prompts alone where there is one run). Whiskers are {report.level} intervals by that error.",
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
        title="Greedy against sampling",
        sentence="Greedy score less the mean of the samples, in percentage points: right of the line greedy is better."
        f" Whiskers are {report.level} intervals by a paired bootstrap over prompts and runs, {report.replicates}.",
        text=" ".join(
            f"{row.label}: {signed_interval(gap['gap'])}." for row, (_, gap) in zip(rows, found, strict=True)
        ),
        template=ROWS,
        figure=spans(rows, bounds(rows), zero=True),
        table=_gaps_table(found, rows),
    )


def has_gap(row: Row) -> bool:
    """Whether the row was compared with greedy decoding."""
    return ((row.get("gap") or {}).get("gap") or {}).get("value") is not None


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
            {name: (count[key], str(count[key])) for key, (name, _) in RIGHT.items()},
            f"{count['always']} always, {count['sometimes']} sometimes, {count['never']} never",
        )
        for row, count in found
    ]
    figure = bars(rows, float(max(sum(count[key] for key in RIGHT) for _, count in found)), dict(RIGHT.values()))
    return Chart(
        name="consistency",
        title="Prompts always, sometimes and never right",
        sentence="How many prompts are right in every sample, in some of them, or in none. A single sample cannot"
        " differ from itself.",
        text=_told(figure),
        template=STACK,
        figure=figure,
        table=Table(
            ("entry", "configuration", *RIGHT),
            [(row["slug"], report.names[row["slug"]], *(count[key] for key in RIGHT)) for row, count in found],
        ),
    )


def split_chart(report: Reported) -> Chart | None:
    """Where the variance of single scores comes from."""
    found = [(row, row["split"]) for row in report.rows if (row.get("split") or {}).get("total")]
    if not found:
        return None
    rows = [
        Amounts(report.names[row["slug"]], _shares(split), f"variance {split['total']:.3f}") for row, split in found
    ]
    styles = dict(_level(level["name"]) for _, split in found for level in split["levels"])
    figure = bars(rows, 100.0, styles)
    return Chart(
        name="variance",
        title="Variance split",
        sentence="How much of the variance of single scores lies between prompts, and how much between samples of one"
        " prompt, in percent.",
        text=_parts_told(figure),
        template=STACK,
        figure=figure,
        table=_split_table(report, found),
    )


def _shares(split: Mapping[str, Any]) -> dict[str, tuple[float, str]]:
    return {
        _level(level["name"])[0]: (percent(level["share"]) or 0.0, f"{number(level['share'], 0)} %")
        for level in split["levels"]
    }


def _level(name: str) -> tuple[str, int]:
    return LEVELS.get(name, (name, 4))


def _split_table(report: Reported, found: Sequence[tuple[Row, Mapping[str, Any]]]) -> Table:
    lines = []
    for row, split in found:
        for level in split["levels"]:
            numbers = level["variance"], percent(level["share"]), level.get("component")
            lines.append((row["slug"], report.names[row["slug"]], level["name"], *numbers))
    return Table(("entry", "configuration", "level", "variance", "share_percent", "component"), lines)


def length_chart(report: Reported) -> Chart | None:
    """How long the outputs are: in tokens, or in characters where no backend counted tokens."""
    unit = "tokens" if any((row.get("length") or {}).get("tokens") is not None for row in report.rows) else "chars"
    found = [row for row in report.rows if (row.get("length") or {}).get(unit) is not None]
    if not found:
        return None
    word = {"tokens": "tokens", "chars": "characters"}[unit]
    rows = [
        Amounts(report.names[row["slug"]], {word: (row["length"][unit], "")}, f"{row['length'][unit]:.1f} {word}")
        for row in found
    ]
    figure = bars(rows, max(row["length"][unit] for row in found) or 1.0, {word: 9})
    return Chart(
        name="length",
        title="Length of the outputs",
        sentence=f"Mean length in {word} by configuration. The table has the shares that were cut off or empty.",
        text=_told(figure),
        template=STACK,
        figure=figure,
        table=_length_table(report, found),
    )


def _length_table(report: Reported, found: Sequence[Row]) -> Table:
    header = ("entry", "configuration", "tokens", "chars", "truncated_percent", "empty_percent", "unscored")
    lines = []
    for row in found:
        shares = percent(row.get("truncated")), percent(row.get("empty")), row.get("unscored")
        length = row["length"]
        lines.append((row["slug"], report.names[row["slug"]], length.get("tokens"), length.get("chars"), *shares))
    return Table(header, lines)


def _told(figure: Spans | Bars) -> str:
    return " ".join(f"{row.label}: {row.text}." for row in figure.rows)


def _parts_told(figure: Bars) -> str:
    return " ".join(f"{row.label}: {', '.join(f'{p.text} {p.label}' for p in row.parts)}." for row in figure.rows)


SINGLE: tuple[Callable[[Reported], Chart | None], ...] = (
    ladder_chart,
    gaps_chart,
    consistency_chart,
    split_chart,
    length_chart,
)
