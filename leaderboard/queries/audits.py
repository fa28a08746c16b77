"""Reads audits of judges; `services.audits` makes them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Max, QuerySet

from leaderboard.models import Board, Judge, JudgeAudit


def all_judges() -> list[Judge]:
    """Every judge by name."""
    return list(Judge.objects.order_by("name"))


def judge_named(name: str) -> Judge | None:
    """The judge of this name; None for a name that no database could hold, too."""
    return None if "\0" in name else Judge.objects.filter(name=name).first()


def latest() -> list[JudgeAudit]:
    """The latest audit of each judge on each board, by the judge's name and the board's title; one query.

    The one over all boards comes before them.
    """
    return sorted(_latest(JudgeAudit.objects.all()), key=lambda one: (one.judge.name, *_place(one)))


def of_judge(judge: Judge) -> list[JudgeAudit]:
    """The judge's latest audit on each board, by title; the one over all boards comes first."""
    return sorted(_latest(JudgeAudit.objects.filter(judge=judge)), key=_place)


def usual(audits: Sequence[JudgeAudit]) -> JudgeAudit | None:
    """The one that is shown where no board is named: over all boards, else on the one with most verdicts."""
    return max(audits, key=lambda one: (one.board is None, one.details["calls"]), default=None)


def _place(audit: JudgeAudit) -> tuple[bool, str, int]:
    return (False, "", 0) if audit.board is None else (True, audit.board.title, audit.board.pk)


def of_board(board: Board) -> list[JudgeAudit]:
    """The latest audit of each judge on the board, by name; a child's are its parent's."""
    return list(_latest(JudgeAudit.objects.filter(board=board.parent_id or board.pk)).order_by("judge__name"))


def newest(board: Board) -> int:
    """The id of the board's newest audit, 0 for none."""
    found = JudgeAudit.objects.filter(board=board.parent_id or board.pk).order_by().aggregate(last=Max("pk"))
    return found["last"] or 0


def _latest(among: QuerySet[JudgeAudit]) -> QuerySet[JudgeAudit]:
    last = among.order_by().values("judge", "board").annotate(last=Max("pk"))
    return JudgeAudit.objects.filter(pk__in=last.values("last")).select_related("judge", "board")
