"""Tables of a non-determinism report, as text: scores, gaps, lengths, and rank flips between models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leaderboard.web.charts.chart import Table
from leaderboard.web.charts.reported import (
    NONE,
    Estimate,
    Reported,
    has_gap,
    is_lone,
    number,
    percent,
    signed,
    signed_interval,
    with_error,
)
from leaderboard.web.charts.splits import Found, levels_of, splits, words_of
from leaderboard.web.charts.wording import SHARES, placed
from leaderboard.web.columns import chance_text

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Cells:
    """One configuration's line: its entry's slug, its name, and the cells after it."""

    slug: str
    name: str
    cells: list[str]


@dataclass(frozen=True)
class Listing:
    """A table with one line a configuration; the first head is for its name."""

    heads: list[str]
    lines: list[Cells]


@dataclass(frozen=True)
class Flip:
    """Two models under both rankings, as text; differences are the first's less the second's, in points."""

    label: str
    first: str
    second: str
    greedy: str
    sampled: str
    is_flipped: bool
    chance: str


def ladder(report: Reported) -> Listing:
    """Score, runs, and the gap from greedy with its interval."""
    heads = [
        _("Configuration"),
        _("Score, % ± SE"),
        _("Runs"),
        _("Greedy − sampling"),
        _("%(level)s interval") % {"level": report.level},
    ]
    return _listing(report, heads, lambda row: [*_score(row), *_gap(row)])


def scores(report: Reported) -> Listing:
    """The runs of each configuration; spread only where there are two or more."""
    heads = [
        _("Configuration"),
        _("Mean, % ± SE"),
        _("Runs"),
        _("Seeds"),
        _("SD of runs"),
        _("Best of n runs"),
        _("Worst run"),
        _("Range"),
        _("Missing"),
    ]
    return _listing(report, heads, lambda row: [*_score(row), _seeds(row), *_spread(row.get("runs") or {})])


def gaps(report: Reported) -> Listing | None:
    """Absolute scores beside the gap; None where nothing was compared with greedy."""
    heads = [
        _("Configuration"),
        _("Greedy, %"),
        _("Sampling, %"),
        _("Greedy − sampling"),
        _("%(level)s interval") % {"level": report.level},
        _("Prompts"),
    ]
    rows = [row for row in report.rows if has_gap(row)]
    return _listing(report, heads, _gap_cells, rows) if rows else None


def lengths(report: Reported) -> Listing:
    """Mean length, and how many outputs were cut off, empty, repeated or not scored."""
    heads = [
        _("Configuration"),
        _("Tokens ± SE"),
        _("Characters ± SE"),
        _("Cut off, % ± SE"),
        _("Empty, % ± SE"),
        _("Repeated, % ± SE"),
    ]
    return _listing(report, [*heads, _("Unscored outputs")], _length_cells)


def diversity(report: Reported) -> Listing | None:
    """The configurations of the frontier by their numbers on it; None where there are none."""
    found = placed(report)
    heads = [_("Configuration"), _("Score, % ± SE"), "Self-BLEU ± SE", "Distinct-1", "Distinct-2", _("Unique, %")]
    heads += ["EDA", _("%(level)s interval") % {"level": report.level}, _("On the frontier")]
    rows = {row["slug"]: row for row in report.rows}
    lines = [
        Cells(one["name"], f"{place}. {report.names[one['name']]}", _diversity_cells(one, rows[one["name"]]))
        for place, one in found
    ]
    return Listing(heads, lines) if found else None


def _diversity_cells(one: Row, row: Row) -> list[str]:
    own, eda = row.get("diversity") or {}, one["eda"]
    told = [_with_error(own.get(name) or {}) for name in ("self_bleu", "distinct_1", "distinct_2", "unique")]
    distance = NONE if eda["value"] is None else f"{eda['value']:.3f}"
    ends = NONE if eda["low"] is None else _to(f"{eda['low']:.3f}", f"{eda['high']:.3f}")
    on, share = _("yes") if one["on_frontier"] else _("no"), one["frontier_share"]
    if share is not None:
        on = _("%(on)s (%(share)s %% of draws)") % {"on": on, "share": f"{100 * share:.0f}"}
    return [_with_error(one["quality"]), *told, distance, ends, on]


def _to(low: str, high: str) -> str:
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


def variances(report: Reported) -> dict[str, Listing]:
    """Shares of the levels with their intervals, by the name of the chart that they belong to."""
    return {name: _variance(report, found) for name, found in splits(report).items() if found}


def _variance(report: Reported, found: Found) -> Listing:
    levels = levels_of(found)
    heads = [_("Configuration"), *(f"{words_of(level).capitalize()}, %" for level in levels)]
    lines = []
    for row, split in found:
        own = {level["name"]: level for level in split["levels"]}
        cells = [_share(own[level]) if level in own else NONE for level in levels]
        lines.append(Cells(row["slug"], report.names[row["slug"]], cells))
    return Listing(heads, lines)


def _share(level: Row) -> str:
    ends = "" if level.get("low") is None else f" ({_to(number(level['low'], 0), number(level['high'], 0))})"
    return f"{number(level['share'], 0)}{ends}"


def _with_error(found: Estimate) -> str:
    return with_error(found.get("value"), found.get("se"))


def _listing(
    report: Reported, heads: list[str], cells: Callable[[Row], list[str]], rows: Sequence[Row] | None = None
) -> Listing:
    shown = report.rows if rows is None else rows
    return Listing(heads, [Cells(row["slug"], report.names[row["slug"]], cells(row)) for row in shown])


def _score(row: Row) -> list[str]:
    runs = row.get("runs") or {}
    return [with_error(runs.get("mean"), runs.get("se")), _("1 run only") if is_lone(row) else str(runs.get("runs", 0))]


def _seeds(row: Row) -> str:
    return str(row.get("seeds") or NONE)


def _spread(runs: Row) -> list[str]:
    several = runs.get("runs", 0) > 1
    told = [number(runs.get(name)) if several else NONE for name in ("std", "best", "worst", "range")]
    return [*told, str(runs.get("missing", NONE))]


def _gap(row: Row) -> list[str]:
    if not has_gap(row):
        return [NONE, NONE]
    found = row["gap"]["gap"]
    return [signed(found["value"]), signed_interval(found)]


def _gap_cells(row: Row) -> list[str]:
    gap = row["gap"]
    both = [number(gap["greedy"]["value"]), number(gap["sampled"]["value"])]
    return [*both, *_gap(row), _prompts(gap)]


def _prompts(gap: Row) -> str:
    count, out = gap["prompts"], gap.get("left_out") or 0
    text = ngettext("%(count)s (%(n)s left out)", "%(count)s (%(n)s left out)", out)
    return text % {"count": count, "n": out} if out else str(count)


def _length_cells(row: Row) -> list[str]:
    lengths, shares = row.get("lengths") or {}, row.get("shares") or {}
    told = [_units(lengths.get(unit) or {}) for unit in ("tokens", "chars")]
    told += [_with_error(shares.get(name) or {}) for name in SHARES]
    return [*told, str(row.get("unscored", NONE))]


def _units(found: Estimate) -> str:
    value, error = found.get("value"), found.get("se")
    if value is None:
        return NONE
    return f"{value:,.1f}" if error is None else f"{value:,.1f} ± {error:,.1f}"


def flips(found: Sequence[Row]) -> list[Flip]:
    """Pairs that flipped first, then by how near a flip is."""
    ordered = sorted(found, key=lambda pair: (not pair["flipped"], -(pair.get("chance") or 0.0), pair["label"]))
    return [
        Flip(
            pair["label"],
            pair["first"],
            pair["second"],
            signed(pair["greedy_difference"]),
            signed(pair["sampled_difference"]),
            pair["flipped"],
            chance_text(pair.get("chance")),
        )
        for pair in ordered
    ]


def flips_table(found: Sequence[Row]) -> Table:
    """All pairs, for CSV."""
    header = ("configuration", "first", "second", "greedy_points", "sampled_points", "flipped", "chance")
    return Table(
        header,
        [
            (
                pair["label"],
                pair["first"],
                pair["second"],
                percent(pair["greedy_difference"]),
                percent(pair["sampled_difference"]),
                "yes" if pair["flipped"] else "no",
                pair.get("chance"),
            )
            for pair in found
        ],
    )
