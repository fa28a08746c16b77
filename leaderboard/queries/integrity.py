"""Reads which votes are left out: taken back, of a quarantined voter, or not blind. Their rows stay as they are."""

from __future__ import annotations

from django.db.models import Max, Q, QuerySet

from leaderboard.models import Board, QuarantineDecision, Vote, VoteUndo, VotingRules


def decided_on(board: Board) -> Q:
    """Decisions that hold on a board: on all boards, on it, and on those beside it that count the same votes."""
    here = Q(board=None) | Q(board=board)
    if not board.parent_id or not board.counts_votes:
        return here
    return here | Q(board__parent=board.parent_id, board__counts_votes=True)


def quarantined(board: Board) -> frozenset[str]:
    """The voters whose votes this board leaves out, as the latest decisions on it and on all boards have it."""
    rows = QuarantineDecision.objects.filter(decided_on(board)).order_by("pk")
    found = rows.values_list("board_id", "voter", "quarantined")
    latest = {(where is None, voter): held for where, voter, held in found}
    return frozenset(voter for (_, voter), held in latest.items() if held)


def withdrawn(board: Board) -> list[QuerySet[Vote]]:
    """The votes on this board's prompts that count nowhere, by reason: taken back, or not blind."""
    votes: QuerySet[Vote] = Vote.objects.filter(board__benchmark=board.benchmark_id)
    undone = VoteUndo.objects.filter(vote__board__benchmark=board.benchmark_id).values("vote")
    return [votes.filter(pk__in=undone), votes.filter(signal__blind=False)]


def counted(votes: QuerySet[Vote], board: Board) -> QuerySet[Vote]:
    """Those of `votes` that count on a board: not taken back, of no known pair, seen blind, by nobody in quarantine."""
    found = votes.filter(undo=None, ballot__attention=None).exclude(signal__blind=False)
    return found.exclude(voter__in=sorted(quarantined(board)))


def state_of_votes() -> list[int | None]:
    """Changes with every decision on a voter and every vote taken back; nothing else can take a vote out or back in."""
    tables = (QuarantineDecision.objects, VoteUndo.objects)
    return [table.aggregate(last=Max("pk"))["last"] for table in tables]


def rules_of(board: Board) -> VotingRules:
    """The board's rules; the defaults where it has none, not stored."""
    return VotingRules.objects.filter(board=board).first() or VotingRules(board=board)
