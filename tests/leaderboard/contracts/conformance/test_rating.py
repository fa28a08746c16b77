"""Raters: what is sound passes, and each fault is told for its own reason."""

from dataclasses import replace

import pytest

from leaderboard.contracts import conformance
from leaderboard.ratings.battles import Battles, Rating, RatingTable
from tests.leaderboard.contracts.conformance.plugins import Base, bad, complains

BATTLES = Battles.of(["x", "y"], [(0, 1, 1.0, 0), (1, 0, 0.5, 1)])


class Share(Base):
    def rate(self, battles):
        rows = [Rating(name, self.value(battles, i), None, None, None, 2) for i, name in enumerate(battles.names)]
        return RatingTable("share", "1", {}, tuple(rows))

    def value(self, battles, i):
        won = battles.credit[battles.a == i].sum() + (1 - battles.credit[battles.b == i]).sum()
        return float(won) / len(battles.credit)


def spoils(self, battles):
    battles.credit[:] = 0.5
    return Share.rate(self, battles)


def only_first(self, battles):
    return replace(Share.rate(self, battles), ratings=Share.rate(self, battles).ratings[:1])


def odd_interval(self, battles):
    rows = tuple(replace(row, low=5.0, high=6.0) for row in Share.rate(self, battles).ratings)
    return replace(Share.rate(self, battles), ratings=rows)


def drifts(self, battles, i):
    self.calls = getattr(self, "calls", 0) + 1
    return float(self.calls)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate": spoils}, "changes the arrays"),
        ({"rate": only_first}, "must rate every entrant once"),
        ({"rate": odd_interval}, "outside its own interval"),
        ({"value": drifts}, "another rating the second time"),
        ({"value": lambda self, battles, i: None}, "no value and no note"),
        ({"value": lambda self, battles, i: float("inf")}, "not finite"),
        ({"value": lambda self, battles, i: float(battles.credit[battles.a == i].sum())}, "sides a and b exchanged"),
    ],
)
def test_a_rater_that_breaks_a_rule(changes, words):
    fresh = replace(BATTLES, credit=BATTLES.credit.copy())
    conformance.check_rater(Share, {}, fresh)
    complains(words, conformance.check_rater, bad(Share, **changes), {}, fresh)
