"""Two entries of a board against each other, from what its snapshot keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from leaderboard.models import Board, Entry
from leaderboard.queries.lengths import difficulties
from leaderboard.ratings.length_fit import BASELINE_FIT, LengthFit, between
from leaderboard.web.charts.heatmap import both_ways, pairs
from leaderboard.web.columns import chance_text
from leaderboard.web.how import difference_text


@dataclass(frozen=True)
class Contrast:
    """What separates two neighbours, as text; `more` says whether it is decided, or what would decide it."""

    better: str
    worse: str
    difference: str
    chance: str
    more: str

    @property
    def sentence(self) -> str:
        """All of it."""
        told = {
            "better": self.better,
            "worse": self.worse,
            "difference": self.difference,
            "chance": self.chance,
            "more": self.more,
        }
        if not self.more:
            return (
                _(
                    "%(better)s stands %(difference)s points above %(worse)s, next to it; "
                    "the chance that this order is real is %(chance)s."
                )
                % told
            )
        return (
            _(
                "%(better)s stands %(difference)s points above %(worse)s, next to it; "
                "the chance that this order is real is %(chance)s, and %(more)s."
            )
            % told
        )


def contrast(details: Mapping[str, Any], left: Entry, right: Entry) -> Contrast | None:
    """The difference of the two with its own standard error; None where they are not neighbours on the board.

    Only neighbours have one: two intervals side by side do not tell the error of a difference.
    """
    names = {entry.slug: str(entry) for entry in (left, right)}
    for one in details.get("neighbours") or []:
        if {one["better"], one["worse"]} == names.keys():
            return Contrast(
                names[one["better"]],
                names[one["worse"]],
                difference_text(one),
                chance_text(one.get("chance")),
                _more(one),
            )
    return None


def _more(one: Mapping[str, Any]) -> str:
    if one.get("decided"):
        return _("it is decided")
    if not one.get("more"):
        return ""
    return _("about %(n)s more judgments of the two would decide it") % {"n": f"{one['more']:,}"}


def record(details: Mapping[str, Any], left: Entry, right: Entry) -> str:
    """How often the left one won of the times that they met; "" where they never did."""
    met = both_ways(pairs(details)).get((left.slug, right.slug))
    if met is None:
        return ""
    return _("%(left)s took %(won)s of %(n)s against %(right)s, %(share)s %%; a tie counts one half.") % {
        "left": left,
        "right": right,
        "won": f"{met.won:,.1f}",
        "n": f"{met.n:,.0f}",
        "share": f"{met.share:.1f}",
    }


def length_controlled(board: Board, details: Mapping[str, Any], left: Entry, right: Entry) -> float | None:
    """What the left one would win against the right one in percent if their answers were equally long.

    100 · mean σ((ψ_l − ψ_r)·γ + θ_l − θ_r) over all prompts (Dubois and others, arXiv 2404.04475), from their fits
    against the baseline. None where one has no fit, or while the board waits for a snapshot.
    """
    kept = details.get("length") or {}
    fits = [_fit(kept.get("coefficients") or {}, board, entry) for entry in (left, right)]
    if not kept or board.built < board.wanted or None in fits:
        return None
    gammas = _gammas(board, kept)
    first, second = (fit for fit in fits if fit)
    return between(first, second, np.array(gammas)) if gammas else None


def _gammas(board: Board, kept: Mapping[str, Any]) -> list[float]:
    """The difficulties of the prompts, one 0 where there are none, empty where they are not kept."""
    if kept.get("difficulty") == "given":
        return difficulties(board)
    return [0.0] if kept.get("difficulty") == "none" else list(kept.get("gamma", []))


def _fit(coefficients: Mapping[str, Any], board: Board, entry: Entry) -> LengthFit | None:
    if entry.pk == board.baseline_id:
        return BASELINE_FIT
    found = coefficients.get(entry.slug)
    return LengthFit(**found) if found else None
