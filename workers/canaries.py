"""Judges canaries again: what a job names, at the repeat that it names. Nothing stored before is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.db import transaction

from leaderboard.contracts import registry
from leaderboard.contracts.values import Verdict
from leaderboard.models import Board, Comparison, Judge, Judgment
from leaderboard.queries.turns import Talks
from leaderboard.services import boards, facts
from workers.account import Account
from workers.handover import in_batches
from workers.judging import pair_of
from workers.runtime import Lease


def judge_canaries(lease: Lease) -> None:
    """Store a verdict on each item, and ask for a new audit once all are there. Raises OverBudget under a cap."""
    asked = lease.job.payload
    row, swapped, repeat = Judge.objects.get(pk=asked["judge"]), asked["swapped"], asked["repeat"]
    mine = Judgment.objects.filter(judge=row, swapped=swapped, repeat=repeat, comparison__in=asked["items"])
    todo = Comparison.objects.filter(pk__in=asked["items"]).exclude(pk__in=mine.values("comparison_id"))
    shown = list(todo.select_related("prompt", "a", "b"))
    talks = Talks.of_pairs(shown)
    pairs = [pair_of(comparison, swapped, talks) for comparison in shown]
    if pairs:
        plugin = registry.judges.build(row.plugin, row.params)
        provenance = {"judge": row.plugin, "version": row.version, **plugin.provenance()}
        place = {"judge": row, "swapped": swapped, "provenance": provenance}
        account = Account(lease.job, row, plugin)
        while pairs:
            fit = account.hold(pairs)
            for verdicts in in_batches(partial(plugin.judge, pairs[:fit]), lease.lost.is_set):
                _store([account.priced(verdict) for verdict in verdicts], repeat, place, account)
                lease.check()
            pairs = pairs[fit:]
    if mine.count() != len(asked["items"]):
        raise RuntimeError(f"Only {mine.count()} of {len(asked['items'])} canaries could be stored.")
    boards.request_refresh(Board.objects.get(pk=asked["board"]))


def _store(verdicts: Sequence[Verdict], repeat: int, place: Mapping[str, Any], account: Account) -> None:
    """Counted where they are stored."""
    rows = [facts.judgment_row(one, comparison_id=int(one.key), **place) for one in verdicts]
    for made in rows:
        made.repeat = repeat
    with transaction.atomic():
        facts.add_judgments(rows)
        account.settle(verdicts)
