"""Quarantine of voters: their votes leave the ratings while it lasts, and come back as they were when it is lifted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import Board, QuarantineDecision, User, VoterReport
from leaderboard.queries.integrity import decided_on, quarantined, rules_of
from leaderboard.services import audit_log

RIGHT = "leaderboard.moderate_votes"
SIGNS = {
    "position": "favours one side of the page",
    "uninformative": "does not follow which answer is better",
}
"""Tests that may quarantine a voter where the rules say so; all others only tell."""


def decide(
    *,
    board: Board | None,
    voter: str,
    quarantined: bool,
    reason: str,
    user: Any,
    evidence: Mapping[str, Any] | None = None,
) -> QuarantineDecision:
    """Store a person's decision on a voter, log it, and ask for new snapshots. `board` None: on all boards.

    Raises PermissionError, InvalidInput.
    """
    if not isinstance(user, User) or not user.has_perm(RIGHT):
        raise PermissionError(f"Only a person with the permission {RIGHT} decides on voters.")
    told = checked_reason(reason)
    if not voter.strip() or len(voter) > 80:
        raise InvalidInput(FieldError(("voter",), "Name one voter, as the list of voters does."))
    return _store(board, voter, quarantined, reason=told, user=user, evidence=evidence or {})


def checked_reason(reason: str) -> str:
    """The reason in one line. Raises InvalidInput where there is none, or it is too long."""
    told = " ".join(reason.split())
    if not told:
        raise InvalidInput(FieldError(("reason",), "Say why, so that others can follow the decision."))
    if len(told) > 500:
        raise InvalidInput(FieldError(("reason",), "At most 500 characters."))
    return told


def _store(
    board: Board | None, voter: str, held: bool, *, reason: str, user: User | None, evidence: Mapping[str, Any]
) -> QuarantineDecision:
    by_test = user is None
    action = "voter-quarantined" if held else "voter-released"
    with transaction.atomic():
        made = QuarantineDecision.objects.create(
            board=board,
            voter=voter,
            quarantined=held,
            reason=reason,
            user=user,
            by_test=by_test,
            evidence=dict(evidence),
        )
        audit_log.write(
            action, board=board, subject=voter, user=user, by_test=by_test, reason=reason, data=dict(evidence)
        )
        refresh_all(board)
    return made


def refresh_all(board: Board | None) -> None:
    """Ask for a new snapshot of the board; None: of every board that counts votes."""
    from leaderboard.services import boards

    for one in [board] if board else Board.objects.filter(counts_votes=True):
        boards.request_refresh(one)


def enforce(board: Board) -> list[QuarantineDecision]:
    """Quarantine those whom a test of the last refresh found, where the board's rules say so.

    A voter on whom a person has decided is left to people; one in quarantine already is left there.
    """
    rules = rules_of(board)
    report = VoterReport.objects.filter(board=board).first()
    if not rules.quarantine_by_test or report is None:
        return []
    decided = set(
        QuarantineDecision.objects.filter(decided_on(board), by_test=False).values_list("voter", flat=True)
    ) | quarantined(board)
    return [
        _store(board, line["voter"], True, reason=_reason(signs), user=None, evidence=line)
        for line in report.lines
        if line["voter"] not in decided and (signs := _signs(line, rules.alpha))
    ]


def _signs(line: Mapping[str, Any], alpha: float) -> list[str]:
    p = {"position": line["position_p"], "uninformative": line["information_p"]}
    return [name for name, value in p.items() if value is not None and value < alpha]


def _reason(signs: list[str]) -> str:
    return f"By the voter tests: {' and '.join(SIGNS[sign] for sign in signs)}."
