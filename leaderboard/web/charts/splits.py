"""Where the variance of single scores and of judges' credit lies, as stacked bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leaderboard.web.charts.chart import Chart, Table
from leaderboard.web.charts.reported import Reported, number, percent
from leaderboard.web.charts.spans import Amounts, Bars, bars

STACK = "parts/variation/bars.html"
VARIANCE = "variance"
"""Name of the chart of the metric's variance; that of a judge has the judge's name behind it."""
LEVELS = {"prompt": ("between prompts", 10), "seed": ("between seeds", 3), "sample": ("within a prompt", 7)}
LEVELS |= {"opponent": ("between opponents", 4), "order": ("between a judge's orders", 2)}
LEVELS |= {"repeat": ("between a judge's repeats", 5)}
"""Names and colours of the parts of a bar, as those of a heatmap."""
WORDS = {"seed": "seeds", "sample": "samples", "opponent": "opponents", "order": "orders", "repeat": "repeats"}
Split = Mapping[str, Any]
Found = Sequence[tuple[Mapping[str, Any], Split]]


def split_charts(report: Reported) -> list[Chart]:
    """The split of the metric's scores, and that of the credit by each judge that varies."""
    found = [_chart(report, VARIANCE, "Variance split", "single scores")]
    for judge in _judges(report):
        words = f"Variance split: judge {judge}", f"single verdicts of {judge}"
        found.append(_chart(report, f"{VARIANCE}-{judge}", *words))
    return [chart for chart in found if chart]


def splits(report: Reported) -> dict[str, Found]:
    """Configurations with their splits, by the name of the chart; those without variance are left out."""
    names = {VARIANCE: "", **{f"{VARIANCE}-{judge}": judge for judge in _judges(report)}}
    found = {name: [(row, _split(row, judge)) for row in report.rows] for name, judge in names.items()}
    return {
        name: [(row, split) for row, split in pairs if split and split.get("total")] for name, pairs in found.items()
    }


def _judges(report: Reported) -> list[str]:
    return [judge["name"] for judge in report.details.get("judges") or []]


def _split(row: Mapping[str, Any], judge: str) -> Split | None:
    found: Split | None = (row.get("judged") or {}).get(judge) if judge else row.get("split")
    return found


def levels_of(found: Found) -> list[str]:
    """The levels that any of the splits has, from the prompts down."""
    kept = {level["name"] for _, split in found for level in split["levels"]}
    return [*(level for level in LEVELS if level in kept), *sorted(kept - set(LEVELS))]


def words_of(level: str) -> str:
    """A level as people say it."""
    return _level(level)[0]


def unsplit(report: Reported) -> list[tuple[str, str]]:
    """Judges whose credit is not split, and why."""
    return [(judge["name"], judge["reason"]) for judge in report.details.get("judges") or [] if judge["reason"]]


def _chart(report: Reported, name: str, title: str, what: str) -> Chart | None:
    found = splits(report)[name]
    if not found:
        return None
    rows = [
        Amounts(report.names[row["slug"]], _shares(split), f"variance {split['total']:.3f}") for row, split in found
    ]
    figure = bars(rows, 100.0, dict(_level(level) for level in levels_of(found)))
    return Chart(
        name=name,
        title=title,
        sentence=f"How much of the variance of {what} lies on each level, in percent.{_absent(found)} Intervals are"
        f" at {report.level}, by a bootstrap over prompts. The file also has each level’s variance without the noise"
        " of those below.",
        text=_told(figure),
        template=STACK,
        figure=figure,
        table=_table(report, found),
    )


def _absent(found: Found) -> str:
    """Levels that no split has, with the reason that the first gives."""
    kept = levels_of(found)
    reasons: dict[str, str] = {}
    for _, split in found:
        for name, reason in (split.get("absent") or {}).items():
            reasons.setdefault(name, reason)
    return "".join(
        f" No level of {WORDS.get(name, name)}: {reason}." for name, reason in reasons.items() if name not in kept
    )


def _shares(split: Split) -> dict[str, tuple[float, str]]:
    return {
        _level(level["name"])[0]: (percent(level["share"]) or 0.0, f"{number(level['share'], 0)} %")
        for level in split["levels"]
    }


def _level(name: str) -> tuple[str, int]:
    return LEVELS.get(name, (name, 4))


def _table(report: Reported, found: Found) -> Table:
    lines = []
    for row, split in found:
        for level in split["levels"]:
            ends = percent(level.get("low")), percent(level.get("high"))
            numbers = level["variance"], percent(level["share"]), *ends, level.get("component")
            lines.append((row["slug"], report.names[row["slug"]], level["name"], *numbers))
    columns = "variance", "share_percent", "share_low_percent", "share_high_percent", "component"
    return Table(("entry", "configuration", "level", *columns), lines)


def _told(figure: Bars) -> str:
    return " ".join(f"{row.label}: {', '.join(f'{p.text} {p.label}' for p in row.parts)}." for row in figure.rows)
