"""Several judges as one: the mean of their credits, their majority, or a mean weighted by numbers that are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from leaderboard.contracts.params import FieldError, InvalidInput, Params
from leaderboard.contracts.registry import judges
from leaderboard.contracts.said import said
from leaderboard.contracts.values import Message, Pair, Verdict, VerdictState


class Member(Params):
    """One judge of the jury."""

    judge: str = Field(min_length=1, max_length=100, description="Judge plugin.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings of that judge.")
    weight: float = Field(1.0, ge=0, description="For the rule weighted, such as its agreement with people.")


class JuryParams(Params):
    """Who sits on it and how it decides."""

    members: tuple[Member, ...] = Field(
        min_length=1, max_length=15, description='Judges with settings, such as [{"judge": "reference"}].'
    )
    rule: Literal["mean", "majority", "weighted"] = Field(
        "mean", description="mean: of credits. majority: of wins, ties and losses. weighted: mean by the weights given."
    )
    quorum: int = Field(1, ge=1, le=15, description="Fewer members with a verdict than this leave the pair unscored.")

    @model_validator(mode="after")
    def _can_decide(self) -> JuryParams:
        if self.quorum > len(self.members):
            raise ValueError(
                said("The quorum is {quorum}, but the jury has {n} members.", quorum=self.quorum, n=len(self.members))
            )
        if self.rule == "weighted" and not any(member.weight > 0 for member in self.members):
            raise ValueError(said("A weighted jury needs a member with a weight above 0."))
        return self


class Jury:
    """Every member judges every pair; a member without a verdict is left out, and the evidence keeps all of them.

    Identical answers tie without a call. Too few verdicts are the commonest state of those without one.
    """

    name: ClassVar[str] = "jury"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Jury: several judges decide together"
    Params: ClassVar[type[Params]] = JuryParams
    both_orders: ClassVar[bool] = True

    def __init__(self, params: JuryParams) -> None:
        self.params = params
        self._members: list[Any] = [
            judges.build(member.judge, member.settings, "members", place, "settings")
            for place, member in enumerate(params.members)
        ]
        waits = {member.may_wait for member in self._members if hasattr(member, "may_wait")}
        if len(waits) > 1:
            message = said("Either all members that ask a model may wait a day (batch), or none.")
            raise InvalidInput(FieldError(("members",), message))

    def judge(self, pairs: Sequence[Pair]) -> Iterator[Verdict]:
        """One verdict a pair, once all members gave theirs. Raises what a member raises."""
        open_pairs = [pair for pair in pairs if not pair.identical]
        found: dict[str, list[Verdict]] = {pair.key: [] for pair in open_pairs}
        for pair in pairs:
            if pair.identical:
                yield Verdict(pair.key, VerdictState.SCORED, 0.5, evidence={"identical": True})
        for member in self._members if open_pairs else ():
            for verdict in member.judge(open_pairs):
                own = found[verdict.key]
                own.append(verdict)
                if len(own) == len(self._members):
                    yield self._decide(verdict.key, own)

    def preview(self, pair: Pair) -> tuple[Message, ...]:
        """What the first member that sends something would send."""
        shown = [member.preview(pair) for member in self._members if hasattr(member, "preview")]
        return shown[0] if shown else ()

    @property
    def may_wait(self) -> bool:
        """Whether its members' calls may go through a Batch API."""
        return any(getattr(member, "may_wait", False) for member in self._members)

    @property
    def most_tokens(self) -> Callable[[Pair], tuple[int, int]]:
        """Tokens that all members take at most; there is no such number where one of them cannot tell."""
        own = [member.most_tokens for member in self._members]

        def both(pair: Pair) -> tuple[int, int]:
            sent, written = zip(*(most(pair) for most in own), strict=True)
            return (0, 0) if pair.identical else (sum(sent), sum(written))

        return both

    def provenance(self) -> Mapping[str, str]:
        """That of every member, under its place."""
        own = {"judge": self.name, "judge_version": self.version}
        for place, member in enumerate(self._members):
            own |= {f"member_{place}_{key}": value for key, value in member.provenance().items()}
        return own

    def _decide(self, key: str, own: Sequence[Verdict]) -> Verdict:
        scored = [
            (member, v.credit_a) for member, v in zip(self.params.members, own, strict=True) if v.credit_a is not None
        ]
        costs = [verdict.cost_usd for verdict in own if verdict.cost_usd is not None]
        credit = self._credit(scored) if len(scored) >= self.params.quorum else None
        state = VerdictState.SCORED if credit is not None else _missing(own)
        return Verdict(
            key,
            state,
            credit,
            raw=" · ".join(_told(verdict) for verdict in own),
            evidence={"members": [self._heard(*one) for one in zip(self.params.members, own, strict=True)]},
            prompt_tokens=sum(verdict.prompt_tokens for verdict in own),
            output_tokens=sum(verdict.output_tokens for verdict in own),
            seconds=sum(verdict.seconds for verdict in own),
            cost_usd=sum(costs) if costs else None,
        )

    def _credit(self, scored: Sequence[tuple[Member, float]]) -> float | None:
        """None where the members that are left have no weight."""
        if self.params.rule == "majority":
            wins = sum((credit > 0.5) - (credit < 0.5) for _, credit in scored)
            return 0.5 + 0.5 * ((wins > 0) - (wins < 0))
        weights = [member.weight if self.params.rule == "weighted" else 1.0 for member, _ in scored]
        total = sum(weights)
        mean = sum(w * credit for w, (_, credit) in zip(weights, scored, strict=True)) / total if total else None
        return None if mean is None else min(1.0, max(0.0, mean))

    def _heard(self, member: Member, verdict: Verdict) -> dict[str, Any]:
        """A member's verdict as plain JSON; `counted` says whether it was heard."""
        weight = {"weight": member.weight} if self.params.rule == "weighted" else {}
        own = {"judge": member.judge, "state": str(verdict.state), "credit_a": verdict.credit_a, "raw": verdict.raw}
        counted = verdict.credit_a is not None and not (weight and not member.weight)
        took = {"prompt_tokens": verdict.prompt_tokens, "output_tokens": verdict.output_tokens}
        told = {**own, **weight, "counted": counted, "evidence": dict(verdict.evidence)}
        return {**told, **took} if any(took.values()) else told


def _missing(own: Sequence[Verdict]) -> VerdictState:
    states = Counter(verdict.state for verdict in own if verdict.credit_a is None)
    return states.most_common(1)[0][0] if states else VerdictState.UNPARSED


def _told(verdict: Verdict) -> str:
    return str(verdict.state) if verdict.credit_a is None else f"{verdict.credit_a:.3g}"
