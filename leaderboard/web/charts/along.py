"""Curves of a non-determinism report: scores along a parameter of decoding, and the best of k samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leaderboard.web.charts.chart import Chart, Table
from leaderboard.web.charts.curves import MOST, Course, Curves, Point, curves
from leaderboard.web.charts.reported import Reported, number, percent, with_error

TEMPLATE = "parts/variation/curves.html"
PARAMETERS = {
    "temperature": (gettext_lazy("Temperature"), gettext_lazy("Score along temperature")),
    "repetition_penalty": (gettext_lazy("Repetition penalty"), gettext_lazy("Score along repetition penalty")),
}
"""Name of the axis and title of the chart."""
BOUND, RANDOM = "oracle", "random"
PASSES = "pass-at-k"
BEST_OF = "best-of-"
"""Begins the name of each chart of best-of-N curves; the entry's slug follows."""
Group = tuple[str, tuple[tuple[str, str], ...]]
Row = Mapping[str, Any]


def parameter_charts(report: Reported) -> list[Chart]:
    """One chart for each parameter in which alone two configurations or more differ."""
    found = ((name, series(report.scored, name)) for name in PARAMETERS)
    return [_parameter_chart(report, name, groups) for name, groups in found if groups]


def series(rows: Iterable[Row], parameter: str) -> dict[str, list[Row]]:
    """Rows that differ in `parameter` alone, by ascending value, under the name of what they share.

    Only series with two values or more are kept.
    """
    groups: dict[Group, list[Row]] = {}
    for row in rows:
        value = row["params"].get(parameter)
        if isinstance(value, int | float):
            groups.setdefault(_group(row, parameter), []).append(row)
    kept = {group: own for group, own in groups.items() if len({row["params"][parameter] for row in own}) > 1}
    names = _names(list(kept))
    return {names[group]: sorted(own, key=lambda row: row["params"][parameter]) for group, own in kept.items()}


def _group(row: Row, parameter: str) -> Group:
    rest = ((name, str(value)) for name, value in row["params"].items() if name != parameter)
    return row["strategy"], tuple(sorted(rest))


def _names(groups: Sequence[Group]) -> dict[Group, str]:
    """The strategy, with the settings in which its groups differ where it has several."""
    found = {}
    for group in groups:
        strategy, params = group
        others = [dict(rest) for name, rest in groups if name == strategy]
        differing = [f"{k} {v}" for k, v in params if any(other.get(k) != v for other in others)]
        found[group] = f"{strategy} ({', '.join(differing)})" if differing else strategy
    return found


def _parameter_chart(report: Reported, parameter: str, groups: Mapping[str, Sequence[Row]]) -> Chart:
    courses = [Course(name, [_scored(report, row, parameter) for row in own]) for name, own in groups.items()]
    axis, title = map(str, PARAMETERS[parameter])
    figure = curves(courses, axis, _("Mean score, %"))
    return Chart(
        name=parameter.replace("_", "-"),
        title=title,
        sentence=_(
            "Mean score of configurations that differ in %(parameter)s alone. Whiskers are %(level)s intervals by the"
            " standard error over prompts and runs."
        )
        % {"parameter": axis.lower(), "level": report.level}
        + _left_out(len(groups)),
        text=_told(figure),
        template=TEMPLATE,
        figure=figure,
        table=_along_table(report, parameter, groups),
    )


def _left_out(count: int) -> str:
    if count <= MOST:
        return ""
    text = _("The first %(most)s of %(count)s curves are drawn; the file has all.")
    return " " + text % {"most": MOST, "count": count}


def _scored(report: Reported, row: Row, parameter: str) -> Point:
    at, runs = float(row["params"][parameter]), row["runs"]
    low, high = report.interval(runs)
    score = with_error(runs["mean"], runs.get("se"))
    text = _("%(score)s %% at %(value)s") % {"score": score, "value": f"{at:g}"}
    return Point(at, percent(runs["mean"]) or 0.0, low, high, text)


def _along_table(report: Reported, parameter: str, groups: Mapping[str, Sequence[Row]]) -> Table:
    header = (
        "entry",
        "configuration",
        "series",
        parameter,
        "mean_percent",
        "se_percent",
        "low_percent",
        "high_percent",
    )
    lines = []
    for name, own in groups.items():
        for row in own:
            runs, label = row["runs"], report.names[row["slug"]]
            numbers = (percent(runs["mean"]), percent(runs.get("se")), *report.interval(runs))
            lines.append((row["slug"], label, name, row["params"][parameter], *numbers))
    return Table(header, lines)


def pass_charts(report: Reported) -> list[Chart]:
    """pass@k of all configurations with several samples; nothing for scores other than right or wrong."""
    found = [(row, (row.get("best_of") or {}).get(BOUND) or []) for row in report.rows if row.get("right_wrong")]
    found = [(row, points) for row, points in found if len(points) > 1]
    if not found:
        return []
    courses = [Course(report.names[row["slug"]], _known(points)) for row, points in found]
    figure = curves([course for course in courses if course.points], _("Samples, k"), "pass@k, %")
    lines = [(row["slug"], report.names[row["slug"]], *_numbers(point)) for row, points in found for point in points]
    header = ("entry", "configuration", "k", "pass_percent", "low_percent", "high_percent")
    return [
        Chart(
            name=PASSES,
            title="pass@k",
            sentence=_(
                "Chance that at least one of k samples is right, unbiased: 1 − C(n−c, k)/C(n, k) for c right of n,"
                " averaged over prompts. It is the oracle of “Best of k samples” under another name, where it is"
                " one curve with both names. Whiskers are %(level)s intervals by a bootstrap over prompts,"
                " %(replicates)s."
            )
            % {"level": report.level, "replicates": report.replicates}
            + _left_out(len(found)),
            text=_ends(figure),
            template=TEMPLATE,
            figure=figure,
            table=Table(header, lines),
        )
    ]


def best_of_charts(report: Reported) -> list[Chart]:
    """One chart for each configuration with curves over two values of k or more."""
    found = ((row, row.get("best_of") or {}) for row in report.rows)
    return [_best_of_chart(report, row, own) for row, own in found if any(len(points) > 1 for points in own.values())]


def _best_of_chart(report: Reported, row: Row, own: Mapping[str, Sequence[Any]]) -> Chart:
    order = sorted(own, key=lambda name: (name != BOUND, name == RANDOM, name))
    same = _("oracle, the same as pass@k (upper bound)")
    bound = same if row.get("right_wrong") else _("oracle (upper bound)")
    courses = [Course(bound if name == BOUND else _name(name), _known(own[name]), name == BOUND) for name in order]
    figure = curves(
        [course for course in courses if course.points], _("Samples to choose from, k"), _("Expected score, %")
    )
    label = report.names[row["slug"]]
    return Chart(
        name=f"{BEST_OF}{row['slug']}",
        title=_("Best of k samples: %(label)s") % {"label": label},
        sentence=_(
            "Expected score where one of k samples is chosen for each prompt. The oracle knows the answer: it is an"
            " upper bound and no way to decode. k goes up to the fewest scored samples of any prompt. Whiskers are"
            " %(level)s intervals by a bootstrap over prompts, %(replicates)s."
        )
        % {"level": report.level, "replicates": report.replicates},
        text=_ends(figure),
        template=TEMPLATE,
        figure=figure,
        table=Table(
            ("selector", "k", "score_percent", "low_percent", "high_percent"),
            [(name, *_numbers(point)) for name in order for point in own[name]],
        ),
    )


def _name(selector: str) -> str:
    return _("random") if selector == RANDOM else selector


def _numbers(point: Sequence[Any]) -> tuple[Any, ...]:
    k, score = point
    return k, percent(score["value"]), percent(score.get("low")), percent(score.get("high"))


def _known(points: Sequence[Any]) -> list[Point]:
    """The points with a score."""
    return [
        Point(float(k), value, low, high, _("%(score)s %% at k = %(k)s") % {"score": number(point[1]["value"]), "k": k})
        for point in points
        for k, value, low, high in [_numbers(point)]
        if value is not None
    ]


def _ends(figure: Curves) -> str:
    """What each curve comes to at its end."""
    ends = _(", ").join(f"{c.label} {c.marks[-1].text}" for c in figure.curves)
    return _("At the end: %(ends)s.") % {"ends": ends}


def _told(figure: Curves) -> str:
    """Where each curve begins and ends."""
    return "; ".join(f"{c.label}: {c.marks[0].text}, {c.marks[-1].text}" for c in figure.curves) + "."
