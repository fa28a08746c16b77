"""What judging takes: by each judge's earlier verdicts where there are some, else by the prompts that it would send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from leaderboard.contracts import registry
from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.registry import PluginError
from leaderboard.contracts.values import Message, Pair
from leaderboard.models import Board, Judge, Judgment, Prompt
from leaderboard.models.budgets import NANO
from leaderboard.queries.turns import chain_of
from leaderboard.services.making_costs import BYTES, FEWEST, parallel_of
from leaderboard.services.prices import Tariff
from leaderboard.services.work import JudgeWork, Work

LATEST = 1000
"""Earlier verdicts that are looked at."""
TRIED = 5
"""Prompts from which a judge without earlier verdicts is told."""


@dataclass(frozen=True)
class Verdicts:
    """What a verdict took, in the mean. `cost` in dollars; None is not known."""

    count: int
    sent: float
    written: float
    seconds: float | None
    cost: float | None


@dataclass(frozen=True)
class _Run:
    """A judge that can be asked here. `tariff`: what its models cost now."""

    plugin: Any
    tariff: Tariff


def judging_of(board: Board, prompts: Sequence[Prompt], pairs: int, length: float) -> list[JudgeWork]:
    """The share of each judge of the board in judging so many pairs. `length`: tokens of an answer."""
    judges = board.judges.exclude(plugin="imported").order_by("name")
    return [_share(judge, prompts, pairs * (2 if judge.both_orders else 1), length) for judge in judges]


def _share(judge: Judge, prompts: Sequence[Prompt], calls: int, length: float) -> JudgeWork:
    run = _built(judge)
    if run is not None and run.tariff.free:
        return JudgeWork(
            judge.name, Work(calls, 0, 0, 0, 0, 0.0, 0.0, *_time(_latest(judge, asked=False), calls, 1)), 0, ()
        )
    found, notes = _latest(judge), list[str]()
    each = found or _supposed(judge, run, prompts, length, notes)
    if each is None:
        notes.append(_("What %(judge)s takes for a verdict cannot be told yet.") % {"judge": judge.name})
        unknown = Work(calls, None, None, None, None, None, None, None, None)
        return JudgeWork(judge.name, unknown, 0, tuple(notes))
    sent, written = round(each.sent * calls), round(each.written * calls)
    usd = _usd(run, each, sent, written, calls)
    if usd is None:
        notes.append(_("No price of %(model)s is known, so what it costs is not told.") % {"model": judge.name})
    work = Work(calls, sent, None, written, None, usd, None, *_time(found, calls, _parallel(judge.params)))
    return JudgeWork(judge.name, work, found.count if found else 0, tuple(notes))


def _built(judge: Judge) -> _Run | None:
    """None where the judge cannot be asked from here, such as for a plugin that is not installed."""
    try:
        plugin: Any = registry.judges.build(judge.plugin, judge.params)
        return _Run(plugin, Tariff.of(plugin.provenance(), batched=getattr(plugin, "may_wait", False)))
    except (InvalidInput, PluginError):
        return None


def _latest(judge: Judge, *, asked: bool = True) -> Verdicts | None:
    """Over the latest verdicts, those copied or given without asking left out; None where there are too few."""
    given = Judgment.objects.filter(judge=judge, seconds__isnull=False)
    told = given.filter(prompt_tokens__gt=0) if asked else given
    names = ("prompt_tokens", "output_tokens", "seconds", "cost_usd")
    rows = list(told.order_by("-pk").values_list(*names)[:LATEST])
    if len(rows) < FEWEST:
        return None
    sent, written, seconds, costs = (list(column) for column in zip(*rows, strict=True))
    priced = [cost for cost in costs if cost is not None]
    cost = _mean(priced) if len(priced) == len(rows) else None
    return Verdicts(len(rows), _mean(sent), _mean(written), _mean(seconds), cost)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _supposed(
    judge: Judge, run: _Run | None, prompts: Sequence[Prompt], length: float, notes: list[str]
) -> Verdicts | None:
    """From what the judge would send for answers of that length; None where it cannot tell."""
    if run is None or not prompts or not hasattr(run.plugin, "most_tokens"):
        return None
    known = {prompt.pk: prompt for prompt in prompts}
    pairs = [_pair(prompt, chain_of(prompt, known), max(1, round(length))) for prompt in prompts[:TRIED]]
    most = [run.plugin.most_tokens(pair) for pair in pairs]
    each = Verdicts(0, _mean([sent for sent, _ in most]) / BYTES, _mean([written for _, written in most]), None, None)
    told = {"judge": judge.name, "sent": round(each.sent), "written": round(each.written), "bytes": BYTES}
    notes.append(
        _(
            "%(judge)s has given too few verdicts to tell, so %(sent)s tokens sent and %(written)s written are taken"
            " for each, at %(bytes)s bytes a token and the longest reply."
        )
        % told
    )
    return each


def _pair(prompt: Prompt, before: Sequence[Prompt], length: int) -> Pair:
    """Two different answers of so many tokens, after conversations with such answers."""
    a, b = ("a" * length * BYTES, "b" * length * BYTES)
    fixed = tuple(Message(**turn) for turn in (*before, prompt)[0].earlier)
    own: dict[str, Any] = {"reference": prompt.reference, "checklist": tuple(prompt.checklist)}
    own |= {"earlier_a": (*fixed, *_talk(before, a)), "earlier_b": (*fixed, *_talk(before, b))}
    return Pair("0", prompt.text, a, b, **own)


def _talk(before: Sequence[Prompt], answer: str) -> list[Message]:
    return [turn for prompt in before for turn in (Message("user", prompt.text), Message("assistant", answer))]


def _usd(run: _Run | None, each: Verdicts, sent: int, written: int, calls: int) -> float | None:
    """By the price of a single model, else by what earlier verdicts cost, else by the dearest model of a jury."""
    rate = run.tariff.dearest if run else None
    if rate is not None and run is not None and (len(run.tariff.rates) == 1 or each.cost is None):
        return rate.nano(sent, written) / NANO
    return None if each.cost is None else each.cost * calls


def _time(found: Verdicts | None, calls: int, parallel: int) -> tuple[float | None, None]:
    """Seconds on one worker; there is no bound."""
    known = found is not None and found.seconds is not None
    return (found.seconds * calls / max(1, min(parallel, calls)) if known else None), None  # type: ignore[union-attr, operator]


def _parallel(params: Mapping[str, Any]) -> int:
    """How many calls the judge's generator makes at once."""
    try:
        return parallel_of(str(params["generator"]), params.get("generator_params", {}))
    except (InvalidInput, PluginError, KeyError):
        return 1
