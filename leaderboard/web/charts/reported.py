"""What the charts and tables of a non-determinism report read from it: rows, names, and numbers as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

NONE = "–"
Estimate = Mapping[str, float | None]


@dataclass(frozen=True)
class Reported:
    """The details of one model's report (`services.variation.Report`); keys that it lacks are left out of pages."""

    model: str
    details: Mapping[str, Any]

    @cached_property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """One row a configuration, in the report's order."""
        found: Sequence[Mapping[str, Any]] = self.details.get("entries") or []
        return found

    @cached_property
    def scored(self) -> Sequence[Mapping[str, Any]]:
        """The rows with a mean score."""
        return [row for row in self.rows if (row.get("runs") or {}).get("mean") is not None]

    @cached_property
    def names(self) -> dict[str, str]:
        """Labels by slug; two configurations with one label are told apart by their slugs."""
        count = Counter(row["label"] for row in self.rows)
        return {
            row["slug"]: row["label"] if count[row["label"]] == 1 else f"{row['label']} ({row['slug']})"
            for row in self.rows
        }

    @cached_property
    def lone(self) -> list[str]:
        """Names of the configurations that sample and have one run: their place rests on that run."""
        return [self.names[row["slug"]] for row in self.scored if is_lone(row)]

    @property
    def level(self) -> str:
        """The confidence of the intervals, such as "95 %"."""
        return f"{100 * self.details.get('confidence', 0.95):g} %"

    @property
    def replicates(self) -> str:
        """How many times the bootstrap drew."""
        count = self.details.get("replicates", 0)
        return ngettext("%(n)s replicate", "%(n)s replicates", count) % {"n": f"{count:,}"}

    def interval(self, runs: Mapping[str, Any]) -> tuple[float | None, float | None]:
        """Normal interval of the mean in percent by its standard error, cut at 0 and 100; None without one."""
        mean, error = runs["mean"], runs.get("se")
        if error is None:
            return None, None
        half = NormalDist().inv_cdf((1 + self.details.get("confidence", 0.95)) / 2) * error
        return percent(max(0.0, mean - half)), percent(min(1.0, mean + half))


def has_gap(row: Mapping[str, Any]) -> bool:
    """Whether the row was compared with greedy decoding."""
    return ((row.get("gap") or {}).get("gap") or {}).get("value") is not None


def is_lone(row: Mapping[str, Any]) -> bool:
    """Whether the row is of a configuration that samples and has one run."""
    return bool(row.get("sampled")) and (row.get("runs") or {}).get("runs") == 1


def percent(share: float | None) -> float | None:
    """A share of 1 in percent, without the noise of its last binary digits."""
    return None if share is None else round(100 * share, 9)


def number(share: float | None, digits: int = 1) -> str:
    """A share of 1 in percent as text, "–" where there is none."""
    return NONE if share is None else f"{100 * share:.{digits}f}"


def signed(share: float | None) -> str:
    """A difference of shares in percentage points with its sign."""
    if share is None:
        return NONE
    text = f"{100 * share:+.1f}".replace("-", "−")
    return "0.0" if text in ("+0.0", "−0.0") else text


def with_error(value: float | None, error: float | None) -> str:
    """ "95.8 ± 2.1"; without the error where it is not known."""
    return number(value) if error is None else f"{number(value)} ± {number(error)}"


def signed_interval(found: Estimate) -> str:
    """ "+1.2 to +3.4", "–" where there is none."""
    if found.get("low") is None or found.get("high") is None:
        return NONE
    return _("%(low)s to %(high)s") % {"low": signed(found["low"]), "high": signed(found["high"])}
