"""People as a judge called `human`: their votes and their agreement with judges, read where judges' are.

No fact is copied: votes stay votes, and the figures are those of the judges' own audits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.models import Board, JudgeAudit, Vote
from leaderboard.queries import audits
from leaderboard.queries.exports import BoardSource

HUMAN = "human"
PEOPLE = "people"
"""What audits call them."""
OF_PEOPLE = ("items", "votes", "people", "kappa", "kappa_decided", "alpha", "ties")
"""Of a ceiling, what is no judge's."""


@dataclass(frozen=True)
class Agreement:
    """What the audits of a board's judges say of people. `details` has `matrix`, the agreement with each judge, where
    `first` is human, and `ceiling`: how far one person agrees with the others, as the audit with most votes has it.
    """

    board: Board
    digest: str
    created_at: datetime
    details: dict[str, Any]


def votes(board: Board) -> QuerySet[Vote]:
    """The votes that the board counts as verdicts, with what a list shows of each."""
    found = BoardSource(board, private=True).votes()
    return found.select_related("ballot", "comparison__prompt", "comparison__entry_a", "comparison__entry_b")


def agreements() -> list[Agreement]:
    """One a board on which judges met people, by the board's title, from the latest audits."""
    by_board: dict[int, list[JudgeAudit]] = {}
    for audit in audits.latest():
        if audit.board_id is not None and audit.details.get(PEOPLE):
            by_board.setdefault(audit.board_id, []).append(audit)
    found = [_agreement(own) for own in by_board.values()]
    return sorted(found, key=lambda one: one.board.title)


def _agreement(own: list[JudgeAudit]) -> Agreement:
    """The rows are told from people's side: agreement is the same from both."""
    assert own[0].board is not None
    rows = {
        judge: {**row, "first": HUMAN, "second": judge}
        for audit in own
        for row in audit.details.get("matrix") or []
        if PEOPLE in (row["first"], row["second"]) and (judge := _other(row))
    }
    most = max(own, key=lambda audit: int(audit.details[PEOPLE]["agreement"]["votes"]))
    ceiling = most.details[PEOPLE]["ceiling"]
    return Agreement(
        board=own[0].board,
        digest=fingerprint(HUMAN, sorted(audit.digest for audit in own)),
        created_at=max(audit.created_at for audit in own),
        details={
            "matrix": [rows[name] for name in sorted(rows)],
            "ceiling": {name: ceiling[name] for name in OF_PEOPLE if name in ceiling},
        },
    )


def _other(row: Mapping[str, Any]) -> str:
    return str(row["second"] if row["first"] == PEOPLE else row["first"])
