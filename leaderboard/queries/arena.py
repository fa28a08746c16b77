"""Reads ballots and votes of one voter, and what a voter may know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from leaderboard.contracts.values import Outcome
from leaderboard.models import Ballot, Board, Comparison, Entry, Output, Prompt, QuarantineDecision, Vote
from leaderboard.queries.integrity import kept, quarantined
from leaderboard.queries.prepared import Prepared
from leaderboard.queries.turns import Talks, Turn
from leaderboard.queries.voters import OPEN_TO_ALL, is_closed

SHOWN = (
    *("prompt_id", "entry_a_id", "entry_b_id", "prompt__text", "prompt__earlier", "prompt__follows_id"),
    *(f"{side}__{column}" for side in "ab" for column in ("text", "output_tokens", "entry_id", "sample")),
)
"""What a page shows of a comparison, and what draws it."""
CHOICES = ("left", "right", "tie", "both_bad")


@dataclass(frozen=True)
class Pair:
    """A comparison as one voter sees it. `talks`: each side's own conversation with its last question, left and right;
    empty where both answer the same.
    """

    prompt: Prompt
    left: Output
    right: Output
    talks: tuple[Sequence[Turn], Sequence[Turn]] = ((), ())


@dataclass(frozen=True)
class Close:
    """Two neighbours on a board that are not told apart yet, by name; about `more` votes could settle it."""

    first: str
    second: str
    more: int


def open_boards() -> QuerySet[Board]:
    """Boards that take votes, with their policies and rules.

    `votes_so_far` and `plan_made`: votes by the last refresh, and when it made the plan of pairs; NULL before it.
    `quarantines`: whether anybody was ever quarantined, on whatever board.
    """
    found = Board.objects.select_related("policy", "voting_rules").filter(open_to_votes=True)
    plan = {"votes_so_far": F("pair_plan__votes"), "plan_made": F("pair_plan__made_at")}
    return found.annotate(**plan, quarantines=Exists(QuarantineDecision.objects.all()))


_OPEN = Prepared[Board](lambda slug: open_boards().filter(slug=slug).order_by(), slug=str)


def open_board(slug: str) -> Board | None:
    """The board of this name, if it takes votes, as `open_boards` reads it."""
    return _OPEN.one(slug=slug)


def _with_latest(token: str) -> QuerySet[Any]:
    last = Ballot.objects.filter(board=OuterRef("board"), voter=OuterRef("voter")).order_by("-pk").values("pk")[:1]
    found: QuerySet[Any] = Ballot.objects.select_related("vote__undo", "comparison").annotate(latest=Subquery(last))
    return found.filter(token=token)


_BALLOT = Prepared[Any](_with_latest, token=str)


def ballot(token: str) -> Any:
    """The ballot of this token, or None, with its vote if it has one. `latest`: the id of its voter's last one here."""
    return _BALLOT.one(token=token)


def _issued(board: int, voter: str) -> QuerySet[Any]:
    mine = Vote.objects.filter(voter=voter, comparison=OuterRef("comparison"))
    found: QuerySet[Any] = Ballot.objects.filter(board=board, voter=voter).annotate(voted=Exists(mine))
    return found.order_by("-pk")[:1]


_ISSUED = Prepared[Any](_issued, board=int, voter=str)


def latest_ballot(board: Board, *, voter: str) -> Any:
    """The ballot issued last to this voter on this board, or None; `voted`: they have voted on its pair, here or on
    another board.
    """
    return _ISSUED.one(board=board.pk, voter=voter)


def shown_pairs() -> QuerySet[Comparison]:
    """Comparisons with what a page shows of them, and no more."""
    return Comparison.objects.select_related("prompt", "a", "b").only(*SHOWN)


_PAIR = Prepared[Comparison](lambda pk: shown_pairs().filter(pk=pk), pk=int)
_DIFFERING = Prepared[Comparison](lambda pk: shown_pairs().filter(pk=pk).exclude(a__text=F("b__text")), pk=int)
_ENTRIES = Prepared[Entry](lambda one, two: Entry.objects.with_parts().filter(pk__in=[one, two]), one=int, two=int)


def differing_pair(pk: int) -> Comparison | None:
    """The comparison of this id with what a page shows of it, unless its two texts are equal."""
    return _DIFFERING.one(pk=pk)


def pair(shown: Ballot, *, names: bool = False) -> Pair:
    """The pair of a ballot; `names`: with all that tells who wrote it. One query each, none for a pair just drawn, and
    two for each turn of its own that a side had before.
    """
    known = Ballot.comparison.is_cached(shown) and holds_texts(shown.comparison)
    found = shown.comparison if known else _PAIR(pk=shown.comparison_id)[0]
    left, right = (found.b, found.a) if shown.swapped else (found.a, found.b)
    if names:
        entries = {entry.pk: entry for entry in _ENTRIES(one=left.entry_id, two=right.entry_id)}
        left.entry, right.entry = entries[left.entry_id], entries[right.entry_id]
    return Pair(found.prompt, left, right, _talks(found.prompt, left, right))


def _talks(prompt: Prompt, *sides: Output) -> Any:
    if prompt.follows_id is None:
        return (), ()
    talks = Talks((prompt, side.entry_id, side.sample) for side in sides)
    return tuple([*talks.before(prompt, side.entry_id, side.sample), Turn("user", prompt.text)] for side in sides)


def holds_texts(pair: Comparison) -> bool:
    """Whether the texts of a pair were read with it."""
    return bool(Comparison.a.is_cached(pair) and Comparison.b.is_cached(pair))


def chosen(ballot: Ballot) -> str:
    """What the voter said, as shown: left, right, tie, both_bad or skip."""
    return chosen_of(ballot.vote.outcome, swapped=ballot.swapped)


def chosen_of(outcome: str, *, swapped: bool) -> str:
    """An outcome as its voter saw the sides."""
    if outcome not in (Outcome.A, Outcome.B):
        return str(outcome)
    return "left" if (outcome == Outcome.A) != swapped else "right"


def _cast_by_others(comparison: int, voter: str) -> QuerySet[Any]:
    cast = Vote.objects.filter(comparison=comparison).exclude(voter=voter)
    return kept(cast).values_list("voter", "outcome")


_CAST = Prepared[tuple[str, str]](
    lambda comparison, voter: _cast_by_others(comparison, voter).filter(OPEN_TO_ALL), comparison=int, voter=str
)
_CAST_HERE = Prepared[tuple[str, str]](
    lambda comparison, voter, board: _cast_by_others(comparison, voter).filter(board=board),
    comparison=int,
    voter=str,
    board=int,
)


def others(board: Board, ballot: Ballot) -> dict[str, int]:
    """How many others chose what on this pair, as this voter saw its sides: votes that count here, without skips."""
    of: dict[str, int | str] = {"comparison": ballot.comparison_id, "voter": ballot.voter}
    outcomes = dict(_CAST_HERE(board=board.pk, **of) if is_closed(board) else _CAST(**of))
    for voter in quarantined(board, among=outcomes) if outcomes and getattr(board, "quarantines", True) else ():
        del outcomes[voter]
    count = Counter(chosen_of(outcome, swapped=ballot.swapped) for outcome in outcomes.values())
    return {choice: count[choice] for choice in CHOICES}


def closest(board: Board) -> Close | None:
    """The two neighbours that the fewest votes could tell apart, as the current snapshot has it.

    Kept by snapshot, as its details are large. The names stand in the order of the alphabet, so that the page of a
    blind vote does not tell who leads.
    """
    if board.current_id is None:
        return None
    key = f"closest:{board.created_at.timestamp()}:{board.current_id}"
    found: Close | None = cache.get_or_set(key, lambda: _closest(board), None)
    return found


def _closest(board: Board) -> Close | None:
    lines = board.current.details.get("neighbours", []) if board.current else []
    open_lines = [line for line in lines if line["more"]]
    if not open_lines:
        return None
    line = min(open_lines, key=lambda one: int(one["more"]))
    entries = Entry.objects.with_parts().filter(slug__in=[line["better"], line["worse"]])
    names = sorted(str(entry) for entry in entries)
    return Close(names[0], names[-1], int(line["more"])) if len(names) == 2 else None


def vote_count(board: Board) -> int:
    """Votes on this board by its last refresh, skipped pairs and votes taken back left out; never counted here.

    `board` is one of `open_boards`.
    """
    return int(board.votes_so_far or 0)  # type: ignore[attr-defined]
