"""Reads what the voter tests found on a board."""

from __future__ import annotations

from django.db.models import QuerySet

from leaderboard.models import Board, VoterFlag


def voter_flags(board: Board) -> QuerySet[VoterFlag]:
    """Every sign, newest first, with the entry voted for."""
    found = VoterFlag.objects.filter(board=board).select_related("target__model", "target__decoding")
    return found.order_by("-pk")
