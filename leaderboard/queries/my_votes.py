"""Reads one voter's own votes: where they voted, on what, and how that agrees with others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Avg, Case, Count, FloatField, QuerySet, Value, When

from leaderboard.contracts.values import CREDIT, Outcome
from leaderboard.models import Board, Entry, Judgment, Standing, Vote
from leaderboard.queries.arena import chosen_of
from leaderboard.queries.boards import rank_group
from leaderboard.queries.compare import judges_of
from leaderboard.queries.integrity import counted
from leaderboard.ratings.own_votes import Agreement, Share, agreement, ranking

SIZE = 25
NEWEST = 2000
"""Own votes that the agreement and the ranking go back."""
_SIDE = ("model", "decoding", "template")


@dataclass(frozen=True)
class Voted:
    """A board that this person voted on."""

    board: Board
    votes: int


@dataclass(frozen=True)
class Line:
    """One vote: what stood left and right, and which was chosen."""

    vote: Vote
    left: Entry
    right: Entry
    choice: str
    taken_back: bool


@dataclass(frozen=True)
class Own:
    """A place in one's own ranking, beside that on the board ("" where it has none)."""

    entry: Entry
    share: Share
    rank: str


@dataclass(frozen=True)
class Summary:
    """What this person's newest votes on a board say. `judges`: by name."""

    votes: int
    ranking: list[Own]
    others: Agreement
    judges: list[tuple[str, Agreement]]


def boards_of(voter: str) -> list[Voted]:
    """Boards by the time of the last vote, newest first; skipped pairs and votes taken back do not count."""
    rows = _kept(voter).order_by().values("board").annotate(n=Count("pk")).values_list("board", "n")
    counts = dict(rows)
    boards = {board.pk: board for board in Board.objects.filter(pk__in=counts).defer("description")}
    return [Voted(boards[pk], counts[pk]) for pk in sorted(counts, key=lambda pk: -counts[pk])]


def _kept(voter: str) -> QuerySet[Vote]:
    found: QuerySet[Vote] = Vote.objects.kept().filter(voter=voter).exclude(outcome=Outcome.SKIP)
    return found


def lines(board: Board, voter: str, number: str) -> tuple[list[Line], Page[Any]]:
    """A page of votes, newest first, those taken back too; two queries."""
    sides = [f"comparison__{entry}__{part}" for entry in ("entry_a", "entry_b") for part in _SIDE]
    rows = Vote.objects.filter(voter=voter, board=board).select_related("ballot", "undo", "comparison__prompt", *sides)
    shown = Paginator(rows.order_by("-pk"), SIZE).get_page(number)
    return [_line(vote) for vote in shown], shown


def _line(vote: Vote) -> Line:
    pair = vote.comparison
    sides = (pair.entry_b, pair.entry_a) if vote.ballot.swapped else (pair.entry_a, pair.entry_b)
    choice = chosen_of(vote.outcome, swapped=vote.ballot.swapped)
    return Line(vote, *sides, choice, hasattr(vote, "undo"))


def summary(board: Board, voter: str) -> Summary:
    """The ranking and the agreements; five queries."""
    fields = ("comparison_id", "comparison__entry_a_id", "comparison__entry_b_id", "outcome")
    rows = list(_kept(voter).filter(board=board).order_by("-pk").values_list(*fields)[:NEWEST])
    votes = [(pair, a, b, CREDIT[Outcome(outcome)]) for pair, a, b, outcome in rows]
    mine = {pair: credit for pair, _, _, credit in votes if credit is not None}
    found = ranking([(a, b, credit) for _, a, b, credit in votes if credit is not None])
    judged = _judges(board, list(mine))
    told = [(name, agreement(mine, theirs)) for name, theirs in sorted(judged.items())]
    return Summary(len(rows), _own(board, found), agreement(mine, _others(board, voter, list(mine))), told)


def _own(board: Board, found: list[Share]) -> list[Own]:
    entries = {entry.pk: entry for entry in Entry.objects.with_parts().filter(pk__in=[one.entry for one in found])}
    rows = Standing.objects.filter(snapshot=board.current_id).values_list("entry", "rank_low", "rank_high")
    ranks = {entry: rank_group(low, high) for entry, low, high in rows}
    return [Own(entries[one.entry], one, ranks.get(one.entry, "")) for one in found]


def _others(board: Board, voter: str, pairs: list[int]) -> dict[int, float]:
    """Mean credit of side a by everybody else whose votes count."""
    credit = Case(
        When(outcome=Outcome.A, then=Value(1.0)),
        When(outcome=Outcome.B, then=Value(0.0)),
        default=Value(0.5),
        output_field=FloatField(),
    )
    votes = Vote.objects.filter(comparison__in=pairs).exclude(outcome=Outcome.SKIP).exclude(voter=voter)
    return dict(counted(votes, board).order_by().values_list("comparison").annotate(mean=Avg(credit)))


def _judges(board: Board, pairs: list[int]) -> dict[str, dict[int, float]]:
    """By judge: mean credit of side a over its verdicts on each pair."""
    judgments = Judgment.objects.filter(
        comparison__in=pairs, judge__in=judges_of(board), repeat__lt=Judgment.CANARIES, credit_a__isnull=False
    )
    found: dict[str, dict[int, float]] = {}
    rows = judgments.order_by().values_list("judge__name", "comparison").annotate(mean=Avg("credit_a"))
    for judge, pair, mean in rows:
        found.setdefault(judge, {})[pair] = mean
    return found
