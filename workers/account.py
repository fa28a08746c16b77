"""What a judge's verdicts may cost at most, and what they cost: the worker's side of the budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from leaderboard.contracts.values import Pair, Verdict
from leaderboard.models import Job, Judge
from leaderboard.models.budgets import NANO
from leaderboard.services import budgets
from leaderboard.services.budgets import Most, OverBudget, Took
from leaderboard.services.prices import Tariff


class Account:
    """The purses that pay for one job of a judge, which is None for one that is only tried. Prices are of its start.

    `batched`: its calls go through the Batch API.
    """

    def __init__(self, job: Job, judge: Judge | None, plugin: Any, *, batched: bool = False) -> None:
        self._job, self._plugin = job, plugin
        self._keys = self._today = budgets.purses(job, judge.pk if judge else None)
        self._tariff = Tariff.of(plugin.provenance(), batched=batched)
        self._most: dict[str, Most] = {}

    def hold(self, pairs: Sequence[Pair]) -> int:
        """Hold back for as many of the first pairs as fit. Raises OverBudget where none does."""
        self._keys = self._today
        if self._tariff.free or not budgets.capped(self._keys):
            budgets.release(self._job)
            self._most = {}
            return len(pairs)
        most = [self._most_of(pair) for pair in pairs]
        fit = budgets.hold(self._job, self._keys, most)
        self._most = {pair.key: one for pair, one in zip(pairs[:fit], most, strict=False)}
        return fit

    def resume(self, pairs: Sequence[Pair]) -> int:
        """As `hold`, for pairs that were ordered before: what is held back for them stays, of the day of the order."""
        keys = budgets.held_for(self._job)
        if not keys:
            return self.hold(pairs)
        self._keys, self._most = keys, {pair.key: self._most_of(pair) for pair in pairs}
        return len(pairs)

    def hold_all(self, pairs: Sequence[Pair]) -> None:
        """Hold back for all pairs or none. Raises OverBudget where they do not fit together."""
        fit = self.hold(pairs)
        if fit < len(pairs):
            raise OverBudget(f"{budgets.WAITING}: only {fit} of {len(pairs)} pairs fit under a cap.")

    def priced(self, verdict: Verdict) -> Verdict:
        """With its cost, where the server told none and a price is known."""
        if verdict.cost_usd is not None:
            return verdict
        nano = self._tariff.nano(verdict.prompt_tokens, verdict.output_tokens, _members(verdict))
        return verdict if nano is None else replace(verdict, cost_usd=nano / NANO)

    def settle(self, verdicts: Sequence[Verdict]) -> None:
        """Count what verdicts took and hold back for them no longer; inside the transaction that stores them."""
        if self._tariff.free:
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
        return budgets.most_of(sent, written, self._tariff.dearest) if sent or written else Most(0, 0)


def _members(verdict: Verdict) -> Sequence[Mapping[str, Any]]:
    """What each member of a jury took, where that is told."""
    found: Sequence[Mapping[str, Any]] = verdict.evidence.get("members") or ()
    return found
