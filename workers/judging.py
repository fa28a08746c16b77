"""Judges the comparisons, or scores the outputs, of one job and stores each verdict as it comes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from leaderboard.contracts import registry
from leaderboard.contracts.values import Pair, Scorable, Scored, Verdict
from leaderboard.models import Comparison, Judge, Judgment, Metric, Output, Score
from leaderboard.queries.turns import MissingTurnError, Talks
from leaderboard.services import batches, budgets, facts, verdict_cache
from workers.account import Account
from workers.batches import Desk
from workers.generators.errors import Deferred
from workers.generators.stopping import Stopped
from workers.handover import in_batches
from workers.runtime import Lease, LeaseLost, Unfinished

AT_ONCE = 256
"""Outputs scored between two looks at the lease."""
SHOWN = (
    *(f"{side}__{name}" for side in "ab" for name in ("text", "entry_id", "sample")),
    *(f"prompt__{name}" for name in ("key", "text", "reference", "earlier", "follows_id", "checklist")),
)
"""What `pair_of` reads."""


def judge(lease: Lease) -> None:
    """A judging job names a judge or a metric."""
    if "metric" in lease.job.payload:
        _score(lease)
    else:
        _judge(lease)


def _score(lease: Lease) -> None:
    """Outputs are scored and stored some at a time, so that a job that is cut off keeps what it has."""
    metric = Metric.objects.get(pk=lease.job.payload["metric"])
    plugin = registry.metrics.build(metric.plugin, metric.params)
    ids = lease.job.payload["items"]
    done = Score.objects.filter(metric=metric, output__in=ids).values("output_id")
    outputs = list(Output.objects.filter(pk__in=ids).exclude(pk__in=done).select_related("prompt").order_by("pk"))
    for start in range(0, len(outputs), AT_ONCE):
        part = outputs[start : start + AT_ONCE]
        scores = _scores(plugin, [Scorable(o.prompt.text, o.prompt.reference, o.text) for o in part])
        rows = zip(part, scores, strict=True)
        facts.add_scores([facts.score_row(scored, metric=metric, output_id=o.pk) for o, scored in rows])
        lease.check()
    _expect(Score.objects.filter(metric=metric, output__in=ids).count(), len(ids), "scores")


def _scores(plugin: Any, items: Sequence[Scorable]) -> list[Scored]:
    """All at once where the metric can do that."""
    if hasattr(plugin, "score_many"):
        return list(plugin.score_many(items))
    return [plugin.score(prompt=one.prompt, reference=one.reference, text=one.text) for one in items]


def _judge(lease: Lease) -> None:
    row = Judge.objects.get(pk=lease.job.payload["judge"])
    swapped, ids = lease.job.payload["swapped"], lease.job.payload["items"]
    todo = _todo(row, swapped, ids).select_related("prompt", "a", "b").only(*SHOWN)
    pairs, incomplete = _pairs(todo, swapped)
    try:
        if pairs:
            _judge_pairs(lease, row, pairs, swapped)
        if incomplete:
            raise incomplete[0]
        _expect(len(ids) - _todo(row, swapped, ids).count(), len(ids), "verdicts")
        batches.done(lease.job)
    except (Stopped, LeaseLost):
        raise LeaseLost(lease.job.key) from None
    except (budgets.OverBudget, Deferred):
        raise
    except Exception as problem:
        raise Unfinished(problem, list(_todo(row, swapped, ids).values_list("pk", flat=True))) from problem


def _pairs(comparisons: Iterable[Comparison], swapped: bool) -> tuple[dict[int, Pair], list[MissingTurnError]]:
    """The pairs by comparison, and what is wrong with those that cannot be judged."""
    rows = list(comparisons)
    talks, pairs, problems = Talks.of_pairs(rows), dict[int, Pair](), list[MissingTurnError]()
    for row in rows:
        try:
            pairs[row.pk] = pair_of(row, swapped, talks)
        except MissingTurnError as problem:
            problems.append(problem)
    return pairs, problems


def _todo(judge: Judge, swapped: bool, ids: Sequence[int]) -> QuerySet[Comparison]:
    judged = Judgment.objects.filter(judge=judge, swapped=swapped, repeat=0, comparison__in=ids)
    return Comparison.objects.filter(pk__in=ids).exclude(pk__in=judged.values("comparison_id")).order_by("pk")


def _judge_pairs(lease: Lease, row: Judge, pairs: Mapping[int, Pair], swapped: bool) -> None:
    """Pairs whose content was judged before cost nothing; of those with equal content, one is asked about."""
    plugin = registry.judges.build(row.plugin, row.params)
    cacheable = getattr(plugin, "cacheable", False)
    contents = {pk: verdict_cache.content_of(row, pair) for pk, pair in pairs.items()} if cacheable else {}
    left = pairs.keys() - verdict_cache.copy_known(row, contents, swapped=swapped)
    asked = {contents.get(pk) or str(pk): pk for pk in sorted(left, reverse=True)}
    _ask(lease, row, plugin, [pairs[pk] for pk in asked.values()], contents)
    again = {pk: contents[pk] for pk in left - set(asked.values())}
    verdict_cache.copy_known(row, again, swapped=swapped)


def _ask(lease: Lease, row: Judge, plugin: Any, pairs: Sequence[Pair], contents: Mapping[int, str]) -> None:
    """As many at once as the budgets allow. Raises OverBudget where they allow no more.

    What was ordered before comes first, for money is held back for it already.
    """
    provenance = {"judge": row.plugin, "version": row.version, **plugin.provenance()}
    place = {"judge": row, "swapped": lease.job.payload["swapped"], "provenance": provenance}
    waits = getattr(plugin, "may_wait", False)
    account, desk = Account(lease.job, row, plugin, batched=waits), Desk(lease.job, row)
    ordered = batches.about(lease.job) if waits else set()
    for begun in ([one for one in pairs if one.key in ordered], [one for one in pairs if one.key not in ordered]):
        left = begun
        while left:
            fit = account.resume(left) if left[0].key in ordered else account.hold(left)
            with desk.open([pair.key for pair in left[:fit]]):
                for verdicts in in_batches(partial(plugin.judge, left[:fit]), lease.lost.is_set):
                    _store([account.priced(verdict) for verdict in verdicts], contents, place, account)
            left = left[fit:]


def _store(
    verdicts: Sequence[Verdict], contents: Mapping[int, str], place: Mapping[str, Any], account: Account
) -> None:
    """Every verdict that is there is stored before the next is waited for, and counted where it is stored."""
    rows = [
        facts.judgment_row(one, comparison_id=int(one.key), content=contents.get(int(one.key), ""), **place)
        for one in verdicts
    ]
    with transaction.atomic():
        facts.add_judgments(rows)
        account.settle(verdicts)


def pair_of(comparison: Comparison, swapped: bool, talks: Talks) -> Pair:
    """How a comparison is put to every judge, in one order; each side with the conversation that it had.

    Raises MissingTurnError where an answer before is missing.
    """
    sides = ((side.entry_id, side.sample) for side in (comparison.a, comparison.b))
    earlier_a, earlier_b = (talks.messages(comparison.prompt, *side) for side in sides)
    return Pair(
        key=str(comparison.pk),
        prompt=comparison.prompt.text,
        answer_a=comparison.a.text,
        answer_b=comparison.b.text,
        reference=comparison.prompt.reference,
        swapped=swapped,
        earlier_a=earlier_a,
        earlier_b=earlier_b,
        checklist=tuple(comparison.prompt.checklist),
    )


def _expect(found: int, wanted: int, what: str) -> None:
    """An ignoring insert hides faults; so the rows are counted after."""
    if found != wanted:
        raise RuntimeError(f"Only {found} of {wanted} {what} could be stored.")
