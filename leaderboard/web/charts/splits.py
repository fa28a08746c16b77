"""Where the variance of single scores and of judges' credit lies, as stacked bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leaderboard.web.charts.chart import Chart, Table
from leaderboard.web.charts.reported import Reported, number, percent
from leaderboard.web.charts.spans import Amounts, Bars, bars
from leaderboard.web.heard import heard

STACK = "parts/variation/bars.html"
VARIANCE = "variance"
"""Name of the chart of the metric's variance; that of a judge has the judge's name behind it."""
LEVELS = {
    "prompt": (gettext_lazy("between prompts"), 10),
    "seed": (gettext_lazy("between seeds"), 3),
    "sample": (gettext_lazy("within a prompt"), 7),
    "opponent": (gettext_lazy("between opponents"), 4),
    "order": (gettext_lazy("between a judge's orders"), 2),
    "repeat": (gettext_lazy("between a judge's repeats"), 5),
}
"""Names and colours of the parts of a bar, as those of a heatmap."""
WORDS = {
    "seed": gettext_lazy("No level of seeds: %(reason)s."),
    "sample": gettext_lazy("No level of samples: %(reason)s."),
    "opponent": gettext_lazy("No level of opponents: %(reason)s."),
    "order": gettext_lazy("No level of orders: %(reason)s."),
    "repeat": gettext_lazy("No level of repeats: %(reason)s."),
}
Split = Mapping[str, Any]
Found = Sequence[tuple[Mapping[str, Any], Split]]


def split_charts(report: Reported) -> list[Chart]:
    """The split of the metric's scores, and that of the credit by each judge that varies."""
    found = [_chart(report, VARIANCE, _("Variance split"), _("single scores"))]
    for judge in _judges(report):
        words = _("Variance split: judge %(judge)s"), _("single verdicts of %(judge)s")
        found.append(_chart(report, f"{VARIANCE}-{judge}", *(text % {"judge": judge} for text in words)))
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
    kept = {level["name"] for __, split in found for level in split["levels"]}
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
        Amounts(report.names[row["slug"]], _shares(split), _("variance %(value)s") % {"value": f"{split['total']:.3f}"})
        for row, split in found
    ]
    figure = bars(rows, 100.0, dict(_level(level) for level in levels_of(found)))
    return Chart(
        name=name,
        title=title,
        sentence=_(
            "How much of the variance of %(what)s lies on each level, in percent.%(absent)s Intervals are at %(level)s,"
            " by a bootstrap over prompts. The file also has each level’s variance without the noise of those below."
        )
        % {"what": what, "absent": _absent(found), "level": report.level},
        text=_told(figure),
        template=STACK,
        figure=figure,
        table=_table(report, found),
    )


def _absent(found: Found) -> str:
    """Levels that no split has, with the reason that the first gives."""
    kept = levels_of(found)
    reasons: dict[str, str] = {}
    for __, split in found:
        for name, reason in (split.get("absent") or {}).items():
            reasons.setdefault(name, reason)
    return "".join(
        " " + WORDS[name] % {"reason": heard(reason)} if name in WORDS else f" {name}: {reason}."
        for name, reason in reasons.items()
        if name not in kept
    )


def _shares(split: Split) -> dict[str, tuple[float, str]]:
    return {
        _level(level["name"])[0]: (percent(level["share"]) or 0.0, f"{number(level['share'], 0)} %")
        for level in split["levels"]
    }


def _level(name: str) -> tuple[str, int]:
    word, colour = LEVELS.get(name, (name, 4))
    return str(word), colour


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
