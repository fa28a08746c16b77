"""What a judge's verdicts may cost at most, and what they cost: the worker's side of the budgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from leaderboard.contracts.values import Pair, Verdict
from leaderboard.models import Job, Judge
from leaderboard.models.budgets import NANO
from leaderboard.services import budgets, prices
from leaderboard.services.budgets import Most, Took


class Account:
    """The purses that pay for one job of a judge. Prices are those at its start."""

    def __init__(self, job: Job, judge: Judge, plugin: Any) -> None:
        self._job, self._plugin = job, plugin
        self._keys = budgets.purses(job, judge.pk)
        told = plugin.provenance()
        self._rate = prices.rate_of(told["model"]) if "model" in told else None
        self._free = not any(name.endswith("model") for name in told)
        self._most: dict[str, Most] = {}

    def hold(self, pairs: Sequence[Pair]) -> int:
        """Hold back for as many of the first pairs as fit. Raises OverBudget where none does."""
        if self._free or not budgets.capped(self._keys):
            budgets.release(self._job)
            self._most = {}
            return len(pairs)
        most = [self._most_of(pair) for pair in pairs]
        fit = budgets.hold(self._job, self._keys, most)
        self._most = {pair.key: one for pair, one in zip(pairs[:fit], most, strict=False)}
        return fit

    def priced(self, verdict: Verdict) -> Verdict:
        """With its cost, where the server told none and a price is known."""
        if verdict.cost_usd is not None or self._rate is None:
            return verdict
        return replace(verdict, cost_usd=self._rate.nano(verdict.prompt_tokens, verdict.output_tokens) / NANO)

    def settle(self, verdicts: Sequence[Verdict]) -> None:
        """Count what verdicts took and hold back for them no longer; inside the transaction that stores them."""
        if self._free:
            return
        took = Took(
            sum(one.prompt_tokens + one.output_tokens for one in verdicts),
            sum(round((one.cost_usd or 0.0) * NANO) for one in verdicts),
        )
        held = [self._most[one.key] for one in verdicts if one.key in self._most]
        budgets.settle(self._job, self._keys, held, took)

    def _most_of(self, pair: Pair) -> Most:
        if not hasattr(self._plugin, "most_tokens"):
            return Most(None, None)
        sent, written = self._plugin.most_tokens(pair)
        return budgets.most_of(sent, written, self._rate)
