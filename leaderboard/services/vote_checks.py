"""Checks that a browser does something that a flood of forged votes would find dear. Nothing outside is asked.

A vote's check has passed or failed, or could not be checked. The last is a fault of ours: it is kept apart, logged as
an error, counted, and shown to moderators; it never stands against the voter. No state takes a vote out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from leaderboard.models import Board, VoteSignal, VotingRules
from leaderboard.queries.integrity import rules_of

log = logging.getLogger(__name__)
BITS = 14
"""Leading zero bits of the work: about 16,000 hashes, a part of a second in a browser."""
MOST_ANSWER = 40


@dataclass(frozen=True)
class Checked:
    """Which check a vote went through, and how; both "" where nothing was asked."""

    kind: str = ""
    state: str = ""


def worked(token: str, answer: str) -> bool:
    """Whether SHA-256 of "token:answer" begins with `BITS` zero bits; the token is a ballot's, so each vote costs."""
    if not answer or len(answer) > MOST_ANSWER or not answer.isascii():
        return False
    return int.from_bytes(sha256(f"{token}:{answer}".encode()).digest()) >> (256 - BITS) == 0


CHECKS: dict[str, Callable[[str, str], bool]] = {VotingRules.Check.WORK: worked}
"""By name: whether the answer to a ballot's token is right. One that raises could not check."""


def bits_for(board: Board) -> int:
    """How many zero bits a browser is to find for a vote on this board, 0 for no work."""
    return BITS if rules_of(board).check_kind == VotingRules.Check.WORK else 0


def check(kind: str, *, token: str, answer: str) -> Checked:
    """How a vote's answer does at the check of its board."""
    if kind == VotingRules.Check.NONE:
        return Checked()
    try:
        passed = CHECKS[kind](token, answer)
    except Exception:  # whatever it is, the voter has not failed
        log.exception("The check %s could not be made; votes come in unchecked.", kind)
        return Checked(kind, VoteSignal.Check.UNCHECKED)
    return Checked(kind, VoteSignal.Check.PASSED if passed else VoteSignal.Check.FAILED)
