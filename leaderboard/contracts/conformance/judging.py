"""Checks of judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from leaderboard.contracts.conformance.shared import Given, build, check_json, check_texts, expect
from leaderboard.contracts.values import Pair, Verdict

SAMPLE_PAIRS = (
    Pair("one", "What is 2 + 2?", "2 + 2 = 4. So the answer is 4.", "So the answer is 5.", "4"),
    Pair("two", "What is 3 + 3?", "So the answer is 7.", "It is six, for 3 + 3 = 6. So the answer is 6.", "6"),
    Pair("three", "Name a colour.", "Red", "Green, which is the colour of grass.", ""),
)


def check_judge(cls: Any, params: Given = None, pairs: Sequence[Pair] = SAMPLE_PAIRS, tolerance: float = 1e-6) -> None:
    """A judge: one verdict a pair, under its key, and the credit of side a whichever slot side a is in.

    `tolerance` in credit: raise it for a judge whose numbers move a little from call to call.
    """
    judge, who = build(cls, params)
    expect(isinstance(cls.both_orders, bool), f"{who}.both_orders must be True or False.")
    expect(list(judge.judge([])) == [], f"{who} gives verdicts where no pair was given.")
    plain = _verdicts(judge, pairs, who)
    mirrored = _verdicts(judge, [_mirror(pair) for pair in pairs], who)
    swapped = _verdicts(judge, [replace(pair, swapped=not pair.swapped) for pair in pairs], who)
    for pair in pairs:
        here, there = plain[pair.key].credit_a, mirrored[pair.key].credit_a
        told = f"{who} gives side a {here} for pair {pair.key!r}, and {there} with a and b exchanged in the same slots"
        expect(_adds_to_one(here, there, tolerance), f"{told}; the two must add up to 1. Does it heed `swapped`?")
        if not cls.both_orders and not hasattr(cls, "model_first"):
            other = swapped[pair.key].credit_a
            told = (
                f"{who}.both_orders is False, but pair {pair.key!r} gets {here} in one order and {other} in the other"
            )
            expect(_adds_to_one(here, None if other is None else 1 - other, tolerance), f"{told}.")
    _check_ties(judge, pairs, who, tolerance)
    check_texts(judge.provenance(), f"{who}.provenance()")


def _mirror(pair: Pair) -> Pair:
    """The same texts in the same slots, with the names a and b exchanged."""
    return replace(pair, answer_a=pair.answer_b, answer_b=pair.answer_a, swapped=not pair.swapped)


def _adds_to_one(here: float | None, there: float | None, tolerance: float) -> bool:
    if here is None or there is None:
        return here is there
    return abs(here + there - 1.0) <= tolerance


def _verdicts(judge: Any, pairs: Sequence[Pair], who: str) -> dict[str, Verdict]:
    made = list(judge.judge(pairs))
    expect(all(isinstance(v, Verdict) for v in made), f"{who}.judge() must yield Verdicts.")
    asked, told = sorted(pair.key for pair in pairs), sorted(verdict.key for verdict in made)
    expect(asked == told, f"{who} must give one verdict a pair: asked for {asked}, got {told}.")
    for verdict in made:
        check_json(verdict.evidence, f"{who}: the evidence of verdict {verdict.key!r}")
    return {verdict.key: verdict for verdict in made}


def _check_ties(judge: Any, pairs: Sequence[Pair], who: str, tolerance: float) -> None:
    same = [replace(pair, answer_b=pair.answer_a) for pair in pairs]
    one = _verdicts(judge, same, who)
    other = _verdicts(judge, [replace(pair, swapped=not pair.swapped) for pair in same], who)
    for key, verdict in one.items():
        tie = _adds_to_one(verdict.credit_a, other[key].credit_a, tolerance)
        expect(tie, f"{who} prefers one of two identical answers (pair {key!r}), over both orders; that is a tie.")
