"""Reads which votes are left out: taken back, of a quarantined voter, or not blind. Their rows stay as they are."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Max, Q, QuerySet

from leaderboard.models import Board, QuarantineDecision, Vote, VoteUndo, VotingRules


def decided_on(board: Board) -> Q:
    """Decisions that hold on a board: on all boards, on it, and on those beside it that count the same votes."""
    here = Q(board=None) | Q(board=board)
    if not board.parent_id or not board.counts_votes:
        return here
    return here | Q(board__parent=board.parent_id, board__counts_votes=True)


def quarantined(board: Board, among: Collection[str] | None = None) -> frozenset[str]:
    """The voters whose votes this board leaves out, as the latest decisions on it and on all boards have it.

    `among`: only these are looked up; None for all.
    """
    decisions = QuarantineDecision.objects.filter(decided_on(board))
    rows = (decisions if among is None else decisions.filter(voter__in=sorted(among))).order_by("pk")
    found = rows.values_list("board_id", "voter", "quarantined")
    latest = {(where is None, voter): held for where, voter, held in found}
    return frozenset(voter for (_, voter), held in latest.items() if held)


def withdrawn(board: Board) -> list[QuerySet[Vote]]:
    """The votes on this board's prompts that count nowhere, by reason: taken back, or not blind."""
    votes: QuerySet[Vote] = Vote.objects.filter(board__benchmark=board.benchmark_id)
    undone = VoteUndo.objects.filter(vote__board__benchmark=board.benchmark_id).values("vote")
    return [votes.filter(pk__in=undone), votes.filter(signal__blind=False)]


def kept(votes: QuerySet[Vote]) -> QuerySet[Vote]:
    """Those of `votes` that were not taken back, are of no known pair, and were seen blind."""
    return votes.filter(undo=None, ballot__attention=None).exclude(signal__blind=False)


def counted(votes: QuerySet[Vote], board: Board) -> QuerySet[Vote]:
    """Those of `votes` that count on a board: kept, and by nobody in quarantine."""
    return kept(votes).exclude(voter__in=sorted(quarantined(board)))


def state_of_votes() -> list[int | None]:
    """Changes with every decision on a voter and every vote taken back; nothing else can take a vote out or back in."""
    tables = (QuarantineDecision.objects, VoteUndo.objects)
    return [table.aggregate(last=Max("pk"))["last"] for table in tables]


def rules_of(board: Board) -> VotingRules:
    """The board's rules, read once for each board object; the defaults where it has none, not stored."""
    return getattr(board, "voting_rules", None) or VotingRules(board_id=board.pk)
