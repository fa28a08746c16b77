"""Charts of what was written: score against diversity, and how long the outputs are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from leaderboard.web.charts.chart import Chart, Table
from leaderboard.web.charts.reported import Reported, percent
from leaderboard.web.charts.scales import Scale, Tick, ticks
from leaderboard.web.charts.spans import Measured, bounds, spans

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, INSET = 640.0, 400.0, 56.0, 12.0, 12.0, 48.0, 16.0
SHARES = ("truncated", "empty", "repeated")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Spot:
    """A configuration on the paper: its place, its whiskers as an SVG path, and its number in the table beside."""

    x: float
    y: float
    whiskers: str
    number: int
    on: bool
    text: str


@dataclass(frozen=True)
class Frontier:
    """Configurations within marked axes, and a line through those that no other one beats in both."""

    spots: list[Spot]
    line: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    x_name: str
    y_name: str


def wording_charts(report: Reported) -> list[Chart]:
    """Those that there is data for."""
    return [chart for chart in (frontier_chart(report), length_chart(report)) if chart]


def placed(report: Reported) -> list[tuple[int, Row]]:
    """Configurations with a score and a diversity, numbered as in the report."""
    known = {row["slug"] for row in report.rows}
    found = [one for one in report.details.get("tradeoffs") or [] if one["name"] in known]
    return [(place, one) for place, one in enumerate(found, 1) if one["diversity"]["value"] is not None]


def frontier_chart(report: Reported) -> Chart | None:
    """Score over diversity; None for fewer than two configurations, or where none of them samples."""
    found = placed(report)
    if len(found) < 2 or not any(one["diversity"]["value"] for __, one in found):
        return None
    count = next((row["diversity"]["samples"] for row in report.rows if row.get("diversity")), 0)
    return Chart(
        name="diversity",
        title=_("Quality and diversity"),
        sentence=_(
            "Mean score against diversity, 1 − Self-BLEU: how unlike the samples of a prompt are, 0 where all are"
            " alike. It is over the first %(count)s samples of each prompt, as it falls with more. Filled dots are on"
            " the frontier: no other configuration is at least as good in both and better in one. Whiskers are"
            " %(level)s intervals by a bootstrap over prompts, %(replicates)s."
        )
        % {"count": count, "level": report.level, "replicates": report.replicates},
        text=" ".join(f"{report.names[one['name']]}: {_spot_text(one)}." for __, one in found),
        template="parts/variation/frontier.html",
        figure=_frontier(report, found),
        table=_frontier_table(report, found),
    )


def _frontier(report: Reported, found: Sequence[tuple[int, Row]]) -> Frontier:
    x = Scale.over(_ends(found, "diversity"), LEFT + INSET, WIDTH - RIGHT - INSET)
    y = Scale.over(_ends(found, "quality"), HEIGHT - BOTTOM - INSET, TOP + INSET)
    spots = [
        Spot(
            x.at(percent(one["diversity"]["value"]) or 0.0),
            y.at(percent(one["quality"]["value"]) or 0.0),
            _whiskers(one, x, y),
            place,
            one["on_frontier"],
            f"{place}. {report.names[one['name']]}: {_spot_text(one)}",
        )
        for place, one in found
    ]
    on = sorted((spot.x, spot.y) for spot in spots if spot.on)
    line = " ".join(f"{across},{down}" for across, down in on)
    return Frontier(spots, line, ticks(x), ticks(y), _("Diversity, 1 − Self-BLEU, %"), _("Mean score, %"))


def _ends(found: Sequence[tuple[int, Row]], name: str) -> list[float]:
    ends = [percent(one[name][end]) for __, one in found for end in ("value", "low", "high")]
    return [end for end in ends if end is not None]


def _whiskers(one: Row, x: Scale, y: Scale) -> str:
    across, down = one["diversity"], one["quality"]
    at = x.at(percent(across["value"]) or 0.0), y.at(percent(down["value"]) or 0.0)
    path = ""
    if across["low"] is not None and across["high"] is not None:
        path += f"M{x.at(100 * across['low'])} {at[1]}H{x.at(100 * across['high'])}"
    if down["low"] is not None and down["high"] is not None:
        path += f"M{at[0]} {y.at(100 * down['low'])}V{y.at(100 * down['high'])}"
    return path


def _spot_text(one: Row) -> str:
    text = _("score %(score)s %%, diversity %(diversity)s %%")
    if one["on_frontier"]:
        text = _("score %(score)s %%, diversity %(diversity)s %%, on the frontier")
    score, diversity = (f"{100 * one[name]['value']:.1f}" for name in ("quality", "diversity"))
    return text % {"score": score, "diversity": diversity}


def _frontier_table(report: Reported, found: Sequence[tuple[int, Row]]) -> Table:
    rows = {row["slug"]: row for row in report.rows}
    measures = ("self_bleu", "distinct_1", "distinct_2", "unique")
    header = ["entry", "configuration", *_columns("score_percent"), *_columns("diversity_percent"), *_columns("eda")]
    header += ["on_frontier", "frontier_share", "samples"]
    lines = []
    for __, one in found:
        own = rows[one["name"]].get("diversity") or {}
        numbers = [*_three(one["quality"], 100), *_three(one["diversity"], 100), *_three(one["eda"])]
        marks = ["yes" if one["on_frontier"] else "no", one["frontier_share"], own.get("samples")]
        more = [end for name in measures for end in _three(own.get(name) or {})]
        lines.append([one["name"], report.names[one["name"]], *numbers, *marks, *more])
    return Table([*header, *(column for name in measures for column in _columns(name))], lines)


def _columns(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _three(found: Mapping[str, float | None], times: float = 1.0) -> list[float | None]:
    ends = (found.get(end) for end in ("value", "low", "high"))
    return [None if end is None else round(times * end, 9) for end in ends]


def length_chart(report: Reported) -> Chart | None:
    """How long the outputs are: in tokens, or in characters where no backend counted tokens."""
    unit = "tokens" if any(_length(row, "tokens")["value"] is not None for row in report.rows) else "chars"
    found = [row for row in report.rows if _length(row, unit)["value"] is not None]
    if not found:
        return None
    rows = [_measured(report.names[row["slug"]], _length(row, unit), unit) for row in found]
    means = {
        "tokens": _("Mean length in tokens by configuration, with %(level)s intervals by a bootstrap over prompts."),
        "chars": _("Mean length in characters by configuration, with %(level)s intervals by a bootstrap over prompts."),
    }
    shares = _(
        "The table has the shares that were cut off, empty, or repeated: stuck in a loop, the same words four times in"
        " a row or more. A prompt may ask for that."
    )
    return Chart(
        name="length",
        title=_("Length of the outputs"),
        sentence=" ".join((means[unit] % {"level": report.level}, shares)),
        text=" ".join(f"{row.label}: {row.text}." for row in rows),
        template="parts/variation/spans.html",
        figure=spans(rows, bounds(rows)),
        table=_length_table(report, found),
    )


def _length(row: Row, unit: str) -> Mapping[str, float | None]:
    found: Mapping[str, float | None] = (row.get("lengths") or {}).get(unit) or {"value": None}
    return found


def _measured(label: str, found: Mapping[str, float | None], unit: str) -> Measured:
    value, error = found["value"] or 0.0, found.get("se")
    spread = "" if error is None else f" ± {error:.1f}"
    text = _("%(length)s tokens") if unit == "tokens" else _("%(length)s characters")
    return Measured(label, value, found.get("low"), found.get("high"), text % {"length": f"{value:.1f}{spread}"})


def _length_table(report: Reported, found: Sequence[Row]) -> Table:
    header = [column for name in ("tokens", "chars") for column in _columns(name)]
    header += [column for name in SHARES for column in _columns(f"{name}_percent")]
    lines = []
    for row in found:
        lengths = [end for unit in ("tokens", "chars") for end in _three(_length(row, unit))]
        shares = [end for name in SHARES for end in _three((row.get("shares") or {}).get(name) or {}, 100)]
        lines.append([row["slug"], report.names[row["slug"]], *lengths, *shares, row.get("unscored")])
    return Table(["entry", "configuration", *header, "unscored"], lines)
