"""Puts a few pairs to a judge for a trial: what it is shown, what it replies, what is read from that."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from leaderboard.contracts import registry
from leaderboard.contracts.values import Pair, Verdict
from leaderboard.models import Comparison, Judge
from leaderboard.queries.turns import Talks
from leaderboard.services import trials
from workers.account import Account
from workers.judging import pair_of
from workers.runtime import Lease


def try_judge(lease: Lease) -> None:
    """The trial that the job asks for; what it takes is counted. Raises whatever the judge raises, and OverBudget."""
    asked = lease.job.payload
    judge: Any = registry.judges.build(asked["plugin"], asked["params"])
    known = Judge.objects.filter(plugin=asked["plugin"], params=asked["params"]).first()
    account = Account(lease.job, known, judge)
    found, pairs = _pairs(asked["pairs"])
    account.hold_all(list(pairs.values()))
    verdicts = [account.priced(verdict) for verdict in judge.judge(list(pairs.values()))]
    account.settle(verdicts)
    lease.check()
    trials.record(
        pk=uuid.UUID(lease.job.key.rpartition(":")[2]),
        board_id=asked["board"],
        plugin=asked["plugin"],
        params=asked["params"],
        rows=_rows(judge, found, pairs, verdicts),
        user_id=asked.get("user"),
    )


def tried(judge: Any, items: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """One row a pair of `items`, [comparison id, swapped], in their order; plain JSON. The built judge pays."""
    found, pairs = _pairs(items)
    return _rows(judge, found, pairs, list(judge.judge(list(pairs.values()))))


def _pairs(items: Sequence[Sequence[Any]]) -> tuple[dict[int, Comparison], dict[str, Pair]]:
    """The comparisons by id, and how each is put to the judge."""
    found = Comparison.objects.select_related("prompt", "a", "b", *_ENTRIES).in_bulk([pk for pk, _ in items])
    talks = Talks.of_pairs(found.values())
    return found, {str(pk): pair_of(found[pk], swapped, talks) for pk, swapped in items}


def _rows(
    judge: Any, found: Mapping[int, Comparison], pairs: Mapping[str, Pair], verdicts: Sequence[Verdict]
) -> list[dict[str, Any]]:
    said = {verdict.key: verdict for verdict in verdicts}
    return [_row(judge, found[int(key)], pair, said[key]) for key, pair in pairs.items()]


_ENTRIES = [f"entry_{side}__{part}" for side in "ab" for part in ("model", "decoding")]


def _row(judge: Any, comparison: Comparison, pair: Pair, verdict: Verdict) -> dict[str, Any]:
    messages = judge.preview(pair) if hasattr(judge, "preview") else ()
    names = {"prompt": comparison.prompt.key, "a": str(comparison.entry_a), "b": str(comparison.entry_b)}
    shown = {"swapped": pair.swapped, "messages": [asdict(message) for message in messages]}
    told = {**asdict(verdict), "state": str(verdict.state), "evidence": dict(verdict.evidence)}
    del told["key"]
    return {**names, **shown, **told}
