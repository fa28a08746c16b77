"""Quarantine of voters: their votes leave the ratings while it lasts, and come back as they were when it is lifted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import Board, QuarantineDecision, User, VoterReport
from leaderboard.queries.integrity import decided_on, quarantined, rules_of
from leaderboard.services import audit_log

RIGHT = "leaderboard.moderate_votes"
POSITION, UNINFORMATIVE = "position", "uninformative"
REASONS = {
    (POSITION,): gettext_noop("By the voter tests: favours one side of the page."),
    (UNINFORMATIVE,): gettext_noop("By the voter tests: does not follow which answer is better."),
    (POSITION, UNINFORMATIVE): gettext_noop(
        "By the voter tests: favours one side of the page and does not follow which answer is better."
    ),
}
"""By the tests that may quarantine a voter where the rules say so; all others only tell. Stored in English."""


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
        message = _("Only a person with the permission %(right)s decides on voters.") % {"right": RIGHT}
        raise PermissionError(message)
    told = checked_reason(reason)
    if not voter.strip() or len(voter) > 80:
        raise InvalidInput(FieldError(("voter",), _("Name one voter, as the list of voters does.")))
    return _store(board, voter, quarantined, reason=told, user=user, evidence=evidence or {})


def checked_reason(reason: str) -> str:
    """The reason in one line. Raises InvalidInput where there is none, or it is too long."""
    told = " ".join(reason.split())
    if not told:
        raise InvalidInput(FieldError(("reason",), _("Say why, so that others can follow the decision.")))
    if len(told) > 500:
        raise InvalidInput(FieldError(("reason",), _("At most 500 characters.")))
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
        boards.request_refresh(one, at_once=True)


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
        _store(board, line["voter"], True, reason=REASONS[signs], user=None, evidence=line)
        for line in report.lines
        if line["voter"] not in decided and (signs := _signs(line, rules.alpha))
    ]


def _signs(line: Mapping[str, Any], alpha: float) -> tuple[str, ...]:
    p = {POSITION: line["position_p"], UNINFORMATIVE: line["information_p"]}
    return tuple(name for name, value in p.items() if value is not None and value < alpha)
