"""How much work a sweep is, before it starts: sizes from its declaration, time from what was measured here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.db.models import Avg, Count, Sum

from leaderboard.contracts import registry
from leaderboard.models import Board, LanguageModel, Output
from leaderboard.services.submissions import Request

FEWEST = 20
"""Measured outputs below which no speed is told."""


@dataclass(frozen=True)
class Estimate:
    """The work that a sweep asks for; tokens, comparisons and judgments are upper bounds.

    `outputs` counts candidates too. `seconds` is for generating at the speed and mean length of the `measured` outputs
    that this model already made here, and `seconds_at_most` at that speed and full length; None where there are too
    few to tell. Judging comes on top, and what is stored already is not made again.
    """

    arms: int
    prompts: int
    outputs: int
    output_tokens: int
    comparisons: int
    judgments: int
    measured: int
    tokens_per_second: float | None
    seconds: float | None
    seconds_at_most: float | None


@dataclass(frozen=True)
class Pace:
    """What one worker did with a model: output tokens a second, and the mean length of an output in tokens."""

    outputs: int
    rate: float
    length: float


def estimate(board: Board, requests: Sequence[Request]) -> Estimate:
    """The size of valid requests for one model."""
    strategies: list[Any] = [registry.decoding.build(one.strategy, one.decoding) for one in requests]
    prompts = board.benchmark.prompts.count()
    outputs = [prompts * one.runs * getattr(kind, "n", 1) for one, kind in zip(requests, strategies, strict=True)]
    limits = [kind.max_new_tokens for kind in strategies]
    tokens = sum(made * limit for made, limit in zip(outputs, limits, strict=True))
    pairs = prompts * _pairs(board, [one.runs for one in requests])
    verdicts = sum(2 if judge.both_orders else 1 for judge in board.judges.all())
    pace = _pace(requests[0])
    usual = sum(made * min(pace.length, limit) for made, limit in zip(outputs, limits, strict=True)) if pace else 0.0
    return Estimate(
        arms=len(requests),
        prompts=prompts,
        outputs=sum(outputs),
        output_tokens=tokens,
        comparisons=pairs,
        judgments=pairs * verdicts,
        measured=pace.outputs if pace else 0,
        tokens_per_second=pace.rate if pace else None,
        seconds=usual / pace.rate if pace else None,
        seconds_at_most=tokens / pace.rate if pace else None,
    )


def _pairs(board: Board, runs: Sequence[int]) -> int:
    """Comparisons for each prompt, at most: with who is there, and among the arms where all meet all."""
    if board.pairing == Board.Pairing.BASELINE:
        return sum(runs)
    among = sum(max(a, b) if 1 in (a, b) else min(a, b) for a, b in combinations(runs, 2))
    return sum(runs) * board.entries.count() + among


def _pace(request: Request) -> Pace | None:
    """Measured over all outputs that this very model made, chosen ones left out; None where there are too few."""
    kind = registry.generators.get(request.generator)
    identity = kind.identity(registry.generators.parse(request.generator, request.model))
    found = LanguageModel.objects.filter(
        source=identity.source, name=identity.name, revision=identity.revision, generator=request.generator
    )
    sums = Output.objects.filter(
        entry__model__in=found, entry__decoding__pool=None, seconds__gt=0, output_tokens__gt=0
    ).aggregate(count=Count("pk"), tokens=Sum("output_tokens"), seconds=Sum("seconds"), mean=Avg("output_tokens"))
    if sums["count"] < FEWEST:
        return None
    return Pace(sums["count"], sums["tokens"] / sums["seconds"], float(sums["mean"]))
