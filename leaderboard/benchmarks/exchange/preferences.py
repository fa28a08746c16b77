"""Preference pairs for DPO and the like: prompt, chosen, rejected, and by how much.

Verdicts of one judge on one pair are averaged within each order and then over both orders, so that neither order
weighs more. Ties, unscored pairs, pairs below the margin, pairs without two different texts and pairs of answers to
different conversations are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import groupby
from statistics import fmean
from typing import Any

import pyarrow as pa

from leaderboard.benchmarks.exchange.items import Side, Source, Verdict

TEXT, NUMBER, WHOLE = pa.string(), pa.float64(), pa.int64()
SCHEMA: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("prompt", "chosen", "rejected", "chosen_model", "rejected_model", "judge"), TEXT),
    **{"margin": NUMBER, "verdicts": WHOLE, "prompt_key": TEXT, "category": TEXT, "earlier": TEXT},
}
"""`margin`: mean credit of the chosen less that of the rejected, in (0, 1]. `verdicts`: how many were averaged.

`earlier`: the turns before the prompt, as JSON.
"""


class Preferences:
    """The pairs of a source. `left_out` counts by reason those that do not count, once all have been read."""

    def __init__(self, source: Source, *, min_margin: float = 0.0) -> None:
        self.source, self.min_margin = source, min_margin
        self.left_out: Counter[str] = Counter()
        self.written = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for _, group in groupby(self.source.pairs(), key=_pair):
            found = self._row(list(group))
            if found is not None:
                self.written += 1
                yield found

    def _row(self, verdicts: list[Verdict]) -> dict[str, Any] | None:
        first = verdicts[0]
        credit = mean_credit(verdicts)
        margin = 0.0 if credit is None else abs(2.0 * credit - 1.0)
        if reason := self._reason(first, credit, margin):
            self.left_out[reason] += 1
            return None
        chosen, rejected = (first.a, first.b) if credit is not None and credit > 0.5 else (first.b, first.a)
        return {
            "prompt": first.question.text,
            "chosen": chosen.text,
            "rejected": rejected.text,
            "chosen_model": chosen.name,
            "rejected_model": rejected.name,
            "judge": first.judge,
            "margin": margin,
            "verdicts": sum(verdict.credit is not None for verdict in verdicts),
            "prompt_key": first.question.key,
            "category": first.question.category,
            "earlier": [asdict(turn) for turn in first.a.earlier] or None,
        }

    def _reason(self, first: Verdict, credit: float | None, margin: float) -> str:
        """Why the pair is left out; "" where it is not."""
        if credit is None:
            return "unscored"
        if margin == 0.0:
            return "ties"
        if margin < self.min_margin:
            return "below the margin"
        if first.question.text is None or not _differ(first.a, first.b):
            return "without two different texts"
        if first.a.earlier != first.b.earlier:
            return "after different conversations"
        return ""


def _pair(verdict: Verdict) -> tuple[Any, ...]:
    sides = ((side.name, side.sample, side.order) for side in (verdict.a, verdict.b))
    return (verdict.judge, verdict.question.key, *sides)


def _differ(a: Side, b: Side) -> bool:
    return a.text is not None and b.text is not None and a.text != b.text


def mean_credit(verdicts: list[Verdict]) -> float | None:
    """Mean of the means of each order; None where an order that was asked for has no scored verdict."""
    orders = {verdict.swapped for verdict in verdicts}
    means = []
    for swapped in orders:
        credits = [v.credit for v in verdicts if v.swapped is swapped and v.credit is not None]
        if not credits:
            return None
        means.append(fmean(credits))
    return fmean(means)
