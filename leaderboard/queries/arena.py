"""Reads ballots and votes of one voter."""

from __future__ import annotations

from django.utils import timezone

from leaderboard.contracts.values import Outcome
from leaderboard.models import Ballot, Board, Output, Vote

PARTS = ("comparison__prompt", "comparison__a", "comparison__b")
ENTRIES = tuple(f"comparison__{side}__entry__{part}" for side in "ab" for part in ("model", "decoding", "template"))


def open_ballot(board: Board, *, token: str, voter: str) -> Ballot | None:
    """The voter's ballot if it can still be used."""
    found = Ballot.objects.filter(
        board=board, token=token, voter=voter, vote=None, expires_at__gt=timezone.now()
    ).select_related(*PARTS)
    ballot: Ballot | None = found.first()
    return ballot


def used_ballot(board: Board, *, token: str, voter: str) -> Ballot | None:
    """The voter's ballot with its vote, once that is cast; for nobody else's eyes."""
    found = Ballot.objects.filter(board=board, token=token, voter=voter, vote__isnull=False)
    ballot: Ballot | None = found.select_related("vote", *PARTS, *ENTRIES).first()
    return ballot


def sides(ballot: Ballot) -> tuple[Output, Output]:
    """The outputs as shown, left and right."""
    pair = ballot.comparison
    return (pair.b, pair.a) if ballot.swapped else (pair.a, pair.b)


def chosen(ballot: Ballot) -> str:
    """What the voter said, as shown: left, right, tie, both_bad or skip."""
    outcome = ballot.vote.outcome
    if outcome not in (Outcome.A, Outcome.B):
        return str(outcome)
    return "left" if (outcome == Outcome.A) != ballot.swapped else "right"


def vote_count(board: Board) -> int:
    """Votes on this board, skipped pairs left out."""
    return Vote.objects.filter(board=board).exclude(outcome=Outcome.SKIP).count()
