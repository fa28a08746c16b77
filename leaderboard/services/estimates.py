"""How much work submissions are, before they start: sizes from what is asked, lengths, prices and speed as measured
here, and in words what had to be assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.db.models import Max

from leaderboard.models import Board, Output
from leaderboard.services.judging_costs import judging_of
from leaderboard.services.making_costs import making_of
from leaderboard.services.requests import Request
from leaderboard.services.work import JudgeWork, Making, Work, together


@dataclass(frozen=True)
class Estimate:
    """The work that is asked for; tokens, comparisons and judgments are upper bounds.

    `outputs` does not count the candidates that a best-of-n strategy chooses from; `output_tokens` and the calls of
    `generation` do. `seconds` is for generating at the speed and mean length of the `measured` outputs that this model
    already made here, and `seconds_at_most` at that speed and full length; None where there are too few to tell.
    `judges`: the share of each judge in `judging`. `assumed`: in words, what nothing was measured of. What is stored
    already is not made again, and costs nothing.
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
    generation: Work
    judging: Work
    judges: tuple[JudgeWork, ...]
    assumed: tuple[str, ...]

    @property
    def usd(self) -> float | None:
        """Dollars for generating and judging together; None where a price is not known."""
        parts = (self.generation.usd, self.judging.usd)
        return None if None in parts else sum(part or 0.0 for part in parts)


def estimate(board: Board, requests: Sequence[Request]) -> Estimate:
    """The size of valid requests for one model."""
    prompts = list(board.benchmark.prompts.order_by("position"))
    making = making_of(board, prompts, requests)
    pairs = len(prompts) * _pairs(board, [one.runs for one in requests])
    judges = judging_of(board, prompts, pairs, making.length)
    return Estimate(
        arms=len(requests),
        prompts=len(prompts),
        outputs=len(prompts) * sum(one.runs for one in requests),
        comparisons=pairs,
        judgments=sum(one.work.calls for one in judges),
        judging=together([one.work for one in judges]),
        judges=tuple(judges),
        assumed=tuple(dict.fromkeys([*making.assumed, *(note for one in judges for note in one.assumed)])),
        **_of_making(making),
    )


def _of_making(making: Making) -> dict[str, Any]:
    return {
        "output_tokens": making.work.output_tokens_at_most,
        "measured": making.measured,
        "tokens_per_second": making.rate,
        "seconds": making.work.seconds,
        "seconds_at_most": making.work.seconds_at_most,
        "generation": making.work,
    }


def _pairs(board: Board, runs: Sequence[int]) -> int:
    """Comparisons for each prompt, at most: with who is there, and among the arms where all meet all."""
    against = board.pairing == Board.Pairing.BASELINE and board.baseline_id is not None
    others = _runs_of(board, [board.baseline_id] if against else list(board.entries.values_list("pk", flat=True)))
    with_others = sum(_meetings(own, other) for own in runs for other in others)
    return with_others + (0 if against else sum(_meetings(a, b) for a, b in combinations(runs, 2)))


def _runs_of(board: Board, entries: Sequence[int | None]) -> list[int]:
    """Outputs a prompt of each entry; one that has none yet is taken to get one."""
    stored = Output.objects.filter(entry__in=entries, prompt__benchmark=board.benchmark_id)
    last = dict(stored.order_by().values_list("entry").annotate(Max("sample")))
    return [last.get(entry, 0) + 1 for entry in entries]


def _meetings(one: int, other: int) -> int:
    """Sample i meets sample i; an entry with one output meets each sample of the other."""
    return max(one, other) if 1 in (one, other) else min(one, other)
