"""Puts a few pairs to a judge for a trial: what it is shown, what it replies, what is read from that."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from leaderboard.contracts import registry
from leaderboard.contracts.values import Pair, Verdict
from leaderboard.models import Comparison
from leaderboard.services import trials
from workers.judging import pair_of
from workers.runtime import Lease


def try_judge(lease: Lease) -> None:
    """The trial that the job asks for. Raises whatever the judge raises."""
    asked = lease.job.payload
    rows = tried(asked["plugin"], asked["params"], asked["pairs"])
    lease.check()
    trials.record(
        pk=uuid.UUID(lease.job.key.rpartition(":")[2]),
        board_id=asked["board"],
        plugin=asked["plugin"],
        params=asked["params"],
        rows=rows,
        user_id=asked.get("user"),
    )


def tried(plugin: str, params: Mapping[str, Any], items: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """One row a pair of `items`, [comparison id, swapped], in their order; plain JSON."""
    judge: Any = registry.judges.build(plugin, params)
    found = Comparison.objects.select_related("prompt", "a", "b", *_ENTRIES).in_bulk([pk for pk, _ in items])
    pairs = {str(pk): pair_of(found[pk], swapped) for pk, swapped in items}
    verdicts = {verdict.key: verdict for verdict in judge.judge(list(pairs.values()))}
    return [_row(judge, found[int(key)], pair, verdicts[key]) for key, pair in pairs.items()]


_ENTRIES = [f"entry_{side}__{part}" for side in "ab" for part in ("model", "decoding")]


def _row(judge: Any, comparison: Comparison, pair: Pair, verdict: Verdict) -> dict[str, Any]:
    messages = judge.preview(pair) if hasattr(judge, "preview") else ()
    names = {"prompt": comparison.prompt.key, "a": str(comparison.entry_a), "b": str(comparison.entry_b)}
    shown = {"swapped": pair.swapped, "messages": [asdict(message) for message in messages]}
    told = {**asdict(verdict), "state": str(verdict.state), "evidence": dict(verdict.evidence)}
    del told["key"]
    return {**names, **shown, **told}
