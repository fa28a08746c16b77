"""Reads audits of judges; `services.audits` makes them."""

from __future__ import annotations

from django.db.models import Max, QuerySet

from leaderboard.models import Board, Judge, JudgeAudit


def all_judges() -> list[Judge]:
    """Every judge by name."""
    return list(Judge.objects.order_by("name"))


def judge_named(name: str) -> Judge | None:
    """The judge of this name; None for a name that no database could hold, too."""
    return None if "\0" in name else Judge.objects.filter(name=name).first()


def latest() -> list[JudgeAudit]:
    """The latest audit of each judge on each board, by the judge's name and the board's title; one query."""
    return list(_latest(JudgeAudit.objects.all()).order_by("judge__name", "board__title", "board"))


def of_judge(judge: Judge) -> list[JudgeAudit]:
    """The judge's latest audit on each board, by title."""
    return list(_latest(JudgeAudit.objects.filter(judge=judge)).order_by("board__title", "board"))


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
