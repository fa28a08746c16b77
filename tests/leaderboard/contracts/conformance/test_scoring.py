"""Metrics: what is sound passes, and each fault is told for its own reason."""

from leaderboard.contracts import conformance
from leaderboard.contracts.values import (
    Scored,
)
from tests.leaderboard.contracts.conformance.plugins import Base, bad, complains


class Length(Base):
    def score(self, *, prompt, reference, text):
        return Scored(float(len(text)))


def test_a_metric_that_breaks_a_rule():
    conformance.check_metric(Length)
    for result, words in (
        (1.0, "must give a Scored"),
        (Scored(None), "unscored without a reason"),
        (Scored(float("inf")), "use None with a reason instead"),
    ):
        complains(words, conformance.check_metric, bad(Length, score=lambda self, result=result, **_: result))
    counter = iter(range(100))
    fickle = bad(Length, score=lambda self, **_: Scored(float(next(counter))))
    complains("two values", conformance.check_metric, fickle)


class Batched(Length):
    selects = True

    def score_many(self, items):
        return [self.score(prompt=item.prompt, reference=item.reference, text=item.text) for item in items]


def test_a_metric_that_scores_many_at_once_or_selects_and_breaks_a_rule():
    conformance.check_metric(Batched)
    wrong = Scored(3.25)
    for words, kind in (
        ("scores for 4 outputs", bad(Batched, score_many=lambda self, items: [wrong] * bool(items))),
        ("where no output was given", bad(Batched, score_many=lambda self, items: [wrong])),
        ("among others", bad(Batched, score_many=lambda self, items: [wrong] * len(items))),
        ("must be True or False", bad(Batched, selects="yes")),
        ("depends on the reference", bad(Batched, score=lambda self, reference, **_: Scored(float(len(reference))))),
    ):
        complains(words, conformance.check_metric, kind)
