"""Reads what the voter tests found on a board, and tells voters with an account from those without."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from leaderboard.models import Board, VoterFlag

NAMED = "user:"
"""How the voters begin that are accounts; what follows tells nobody which."""


def counted(board: Board) -> Q:
    """The votes of those whose votes a board counts, by its `voters`."""
    named = Q(voter__startswith=NAMED)
    return {Board.Voters.NAMED: named, Board.Voters.ANONYMOUS: ~named}.get(Board.Voters(board.voters), Q())


def voter_flags(board: Board) -> QuerySet[VoterFlag]:
    """Every sign, newest first, with the entry voted for."""
    found = VoterFlag.objects.filter(board=board).select_related("target__model", "target__decoding")
    return found.order_by("-pk")
