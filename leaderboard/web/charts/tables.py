"""Tables of a non-determinism report, as text: scores, gaps, lengths, and rank flips between models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.web.charts.chart import Table
from leaderboard.web.charts.decoding import has_gap
from leaderboard.web.charts.reported import (
    NONE,
    Reported,
    number,
    percent,
    signed,
    signed_interval,
    with_error,
)
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
    heads = ["Configuration", "Score, % ± SE", "Runs", "Greedy − sampling", f"{report.level} interval"]
    return _listing(report, heads, lambda row: [*_score(row), *_gap(row)])


def scores(report: Reported) -> Listing:
    """The runs of each configuration; spread only where there are two or more."""
    heads = ["Configuration", "Mean, % ± SE", "Runs", "SD of runs", "Best of n runs", "Worst run", "Range", "Missing"]
    return _listing(report, heads, lambda row: [*_score(row), *_spread(row.get("runs") or {})])


def gaps(report: Reported) -> Listing | None:
    """Absolute scores beside the gap; None where nothing was compared with greedy."""
    heads = ["Configuration", "Greedy, %", "Sampling, %", "Greedy − sampling", f"{report.level} interval", "Prompts"]
    rows = [row for row in report.rows if has_gap(row)]
    return _listing(report, heads, _gap_cells, rows) if rows else None


def lengths(report: Reported) -> Listing:
    """Mean length, and how many outputs were cut off, empty or not scored."""
    heads = ["Configuration", "Tokens", "Characters", "Cut off, %", "Empty, %", "Unscored outputs"]
    return _listing(report, heads, _length_cells)


def _listing(
    report: Reported, heads: list[str], cells: Callable[[Row], list[str]], rows: Sequence[Row] | None = None
) -> Listing:
    shown = report.rows if rows is None else rows
    return Listing(heads, [Cells(row["slug"], report.names[row["slug"]], cells(row)) for row in shown])


def _score(row: Row) -> list[str]:
    runs = row.get("runs") or {}
    return [with_error(runs.get("mean"), runs.get("se")), str(runs.get("runs", 0))]


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
    out = f" ({gap['left_out']} left out)" if gap.get("left_out") else ""
    both = [number(gap["greedy"]["value"]), number(gap["sampled"]["value"])]
    return [*both, *_gap(row), f"{gap['prompts']}{out}"]


def _length_cells(row: Row) -> list[str]:
    length = row.get("length") or {}
    told = [NONE if length.get(unit) is None else f"{length[unit]:,.1f}" for unit in ("tokens", "chars")]
    return [*told, number(row.get("truncated")), number(row.get("empty")), str(row.get("unscored", NONE))]


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
