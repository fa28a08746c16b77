"""Which models servers say that they used for a submission, where these are not the ones that were asked for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, Q

from leaderboard.models import Judgment, Output, Submission


@dataclass(frozen=True)
class Served:
    """`n` answers by the model `returned` where `requested` was asked for. `judge`: whose; empty for outputs."""

    judge: str
    requested: str
    returned: str
    n: int


def others(submission: Submission) -> list[Served]:
    """Every name told for a model that was answered for under another name, or under several; none where all is well.

    An alias that a server resolves to a dated name is told too: the next date will be another model.
    """
    groups: dict[tuple[str, str], list[Served]] = defaultdict(list)
    for one in (*_outputs(submission), *_judgments(submission)):
        groups[one.judge, one.requested].append(one)
    odd = [group for group in groups.values() if {one.returned for one in group} != {group[0].requested}]
    return sorted((one for group in odd for one in group), key=lambda one: (one.judge, one.requested, -one.n))


def _outputs(submission: Submission) -> list[Served]:
    mine = {submission.entry_id, submission.entry.pool().pk}
    found = Output.objects.filter(entry__in=mine, prompt__benchmark=submission.board.benchmark_id)
    names = found.order_by().values_list("provenance__returned_model").annotate(n=Count("pk"))
    return [Served("", submission.entry.model.name, name, n) for name, n in names if name]


def _judgments(submission: Submission) -> list[Served]:
    entry = submission.entry_id
    found = Judgment.objects.filter(
        Q(comparison__entry_a=entry) | Q(comparison__entry_b=entry),
        judge__boards=submission.board_id,
        comparison__prompt__benchmark=submission.board.benchmark_id,
    )
    fields = ("judge__name", "provenance__model", "evidence__returned_model")
    names = found.order_by().values_list(*fields).annotate(n=Count("pk"))
    return [Served(judge, asked or "", name, n) for judge, asked, name, n in names if name]
