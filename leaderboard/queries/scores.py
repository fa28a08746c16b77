"""What an output's score counts as: on its board, in the report on decoding and on a sweep's page alike.

A score that is stored stays as it is; an output without one is unscored, with the reason.
"""

from __future__ import annotations

from django.db.models import Case, F, Q, Value, When
from django.db.models.expressions import Combinable

from leaderboard.contracts import registry
from leaderboard.contracts.values import FinishReason
from leaderboard.models import Metric
from leaderboard.queries.exports import UNKNOWN

UNREAD = Q(value__isnull=True) & ~Q(reason="no reference")
"""Scores of outputs that the metric could not read, for whatever reason."""
BROKEN = Q(output__finish_reason=FinishReason.LENGTH.value) | Q(output__text__regex=r"^\s*$")
"""Outputs that were cut off at their limit, or are empty."""


def counted(metric: Metric | None) -> Combinable:
    """Of a Score: its value; `unanswered` of the metric where it could not read an output that is empty or was cut off.

    Such an output states no answer by its own fault. NULL else.
    """
    known = ~Q(output__provenance__has_key=UNKNOWN)
    return _with(metric, UNREAD & known & BROKEN)


def least(metric: Metric | None) -> Combinable:
    """Of a Score: its value; `unanswered` of the metric where it could not read the output for any reason.

    NULL where the prompt has no reference, or the metric names no such value.
    """
    return _with(metric, UNREAD)


def _with(metric: Metric | None, where: Q) -> Combinable:
    value = unanswered(metric)
    return F("value") if value is None else Case(When(where, then=Value(value)), default=F("value"))


def unanswered(metric: Metric | None) -> float | None:
    """The value of an output that states no answer; None where the metric names none or cannot be loaded."""
    if metric is None:
        return None
    try:
        value: float | None = getattr(registry.metrics.get(metric.plugin), "unanswered", None)
    except registry.PluginError:
        return None
    return value
