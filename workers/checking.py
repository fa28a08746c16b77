"""Checks an endpoint and counts what that takes: for one job, which has what it found kept, or for a command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leaderboard.contracts import registry
from leaderboard.models import Job
from leaderboard.services import budgets, endpoints, prices
from leaderboard.services.budgets import Most, Took
from leaderboard.services.making_costs import most_sent
from workers.generators.endpoint_check import Finding, check
from workers.generators.errors import GenerationFailed
from workers.runtime import Lease


def check_endpoint(lease: Lease) -> None:
    """About 30 short calls. Raises GenerationFailed where the server does not answer a plain one, and OverBudget."""
    asked = lease.job.payload
    findings = findings_of(lease.job, asked["params"])
    lease.check()
    endpoints.record(
        endpoint=asked["endpoint"],
        model=asked["model"],
        findings=[one.stored for one in findings],
        user_id=asked.get("user"),
    )


def findings_of(job: Job, params: Mapping[str, Any]) -> tuple[Finding, ...]:
    """What the check of an endpoint finds; the job pays. Raises as `check_endpoint`, and InvalidInput."""
    generator: Any = registry.generators.build(endpoints.GENERATOR, params)
    paid: Any = _Paid(generator, job)
    return check(paid)


class _Paid:
    """A generator that holds back for the calls of a check, all together, and counts what they took."""

    def __init__(self, generator: Any, job: Job) -> None:
        self._generator, self._job, self._keys = generator, job, budgets.purses(job)
        self.params = generator.params
        self._rate = prices.rate_of(self.params.model)

    def ask(self, calls: Sequence[Mapping[str, Any]]) -> list[Any]:
        """As the generator does. Raises OverBudget where the calls do not fit under a cap together."""
        each = [self._most_of(fields) for fields in calls]
        most = budgets.together(each)
        if budgets.capped(self._keys):
            budgets.hold(self._job, self._keys, [most])
        answers: list[Any] = self._generator.ask(calls)
        told = [_tokens(answer) for answer in answers]
        nano = sum(self._rate.nano(*tokens) for tokens in told) if self._rate else 0
        budgets.settle(self._job, self._keys, [most], Took(sum(map(sum, told)), nano))
        return answers

    def _most_of(self, fields: Mapping[str, Any]) -> Most:
        sent = most_sent(message["content"] for message in fields["messages"])
        return budgets.most_of(sent, fields["max_tokens"] * fields.get("n", 1), self._rate)


def _tokens(answer: Any) -> tuple[int, int]:
    """Of the prompt and of the answer, as the server tells; nothing where it refused the call or tells nothing."""
    usage = None if isinstance(answer, GenerationFailed) else getattr(answer, "usage", None)
    return (usage.prompt_tokens or 0, usage.completion_tokens or 0) if usage else (0, 0)
