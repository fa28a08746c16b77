"""Tables of a non-determinism report that set configurations and strategies against each other, as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from leaderboard.web.charts.reported import NONE, Reported, number, signed, signed_interval, with_error


@dataclass(frozen=True)
class Lines:
    """A plain table: heads, and cells of which the first two are names."""

    heads: list[str]
    lines: list[list[str]]


def of_pairs(report: Reported) -> Lines | None:
    """Every pair of configurations with its paired test; None where nothing was tested."""
    found = report.details.get("tests") or []
    heads = [
        _("First"),
        _("Second"),
        _("First, %"),
        _("Second, %"),
        _("Difference ± SE"),
        "p",
        "p (Holm)",
        _("Prompts"),
    ]
    lines = [_tested(test) for test in sorted(found, key=lambda test: (test["p_holm"] is None, test["p_holm"] or 0.0))]
    return Lines(heads, lines) if lines else None


def _tested(test: Mapping[str, Any]) -> list[str]:
    difference = (
        signed(test["difference"]) if test["se"] is None else f"{signed(test['difference'])} ± {number(test['se'])}"
    )
    means = [number(test["first_mean"]), number(test["second_mean"])]
    return [
        test["first"],
        test["second"],
        *means,
        difference,
        _p(test["p_value"]),
        _p(test["p_holm"]),
        str(test["pairs"]),
    ]


def _p(value: float | None) -> str:
    if value is None:
        return NONE
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def volume(report: Reported) -> Lines | None:
    """Strategies at the number of settings that all have; None for fewer than two strategies."""
    found = report.details.get("volume") or {}
    if not found.get("contrasts"):
        return None
    at = found["common"]
    best = {curve["strategy"]: curve["best"][at - 1] for curve in found["curves"]}
    heads = [
        _("First"),
        _("Second"),
        _("Best of first, %"),
        _("Best of second, %"),
        _("Difference"),
        _("%(level)s interval") % {"level": report.level},
    ]
    lines = [
        [
            one["first"],
            one["second"],
            *(with_error(best[one[side]]["value"], best[one[side]]["se"]) for side in ("first", "second")),
            signed(one["difference"]["value"]),
            signed_interval(one["difference"]),
        ]
        for one in found["contrasts"]
    ]
    return Lines(heads, lines)
