"""What generating takes: by the model's earlier outputs where there are some, else by what is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, QuerySet, Sum
from django.utils.translation import gettext as _

from leaderboard.contracts import registry
from leaderboard.contracts.values import ModelIdentity
from leaderboard.models import Board, LanguageModel, Output, Prompt
from leaderboard.models.budgets import NANO
from leaderboard.queries.turns import chain_of
from leaderboard.services import prices
from leaderboard.services.prices import Rate
from leaderboard.services.requests import Request
from leaderboard.services.work import Making, Work

FEWEST = 20
"""Measured facts below which nothing is told of their speed, length or cost."""
BYTES = 4
"""Bytes of a token, where nothing better is known."""
AROUND = 32
"""Tokens that a chat template adds to a message, at most."""
PAID = "http"
"""The backend of generators whose calls go to an endpoint, and may cost money."""
AT_ONCE = 64
"""Calls that are taken to be under way at once at most: as many as one job makes outputs, and as many as an endpoint
gets before it has shown that more calls bring more answers."""


@dataclass(frozen=True)
class Measured:
    """What earlier outputs of a model took: tokens a second, and means of an output. `cost` is in dollars."""

    outputs: int
    rate: float
    length: float
    cost: float | None


@dataclass(frozen=True)
class Asked:
    """How many calls, the bound of their output tokens, and how many of them are made at once."""

    counts: list[int]
    limits: list[int]
    parallel: int

    @property
    def calls(self) -> int:
        """Of all requests, candidates too."""
        return sum(self.counts)

    def tokens(self, length: float | None) -> float:
        """Output tokens where an output has this length, or stops at its limit before."""
        told = zip(self.counts, self.limits, strict=True)
        return sum(count * (limit if length is None else min(length, limit)) for count, limit in told)


def making_of(board: Board, prompts: Sequence[Prompt], requests: Sequence[Request]) -> Making:
    """What the outputs that valid requests for one model ask for will take."""
    first, notes = requests[0], list[str]()
    identity = identity_of(first.generator, first.model)
    asked, found = _asked(len(prompts), requests), measured(identity, first.generator, board)
    if found is None:
        notes.append(_("Every output is taken to have its full length, since this model has made too few to tell."))
    bound, answers = _bound(prompts, first.system)
    each = _prompt_tokens(identity, first, board)
    length = found.length if found else None
    written, written_most = asked.tokens(length), round(asked.tokens(None))
    sent, most = round((each or 0) * asked.calls), round(bound * asked.calls + answers * asked.tokens(None))
    if each is None and prompts:
        sent = round(bound / BYTES * asked.calls + answers * written)
        notes.append(_("A prompt's token is taken to have %(n)s bytes.") % {"n": BYTES})
    rate = prices.rate_of(identity.name)
    usd = _usd(rate, sent, round(written), found, asked.calls)
    if usd is None:
        notes.append(_("No price of %(model)s is known, so what it costs is not told.") % {"model": identity.name})
    pace = found.rate * asked.parallel if found else None
    work = Work(
        asked.calls,
        sent,
        most,
        round(written),
        written_most,
        usd,
        rate.nano(most, written_most) / NANO if rate else None,
        written / pace if pace else None,
        written_most / pace if pace else None,
    )
    mean = written / asked.calls if asked.calls else 0.0
    return Making(work, mean, found.outputs if found else 0, found.rate if found else None, tuple(notes))


def most_sent(texts: Iterable[str]) -> int:
    """Tokens that messages of these texts take at most: none in use makes more than a text has bytes."""
    return sum(len(text.encode()) + AROUND for text in texts)


def identity_of(generator: str, params: Any) -> ModelIdentity:
    """Who the settings of a generator name."""
    kind: Any = registry.generators.get(generator)
    found: ModelIdentity = kind.identity(registry.generators.parse(generator, params))
    return found


def parallel_of(generator: str, params: Any) -> int:
    """Calls that an estimate takes to be under way at once; 1 for what runs in the worker, row by row."""
    kind: Any = registry.generators.get(generator)
    if kind.backend != PAID:
        return 1
    return max(1, min(AT_ONCE, getattr(registry.generators.parse(generator, params), "concurrency", 1)))


def measured(identity: ModelIdentity, generator: str, board: Board) -> Measured | None:
    """Over the outputs that this very model made, chosen ones left out: on the board's benchmark, else on any."""
    made = _outputs_of(identity, generator).filter(entry__decoding__pool=None, seconds__gt=0, output_tokens__gt=0)
    return _means(made.filter(prompt__benchmark=board.benchmark_id)) or _means(made)


def _outputs_of(identity: ModelIdentity, generator: str) -> QuerySet[Output]:
    models = LanguageModel.objects.filter(
        source=identity.source, name=identity.name, revision=identity.revision, generator=generator
    )
    found: QuerySet[Output] = Output.objects.filter(entry__model__in=models)
    return found


def _means(outputs: QuerySet[Output]) -> Measured | None:
    """None where there are too few."""
    sums = outputs.aggregate(
        count=Count("pk"),
        tokens=Sum("output_tokens"),
        seconds=Sum("seconds"),
        mean=Avg("output_tokens"),
        priced=Count("cost_usd"),
        cost=Avg("cost_usd"),
    )
    if sums["count"] < FEWEST:
        return None
    cost = sums["cost"] if sums["priced"] >= FEWEST else None
    return Measured(sums["count"], sums["tokens"] / sums["seconds"], float(sums["mean"]), cost)


def _asked(prompts: int, requests: Sequence[Request]) -> Asked:
    strategies: list[Any] = [registry.decoding.build(one.strategy, one.decoding, "decoding") for one in requests]
    counts = [prompts * one.runs * getattr(kind, "n", 1) for one, kind in zip(requests, strategies, strict=True)]
    at_once = min(sum(counts), parallel_of(requests[0].generator, requests[0].model))
    return Asked(counts, [kind.max_new_tokens for kind in strategies], max(1, at_once))


def _bound(prompts: Sequence[Prompt], system: str) -> tuple[float, float]:
    """Tokens of a prompt at most, none in use having more than bytes, and how many own answers it is sent with.

    Both in the mean; a later turn is sent with the whole conversation before it.
    """
    known = {prompt.pk: prompt for prompt in prompts}
    talks = [[*chain_of(prompt, known), prompt] for prompt in prompts]
    if not talks:
        return 0.0, 0.0
    answers = sum(len(talk) - 1 for talk in talks)
    asked = sum(sum(map(_size, talk)) for talk in talks) + AROUND * answers
    own = most_sent([system]) if system else 0
    return own + asked / len(talks), answers / len(talks)


def _size(prompt: Prompt) -> int:
    return most_sent((prompt.text, *(turn["content"] for turn in prompt.earlier)))


def _prompt_tokens(identity: ModelIdentity, request: Request, board: Board) -> float | None:
    """In the mean, as this model was told on this benchmark with the same system text; None where it never was."""
    told = _outputs_of(identity, request.generator).filter(
        prompt__benchmark=board.benchmark_id, entry__template__system=request.system, prompt_tokens__gt=0
    )
    mean: float | None = told.aggregate(mean=Avg("prompt_tokens"))["mean"]
    return mean


def _usd(rate: Rate | None, sent: int, written: int, found: Measured | None, calls: int) -> float | None:
    """By the price table, else by what the server told of earlier outputs."""
    if rate is not None:
        return rate.nano(sent, written) / NANO
    return found.cost * calls if found and found.cost is not None else None
