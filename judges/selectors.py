"""Selectors: which of several outputs to one prompt is shown. None of them sees the reference.

All rate each candidate and show the best rated, the earliest among equals; where none can be rated, the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

from pydantic import Field

from judges.metrics.extract import as_number, extract_answer, normalise
from judges.metrics.reward_model import RewardModel, RewardModelParams
from leaderboard.contracts import registry
from leaderboard.contracts.params import NoParams, Params
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.values import Candidate, Chosen, Pair, Scorable, Verdict

Ratings = Sequence[float | None]


def best_of(ratings: Ratings) -> int:
    """Index of the highest rating, the first among equals; 0 where there is none."""
    known = [(rating, -place) for place, rating in enumerate(ratings) if rating is not None]
    return -max(known)[1] if known else 0


class Likelihood:
    """The candidate whose tokens were likeliest on average, under the model's untouched distribution."""

    name: ClassVar[str] = "likelihood"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Likelihood: the candidate with the highest mean log-probability a token"
    Params: ClassVar[type[Params]] = NoParams
    needs: ClassVar[frozenset[str]] = frozenset({Capability.LOOP})
    """No server tells the log-probability of a whole output under the untouched distribution in a way to rely on."""
    metric: ClassVar[None] = None

    def __init__(self, params: Any) -> None:
        self.params = params

    def choose(self, prompts: Sequence[str], candidates: Sequence[Sequence[Candidate]]) -> Iterator[Chosen]:
        """Ratings in nats a token; an output without tokens cannot be rated."""
        for own in candidates:
            ratings = tuple(c.logprob / c.tokens if c.logprob is not None and c.tokens else None for c in own)
            yield Chosen(best_of(ratings), ratings)


class MajorityParams(Params):
    """Where the answer stands in an output."""

    marker: str = Field("answer is", min_length=1, max_length=100, description="The answer follows these words.")


class Majority:
    """The answer that most candidates state, after normalising (self-consistency, arXiv 2203.11171)."""

    name: ClassVar[str] = "majority"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Majority: the answer that most candidates state"
    Params: ClassVar[type[Params]] = MajorityParams
    needs: ClassVar[frozenset[str]] = frozenset()
    metric: ClassVar[None] = None

    def __init__(self, params: MajorityParams) -> None:
        self.params = params

    def choose(self, prompts: Sequence[str], candidates: Sequence[Sequence[Candidate]]) -> Iterator[Chosen]:
        """Ratings are shares of the candidates; one that states no answer cannot be rated."""
        for own in candidates:
            answers = [self._answer(candidate.text) for candidate in own]
            votes = Counter(answer for answer in answers if answer is not None)
            ratings = tuple(None if answer is None else votes[answer] / len(own) for answer in answers)
            yield Chosen(best_of(ratings), ratings, {"answers": answers})

    def _answer(self, text: str) -> str | None:
        """Numbers that are equal count as one answer, however they are written."""
        found = extract_answer(text, self.params.marker)
        if found is None:
            return None
        folded = normalise(found)
        number = as_number(folded)
        return folded if number is None else f"{number.normalize():f}"


class RewardSelector:
    """The candidate that a reward model scores highest; its ratings are the scores of the metric `reward-model`."""

    name: ClassVar[str] = RewardModel.name
    version: ClassVar[str] = RewardModel.version
    title: ClassVar[str] = "Reward model: the candidate with the highest score"
    Params: ClassVar[type[Params]] = RewardModelParams
    needs: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, params: RewardModelParams) -> None:
        self.params = params

    @property
    def metric(self) -> tuple[str, Mapping[str, Any]]:
        """The metric with the same settings."""
        return RewardModel.name, self.params.canonical()

    def choose(self, prompts: Sequence[str], candidates: Sequence[Sequence[Candidate]]) -> Iterator[Chosen]:
        """Ratings on the model's scale; those known from earlier are kept. An empty output cannot be rated."""
        asked = zip(prompts, candidates, strict=True)
        unrated = [Scorable(prompt, "", c.text) for prompt, own in asked for c in own if c.rating is None]
        scores = iter(RewardModel(self.params).score_many(unrated))
        for own in candidates:
            ratings = tuple(next(scores).value if c.rating is None else c.rating for c in own)
            yield Chosen(best_of(ratings), ratings)


class JudgeSelectorParams(Params):
    """Which judge compares the candidates."""

    judge: str = Field("pairwise-llm", min_length=1, max_length=100, description="Judge plugin.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings of that judge.")


@dataclass
class _Tally:
    """Credits of one prompt's candidates, and what they took."""

    credits: list[list[float]]
    verdicts: int = 0
    unscored: int = 0
    seconds: float = 0.0
    cost_usd: float | None = None

    def add(self, first: int, second: int, verdict: Verdict) -> None:
        """Count a verdict on two candidates."""
        self.verdicts += 1
        self.seconds += verdict.seconds
        if verdict.cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + verdict.cost_usd
        if verdict.credit_a is None:
            self.unscored += 1
            return
        self.credits[first].append(verdict.credit_a)
        self.credits[second].append(1.0 - verdict.credit_a)

    def chosen(self) -> Chosen:
        """The candidate of the highest mean credit."""
        ratings = tuple(sum(own) / len(own) if own else None for own in self.credits)
        evidence = {"verdicts": self.verdicts, "unscored": self.unscored}
        return Chosen(best_of(ratings), ratings, evidence, self.seconds, self.cost_usd)


class JudgeSelector:
    """Every two candidates are compared by a judge, in both orders where it asks for that; most credit wins."""

    name: ClassVar[str] = "judge"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Judge: the candidate that wins most comparisons with the others"
    Params: ClassVar[type[Params]] = JudgeSelectorParams
    needs: ClassVar[frozenset[str]] = frozenset()
    metric: ClassVar[None] = None

    def __init__(self, params: JudgeSelectorParams) -> None:
        self.params = params

    def choose(self, prompts: Sequence[str], candidates: Sequence[Sequence[Candidate]]) -> Iterator[Chosen]:
        """Ratings are mean credits in [0, 1]. Raises what the judge raises."""
        judge = registry.judges.build(self.params.judge, self.params.settings, "settings")
        tallies = [_Tally([[] for _ in own]) for own in candidates]
        pairs = list(_pairs(prompts, candidates, both_orders=judge.both_orders))
        for verdict in judge.judge(pairs):
            place, first, second, _ = map(int, verdict.key.split(":"))
            tallies[place].add(first, second, verdict)
        for tally in tallies:
            yield tally.chosen()


def _pairs(prompts: Sequence[str], candidates: Sequence[Sequence[Candidate]], *, both_orders: bool) -> Iterator[Pair]:
    """Keys are prompt:first:second:swapped, by place."""
    for place, (prompt, own) in enumerate(zip(prompts, candidates, strict=True)):
        for first, second in combinations(range(len(own)), 2):
            for swapped in (False, True) if both_orders else (False,):
                key = f"{place}:{first}:{second}:{int(swapped)}"
                yield Pair(key, prompt, own[first].text, own[second].text, swapped=swapped)
