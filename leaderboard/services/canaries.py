"""Canaries: a fixed sample of a judge's verdicts on a board, asked for again to see whether the judge has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max, QuerySet

from leaderboard.contracts import registry
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import Board, Job, Judge, Judgment
from leaderboard.services import jobs
from leaderboard.services.streams import Scope

SIZE = 50
MOST = 1000
QUEUE = "judge"
CHUNK = 50


@dataclass(frozen=True)
class Round:
    """What was asked for: how many verdicts of whom, in which round (from 1)."""

    judge: str
    round: int
    verdicts: int


def enqueue(*, board: str, judge: str, size: int = SIZE) -> Round:
    """Ask for one more round of canaries; jobs are made and nothing else.

    The first round draws the comparisons with the smallest hashes of judge, board, prompt and entries; later ones take
    the same, whatever came to the board since. Raises InvalidInput at ("board",), ("judge",) or ("size",).
    """
    on, who = _board(board), _judge(judge)
    if not 1 <= size <= MOST:
        raise InvalidInput(FieldError(("size",), f"Between 1 and {MOST}."))
    with transaction.atomic():
        if _running(on, who):
            raise InvalidInput(FieldError(("judge",), "The last round of canaries is still being judged. Wait for it."))
        asked = list(_again(on, who) or _drawn(on, who, size))
        if not asked:
            raise InvalidInput(FieldError(("judge",), f"{who.name} has judged nothing on {on.slug} yet."))
        number = _last(on, who) + 1
        jobs.enqueue(_jobs(on, who, number, asked))
    return Round(who.name, number, len(asked))


def canaries_of(board: Board, judge: Judge) -> QuerySet[Judgment]:
    """All verdicts of all rounds."""
    return _verdicts(board, judge).filter(repeat__gte=Judgment.CANARIES)


def _board(slug: str) -> Board:
    found = Board.objects.select_related("parent", "benchmark").filter(slug=slug).first()
    if found is None:
        raise InvalidInput(FieldError(("board",), f"There is no board '{slug}'."))
    return found.parent or found


def _judge(name: str) -> Judge:
    found = Judge.objects.filter(name=name).first()
    if found is None:
        raise InvalidInput(FieldError(("judge",), f"There is no judge '{name}'."))
    if found.plugin not in registry.judges.names():
        raise InvalidInput(FieldError(("judge",), f"'{name}' cannot be run here: its verdicts came from elsewhere."))
    return found


def _verdicts(board: Board, judge: Judge) -> QuerySet[Judgment]:
    scope = Scope.of(board, list(board.ranked_entries()))
    return Judgment.objects.filter(scope.pairs, judge=judge)


def _running(board: Board, judge: Judge) -> bool:
    mine = Job.objects.filter(kind=Job.Kind.CANARY, payload__judge=judge.pk, payload__board=board.pk)
    return mine.filter(state__in=jobs.OPEN).exists()


def _last(board: Board, judge: Judge) -> int:
    """The number of the last round that any verdict or job is of, 0 for none."""
    mine = Job.objects.filter(kind=Job.Kind.CANARY, payload__judge=judge.pk, payload__board=board.pk)
    asked = [payload["repeat"] for payload in mine.values_list("payload", flat=True)]
    stored = canaries_of(board, judge).aggregate(last=Max("repeat"))["last"]
    last = max([*asked, stored or Judgment.CANARIES])
    return int(last - Judgment.CANARIES)


def _again(board: Board, judge: Judge) -> list[tuple[int, bool]]:
    """(comparison, order) of every verdict that earlier rounds asked for."""
    found = canaries_of(board, judge).values_list("comparison_id", "swapped").distinct()
    return sorted(found)


def _drawn(board: Board, judge: Judge, size: int) -> list[tuple[int, bool]]:
    """(comparison, order) of all first verdicts on the `size` comparisons that the hash puts first."""
    names = ("comparison__prompt__key", "comparison__entry_a__fingerprint", "comparison__entry_b__fingerprint")
    samples = ("comparison__a__sample", "comparison__b__sample")
    by_hash: dict[str, list[tuple[int, bool]]] = {}
    rows = _verdicts(board, judge).filter(repeat=0).values_list("comparison_id", "swapped", *names, *samples)
    for comparison, swapped, key, one, two, sample_a, sample_b in rows.iterator(chunk_size=5000):
        sides = sorted([[one, sample_a], [two, sample_b]])
        digest = fingerprint("canary", judge.fingerprint, board.slug, key, sides)
        by_hash.setdefault(digest, []).append((comparison, swapped))
    return [row for digest in sorted(by_hash)[:size] for row in sorted(by_hash[digest])]


def _jobs(board: Board, judge: Judge, number: int, asked: Sequence[tuple[int, bool]]) -> list[jobs.NewJob]:
    made = []
    for swapped in (False, True):
        ids = [comparison for comparison, way in asked if way == swapped]
        for start in range(0, len(ids), CHUNK):
            items = ids[start : start + CHUNK]
            payload = {
                "judge": judge.pk,
                "board": board.pk,
                "swapped": swapped,
                "repeat": Judgment.CANARIES + number,
                "items": items,
            }
            key = f"canary:{board.pk}:{judge.pk}:{number}:{int(swapped)}:{start}"
            made.append(jobs.NewJob(key, Job.Kind.CANARY, QUEUE, payload, items=len(items)))
    return made
