"""Judges that compare the scores of a metric: reward models, overlap with a reference, anything that scores outputs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import Field

from leaderboard.contracts.params import Params
from leaderboard.contracts.registry import metrics
from leaderboard.contracts.values import Pair, Scorable, Scored, Verdict, VerdictState

AT_ONCE = 64
"""Pairs whose scores are asked for together."""


class MetricJudgeParams(Params):
    """Which metric, and how two scores become a credit."""

    metric: str = Field(min_length=1, max_length=100, description="Metric plugin, such as rouge-l.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings of that metric.")
    credit: Literal["sign", "logistic"] = Field(
        "sign", description="sign: the higher score wins. logistic: 1 / (1 + exp(-difference / scale))."
    )
    scale: float = Field(1.0, gt=0, description="Difference in score that makes the odds e to 1, for logistic.")
    tie_within: float = Field(0.0, ge=0, description="A difference no larger than this is a tie, for sign.")


class RewardModelParams(Params):
    """Which reward model."""

    settings: dict[str, Any] = Field(default_factory=dict, description="Settings of the metric reward-model.")
    scale: float = Field(1.0, gt=0, description="Difference in reward that makes the odds of winning e to 1.")


class ScoreJudge:
    """The base. Identical answers tie; a missing score leaves the pair unscored, and the evidence says why.

    The order shown makes no difference, so each pair is judged once.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    both_orders: ClassVar[bool] = False

    def __init__(self, params: Any) -> None:
        self.params = params
        metrics.parse(self.metric, params.settings, "settings")

    @property
    def metric(self) -> str:
        """Name of the metric plugin."""
        raise NotImplementedError

    def credit(self, difference: float) -> float:
        """Credit of side a from how much higher its score is."""
        raise NotImplementedError

    def judge(self, pairs: Sequence[Pair]) -> Iterator[Verdict]:
        """One verdict a pair. Raises what the metric raises."""
        differ = [pair for pair in pairs if not pair.identical]
        for pair in pairs:
            if pair.identical:
                yield Verdict(pair.key, VerdictState.SCORED, 0.5, evidence={"identical": True})
        for start in range(0, len(differ), AT_ONCE):
            part = differ[start : start + AT_ONCE]
            items = [Scorable(p.prompt, p.reference, text) for p in part for text in (p.answer_a, p.answer_b)]
            scores = self._scores(items)
            for pair, a, b in zip(part, scores[::2], scores[1::2], strict=True):
                yield self._verdict(pair, a, b)

    def most_tokens(self, pair: Pair) -> tuple[int, int]:
        """None: a metric reads the answers here, and its scores count no tokens."""
        return 0, 0

    def provenance(self) -> Mapping[str, str]:
        """Judge and metric, with what the metric tells of itself."""
        kind: Any = metrics.get(self.metric)
        told: dict[str, str] = getattr(self._plugin, "provenance", dict)()
        own = {"judge": self.name, "judge_version": self.version, "metric": f"{kind.name} {kind.version}"}
        return {**told, **own}

    @cached_property
    def _plugin(self) -> Any:
        return metrics.build(self.metric, self.params.settings, "settings")

    def _scores(self, items: Sequence[Scorable]) -> list[Scored]:
        if hasattr(self._plugin, "score_many"):
            return list(self._plugin.score_many(items))
        return [self._plugin.score(prompt=one.prompt, reference=one.reference, text=one.text) for one in items]

    def _verdict(self, pair: Pair, a: Scored, b: Scored) -> Verdict:
        sides = {"a": a, "b": b}
        evidence = {
            "scores": {side: one.value for side, one in sides.items()},
            "reasons": {side: one.reason for side, one in sides.items() if one.reason},
        }
        if a.value is None or b.value is None:
            lacks = "no reference" in (a.reason, b.reason)
            state = VerdictState.NO_REFERENCE if lacks else VerdictState.UNPARSED
            return Verdict(pair.key, state, raw=_told(a, b), evidence=evidence)
        credit = self.credit(a.value - b.value)
        return Verdict(pair.key, VerdictState.SCORED, credit, raw=_told(a, b), evidence=evidence)


class MetricJudge(ScoreJudge):
    """The higher score of any metric wins: exact match, ROUGE, SacreBLEU, and those of other packages."""

    name: ClassVar[str] = "metric"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Metric: the answer with the higher score wins"
    Params: ClassVar[type[Params]] = MetricJudgeParams

    @property
    def metric(self) -> str:
        """The one named in the settings."""
        return str(self.params.metric)

    def credit(self, difference: float) -> float:
        """By sign or by the logistic function."""
        if self.params.credit == "logistic":
            return logistic(difference / self.params.scale)
        return 0.5 if abs(difference) <= self.params.tie_within else float(difference > 0)


class RewardModelJudge(ScoreJudge):
    """Chance that side a wins, as a reward model trained on pairs means it: logistic in the difference of rewards."""

    name: ClassVar[str] = "reward-model"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Reward model: chance of winning from the difference of two rewards"
    Params: ClassVar[type[Params]] = RewardModelParams
    metric = "reward-model"

    def credit(self, difference: float) -> float:
        """Bradley–Terry, by which such models are trained (arXiv 2203.02155)."""
        return logistic(difference / self.params.scale)


def logistic(x: float) -> float:
    """1 / (1 + exp(-x)) without overflow."""
    return 0.5 * (1.0 + math.tanh(x / 2))


def _told(a: Scored, b: Scored) -> str:
    return " against ".join(one.reason or "none" if one.value is None else f"{one.value:.6g}" for one in (a, b))
