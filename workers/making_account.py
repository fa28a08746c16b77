"""What outputs may cost at most, and what they cost: the worker's side of the budgets for generation.

Only a model behind an endpoint costs anything; one that runs in the worker spends from no purse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from leaderboard.contracts import registry
from leaderboard.contracts.values import GenerationRequest
from leaderboard.models import Job, LanguageModel, Output, Submission
from leaderboard.models.budgets import NANO
from leaderboard.services import budgets, prices
from leaderboard.services.budgets import Most, Took
from leaderboard.services.making_costs import PAID, most_sent

T = TypeVar("T")


class Meter:
    """What the outputs of one model may cost, and cost, by the prices of its start."""

    def __init__(self, model: LanguageModel) -> None:
        self.free = registry.generators.get(model.generator).backend != PAID
        self._rate = None if self.free else prices.rate_of(model.name)

    def most_of(self, request: GenerationRequest) -> Most:
        """The bound of one output."""
        sent = most_sent(message.content for message in request.messages)
        written = registry.decoding.build(request.decoding.strategy, request.decoding.params).max_new_tokens
        return budgets.most_of(sent, written, self._rate)

    def price(self, output: Output) -> None:
        """Give it its cost, where the server told none and a price is known."""
        if output.cost_usd is None and self._rate is not None:
            output.cost_usd = self._rate.nano(output.prompt_tokens or 0, output.output_tokens or 0) / NANO


class LiveAccount(Meter):
    """The purses that pay for one answer of a live battle."""

    def __init__(self, job: Job, model: LanguageModel, arena_id: int) -> None:
        super().__init__(model)
        self._job, self._keys = job, budgets.purses_of_live(arena_id)
        self._most = Most(0, 0)

    def hold(self, request: GenerationRequest) -> None:
        """Hold back for the answer. Raises OverBudget where it does not fit."""
        if self.free:
            return
        self._most = self.most_of(request)
        if budgets.capped(self._keys):
            budgets.hold(self._job, self._keys, [self._most])

    def settle(self, output: Output) -> None:
        """Count what the answer took; in the transaction that stores it."""
        if not self.free:
            budgets.settle(self._job, self._keys, [self._most], _took([output]))

    def cut(self) -> None:
        """Count an answer that was broken off as the most that it can have taken, since its server tells nothing."""
        if not self.free:
            took = Took(self._most.tokens or 0, self._most.nano or 0)
            budgets.settle(self._job, self._keys, [self._most], took)


class MakingAccount(Meter):
    """The purses that pay for the outputs of one model in one job."""

    def __init__(self, job: Job, model: LanguageModel, owners: Iterable[Submission]) -> None:
        super().__init__(model)
        self._job = job
        self._keys = {owner.pk: budgets.purses(job, submission=owner) for owner in owners}
        self._most: dict[str, Most] = {}

    def apart(self, places: Mapping[T, Submission]) -> list[list[T]]:
        """What is to be made, by who pays for it; all of it together where nobody has a cap."""
        keys = [key for owner in self._keys.values() for key in owner]
        if self.free or not budgets.capped(keys):
            return [list(places)]
        by_owner: dict[UUID, list[T]] = {}
        for place, owner in places.items():
            by_owner.setdefault(owner.pk, []).append(place)
        return list(by_owner.values())

    def hold(self, requests: Sequence[GenerationRequest], owner: Submission) -> int:
        """Hold back for as many of the first requests as fit, all of one owner. Raises OverBudget where none does."""
        keys = self._keys[owner.pk]
        if self.free or not budgets.capped(keys):
            budgets.release(self._job)
            self._most = {}
            return len(requests)
        most = [self.most_of(request) for request in requests]
        fit = budgets.hold(self._job, keys, most)
        self._most = {request.key: one for request, one in zip(requests[:fit], most, strict=False)}
        return fit

    def settle(self, made: Sequence[tuple[str, Submission, Output]]) -> None:
        """Count what outputs took, each with its request's key and its owner; in the transaction that stores them."""
        by_owner: dict[UUID, list[tuple[str, Output]]] = {}
        for key, owner, output in made if not self.free else ():
            by_owner.setdefault(owner.pk, []).append((key, output))
        for pk, own in by_owner.items():
            held = [self._most[key] for key, _ in own if key in self._most]
            budgets.settle(self._job, self._keys[pk], held, _took([output for _, output in own]))


def _took(outputs: Sequence[Output]) -> Took:
    tokens = sum((one.prompt_tokens or 0) + (one.output_tokens or 0) for one in outputs)
    return Took(tokens, sum(round((one.cost_usd or 0.0) * NANO) for one in outputs))
