"""Judges the comparisons, or scores the outputs, of one job and stores each verdict as it comes."""

from __future__ import annotations

import time

from leaderboard.contracts import registry
from leaderboard.contracts.values import Pair
from leaderboard.models import Comparison, Judge, Judgment, Metric, Output, Score
from leaderboard.services import facts
from workers.runtime import Lease

FLUSH_SECONDS = 1.0


def judge(lease: Lease) -> None:
    """A judging job names a judge or a metric."""
    if "metric" in lease.job.payload:
        _score(lease)
    else:
        _judge(lease)


def _score(lease: Lease) -> None:
    metric = Metric.objects.get(pk=lease.job.payload["metric"])
    plugin = registry.metrics.build(metric.plugin, metric.params)
    ids = lease.job.payload["items"]
    done = Score.objects.filter(metric=metric, output__in=ids).values("output_id")
    outputs = Output.objects.filter(pk__in=ids).exclude(pk__in=done).select_related("prompt")
    facts.add_scores(
        [
            facts.score_row(
                plugin.score(prompt=o.prompt.text, reference=o.prompt.reference, text=o.text),
                metric=metric,
                output_id=o.pk,
            )
            for o in outputs
        ]
    )
    _expect(Score.objects.filter(metric=metric, output__in=ids).count(), len(ids), "scores")


def _judge(lease: Lease) -> None:
    row = Judge.objects.get(pk=lease.job.payload["judge"])
    swapped, ids = lease.job.payload["swapped"], lease.job.payload["items"]
    mine = Judgment.objects.filter(judge=row, swapped=swapped, comparison__in=ids)
    todo = Comparison.objects.filter(pk__in=ids).exclude(pk__in=mine.values("comparison_id"))
    pairs = [_pair(comparison, swapped) for comparison in todo.select_related("prompt", "a", "b")]
    if pairs:
        _judge_pairs(lease, row, pairs, swapped)
    _expect(mine.count(), len(ids), "verdicts")


def _judge_pairs(lease: Lease, row: Judge, pairs: list[Pair], swapped: bool) -> None:
    plugin = registry.judges.build(row.plugin, row.params)
    provenance = {"judge": row.plugin, "version": row.version, **plugin.provenance()}
    waiting: list[Judgment] = []
    flushed = time.monotonic()
    for verdict in plugin.judge(pairs):
        waiting.append(
            facts.judgment_row(
                verdict, judge=row, comparison_id=int(verdict.key), swapped=swapped, provenance=provenance
            )
        )
        if time.monotonic() - flushed > FLUSH_SECONDS:
            facts.add_judgments(waiting)
            waiting, flushed = [], time.monotonic()
            lease.check()
    facts.add_judgments(waiting)


def _pair(comparison: Comparison, swapped: bool) -> Pair:
    return Pair(
        key=str(comparison.pk),
        prompt=comparison.prompt.text,
        answer_a=comparison.a.text,
        answer_b=comparison.b.text,
        reference=comparison.prompt.reference,
        swapped=swapped,
    )


def _expect(found: int, wanted: int, what: str) -> None:
    """An ignoring insert hides faults; so the rows are counted after."""
    if found != wanted:
        raise RuntimeError(f"Only {found} of {wanted} {what} could be stored.")
