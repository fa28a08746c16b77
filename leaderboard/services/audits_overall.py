"""Audits of judges over all boards that they judged on, made from the same facts as those of each board."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.models import Board, Judge, JudgeAudit
from leaderboard.queries import audits as read
from leaderboard.ratings.agreement.matrix import Met
from leaderboard.services import audits
from leaderboard.services.audit_data import Material, material
from leaderboard.services.audit_merging import merged
from leaderboard.services.audits import details_of, entries_of, meetings, models_of
from leaderboard.services.details import plain

FORMAT = 1
"""Part of every digest: a change of what such an audit holds makes new ones."""
MODEL = ("requested", "returned")


def refresh_when_idle(board: Board) -> list[JudgeAudit]:
    """The audits of a board that has nothing to do, and then those over all boards of its judges."""
    made = audits.refresh_when_idle(board)
    refresh(list(Judge.objects.filter(pk__in=[one.judge_id for one in made]).order_by("name")))
    return made


def refresh(judges: Sequence[Judge]) -> list[JudgeAudit]:
    """An audit over all boards of each judge that has one on two boards or more; an equal one is reused."""
    whole = _Together()
    return [made for judge in judges if (made := _of(judge, whole)) is not None]


class _Together:
    """Facts of several boards at once, read and matched once for all judges of the same boards."""

    def __init__(self) -> None:
        self._parts: dict[int, Material] = {}
        self._found: dict[tuple[int, ...], tuple[Material, Sequence[Met]]] = {}

    def of(self, boards: Sequence[Board]) -> tuple[Material, Sequence[Met]]:
        """What they hold together, and who agrees with whom on it."""
        key = tuple(board.pk for board in boards)
        if key not in self._found:
            found = merged([self._part(board) for board in boards])
            judges = list(Judge.objects.filter(pk__in=found.judges).order_by("name"))
            self._found[key] = found, meetings(judges, found)
        return self._found[key]

    def _part(self, board: Board) -> Material:
        if board.pk not in self._parts:
            self._parts[board.pk] = material(board, entries_of(board))
        return self._parts[board.pk]


def _of(judge: Judge, whole: _Together) -> JudgeAudit | None:
    """None where there are not two boards."""
    own = sorted((one for one in read.of_judge(judge) if one.board), key=lambda one: one.board_id or 0)
    if len(own) < 2:
        return None
    digest = fingerprint("audit over all", FORMAT, [[one.board_id, one.digest] for one in own])
    known: JudgeAudit | None = JudgeAudit.objects.filter(judge=judge, board=None, digest=digest).first()
    if known is not None:
        return known
    boards = [one.board for one in own if one.board]
    found, met = whole.of(boards)
    if judge.pk not in found.judges:  # its verdicts are gone from the rankings since
        return None
    told = {**details_of(judge, found, met, _models(judge, boards)), "boards": [_part(one) for one in own]}
    fresh = {"details": plain(told)}
    row: JudgeAudit = JudgeAudit.objects.get_or_create(judge=judge, board=None, digest=digest, defaults=fresh)[0]
    return row


def _part(audit: JudgeAudit) -> dict[str, Any]:
    own = {name: audit.details[name] for name in ("items", "calls", "scored")}
    return {"board": audit.board.slug if audit.board else "", "digest": audit.digest, **own}


def _models(judge: Judge, boards: Sequence[Board]) -> list[dict[str, Any]]:
    count: Counter[tuple[str, ...]] = Counter()
    for board in boards:
        rows: Sequence[Mapping[str, Any]] = models_of(judge, board, entries_of(board))
        count.update({tuple(row[name] for name in MODEL): row["n"] for row in rows})
    return [{**dict(zip(MODEL, names, strict=True)), "n": n} for names, n in count.most_common()]
