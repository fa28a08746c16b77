"""Reads ballots and votes of one voter, and what a voter may know."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Exists, OuterRef, QuerySet

from leaderboard.contracts.values import Outcome
from leaderboard.models import Ballot, Board, BoardSnapshot, Comparison, Entry, Output, PairPlan, Prompt, Vote
from leaderboard.queries.integrity import counted

PARTS = ("prompt", "a", "b")
ENTRIES = tuple(f"{side}__entry__{part}" for side in "ab" for part in ("model", "decoding", "template"))
CHOICES = ("left", "right", "tie", "both_bad")


@dataclass(frozen=True)
class Pair:
    """A comparison as one voter sees it."""

    prompt: Prompt
    left: Output
    right: Output


@dataclass(frozen=True)
class Close:
    """Two neighbours on a board that are not told apart yet, by name; about `more` votes could settle it."""

    first: str
    second: str
    more: int


def open_boards() -> QuerySet[Board]:
    """Boards that take votes, with their policies; without what their snapshots hold, which is large."""
    found = Board.objects.select_related("benchmark", "parent", "current", "policy")
    return found.defer("current__details").filter(open_to_votes=True)


def ballot(token: str) -> Ballot | None:
    """The ballot of this token, with its vote if it has one."""
    found: Ballot | None = Ballot.objects.select_related("vote__undo").filter(token=token).first()
    return found


def latest_ballot(board: Board, *, voter: str) -> Any:
    """The ballot issued last to this voter on this board, or None; `voted`: they have voted on its pair, here or on
    another board.
    """
    mine = Vote.objects.filter(voter=voter, comparison=OuterRef("comparison"))
    return Ballot.objects.filter(board=board, voter=voter).annotate(voted=Exists(mine)).order_by("-pk").first()


def pair(shown: Ballot, *, names: bool = False) -> Pair:
    """The pair of a ballot; `names`: with all that tells who wrote it."""
    found = Comparison.objects.select_related(*PARTS, *(ENTRIES if names else ())).get(pk=shown.comparison_id)
    left, right = (found.b, found.a) if shown.swapped else (found.a, found.b)
    return Pair(found.prompt, left, right)


def chosen(ballot: Ballot) -> str:
    """What the voter said, as shown: left, right, tie, both_bad or skip."""
    return chosen_of(ballot.vote.outcome, swapped=ballot.swapped)


def chosen_of(outcome: str, *, swapped: bool) -> str:
    """An outcome as its voter saw the sides."""
    if outcome not in (Outcome.A, Outcome.B):
        return str(outcome)
    return "left" if (outcome == Outcome.A) != swapped else "right"


def others(board: Board, ballot: Ballot) -> dict[str, int]:
    """How many others chose what on this pair, as this voter saw its sides: votes that count, without skips."""
    cast = Vote.objects.filter(comparison=ballot.comparison_id).exclude(voter=ballot.voter)
    votes = counted(cast, board)
    count = Counter(chosen_of(outcome, swapped=ballot.swapped) for outcome in votes.values_list("outcome", flat=True))
    return {choice: count[choice] for choice in CHOICES}


def closest(board: Board) -> Close | None:
    """The two neighbours that the fewest votes could tell apart, as the current snapshot has it.

    Kept by snapshot, as its details are large. The names stand in the order of the alphabet, so that the page of a
    blind vote does not tell who leads.
    """
    if board.current is None:
        return None
    key = f"closest:{board.current.pk}:{board.current.created_at.timestamp()}"
    found: Close | None = cache.get_or_set(key, lambda: _closest(board.current), None)
    return found


def _closest(snapshot: BoardSnapshot) -> Close | None:
    lines = snapshot.details.get("neighbours", [])
    open_lines = [line for line in lines if line["more"]]
    if not open_lines:
        return None
    line = min(open_lines, key=lambda one: int(one["more"]))
    entries = Entry.objects.with_parts().filter(slug__in=[line["better"], line["worse"]])
    names = sorted(str(entry) for entry in entries)
    return Close(names[0], names[-1], int(line["more"])) if len(names) == 2 else None


def vote_count(board: Board) -> int:
    """Votes on this board by its last refresh, skipped pairs and votes taken back left out; never counted here."""
    return PairPlan.objects.filter(board=board).values_list("votes", flat=True).first() or 0
