"""Judges canaries again: what a job names, at the repeat that it names. Nothing stored before is looked at."""

from __future__ import annotations

from leaderboard.contracts import registry
from leaderboard.models import Board, Comparison, Judge, Judgment
from leaderboard.services import boards, facts
from workers.handover import in_batches
from workers.judging import pair_of
from workers.runtime import Lease


def judge_canaries(lease: Lease) -> None:
    """Store a verdict on each item, and ask for a new audit once all are there."""
    asked = lease.job.payload
    row, swapped, repeat = Judge.objects.get(pk=asked["judge"]), asked["swapped"], asked["repeat"]
    mine = Judgment.objects.filter(judge=row, swapped=swapped, repeat=repeat, comparison__in=asked["items"])
    todo = Comparison.objects.filter(pk__in=asked["items"]).exclude(pk__in=mine.values("comparison_id"))
    pairs = [pair_of(comparison, swapped) for comparison in todo.select_related("prompt", "a", "b")]
    if pairs:
        plugin = registry.judges.build(row.plugin, row.params)
        provenance = {"judge": row.plugin, "version": row.version, **plugin.provenance()}
        for verdicts in in_batches(lambda: plugin.judge(pairs), lease.lost.is_set):
            rows = [
                facts.judgment_row(v, judge=row, comparison_id=int(v.key), swapped=swapped, provenance=provenance)
                for v in verdicts
            ]
            for made in rows:
                made.repeat = repeat
            facts.add_judgments(rows)
            lease.check()
    if mine.count() != len(asked["items"]):
        raise RuntimeError(f"Only {mine.count()} of {len(asked['items'])} canaries could be stored.")
    boards.request_refresh(Board.objects.get(pk=asked["board"]))
