"""Reads what the voter tests found on a board, and whose votes a board counts, cast where."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from leaderboard.models import ArenaPolicy, Board, VoterFlag

NAMED = "user:"
"""How the voters begin that are accounts; what follows tells nobody which."""


_OPEN = {"access": ArenaPolicy.Access.ANYONE, "invite_only": False}
CLOSED = ~Q(**_OPEN)
"""Policies of arenas on which not everybody may vote."""
OPEN_TO_ALL = Q(board__policy=None) | Q(**{f"board__policy__{name}": value for name, value in _OPEN.items()})
"""Votes cast where everybody may vote."""


def is_closed(board: Board) -> bool:
    """Whether not everybody may vote on an arena; no query where its policy was read with it."""
    policy = getattr(board, "policy", None)
    return policy is not None and any(getattr(policy, name) != value for name, value in _OPEN.items())


def where_cast(board: Board) -> tuple[int | None, tuple[int, ...]]:
    """Where votes are cast that a board counts: on this arena alone, or where that is None, on any but these.

    An arena on which not everybody may vote counts no votes of people whom it did not let in, and no other board counts
    its own; those that rate its named and anonymous votes go with it.
    """
    policies = ArenaPolicy.objects.filter(CLOSED, board__benchmark=board.benchmark_id)
    closed = dict(policies.values_list("board__slug", "board_id"))
    own = closed.get(board.slug if board.voters == Board.Voters.ALL else board.slug.removesuffix(f"-{board.voters}"))
    return (None, tuple(sorted(closed.values()))) if own is None else (own, ())


def counted(board: Board) -> Q:
    """The votes of those whose votes a board counts, by its `voters`, cast where `where_cast` says."""
    only, but = where_cast(board)
    place = Q(board=only) if only else ~Q(board__in=but) if but else Q()
    named = Q(voter__startswith=NAMED)
    return place & {Board.Voters.NAMED: named, Board.Voters.ANONYMOUS: ~named}.get(Board.Voters(board.voters), Q())


def voter_flags(board: Board) -> QuerySet[VoterFlag]:
    """Every sign, newest first, with the entry voted for."""
    found = VoterFlag.objects.filter(board=board).select_related("target__model", "target__decoding")
    return found.order_by("-pk")
