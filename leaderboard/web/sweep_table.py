"""The arms of a sweep as text: one line each, in the order in which they were declared."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from leaderboard.queries.sweeps import ArmLine, SweepView
from leaderboard.ratings.variation.arms import Level
from leaderboard.web.charts.reported import NONE, number, signed


@dataclass(frozen=True)
class Line:
    """An arm with its numbers in percent as text. `chips`: what it was chosen or declared as."""

    arm: ArmLine
    chips: list[str]
    tune: str
    test: str
    interval: str
    gap: str
    difference: str
    p: str
    p_holm: str


def lines(view: SweepView) -> list[Line]:
    """All arms: those that failed, were cancelled or lost too."""
    return [_line(arm) for arm in view.arms]


def _line(arm: ArmLine) -> Line:
    result, against = arm.result, arm.result.against
    return Line(
        arm=arm,
        chips=_chips(arm),
        tune=_level(result.tune),
        test=_level(result.test),
        interval=_interval(result.test),
        gap=NONE if result.gap is None or result.gap.value is None else _signed(result.gap),
        difference=NONE if against is None or against.difference is None else signed(against.difference),
        p=NONE if against is None else _p(against.p_value),
        p_holm=NONE if against is None else _p(against.p_holm),
    )


def _chips(arm: ArmLine) -> list[str]:
    found = []
    if arm.result.best:
        found.append(_("chosen"))
    elif arm.result.best_of_strategy:
        found.append(_("best of %(strategy)s") % {"strategy": arm.strategy})
    return [*found, _("baseline")] if arm.is_baseline else found


def _level(one: Level) -> str:
    return number(one.value) if one.se is None else f"{number(one.value)} ± {number(one.se)}"


def _interval(one: Level) -> str:
    """Cut at 0 and 100, which no mean of shares can leave."""
    if one.low is None or one.high is None:
        return NONE
    return _("%(low)s to %(high)s") % {"low": number(max(0.0, one.low)), "high": number(min(1.0, one.high))}


def _signed(one: Level) -> str:
    assert one.value is not None
    return signed(one.value) if one.se is None else f"{signed(one.value)} ± {number(one.se)}"


def _p(value: float | None) -> str:
    if value is None:
        return NONE
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
