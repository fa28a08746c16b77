"""What a voter is shown next: now and then a pair with a known answer, else a drawn pair that is blind."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass

from leaderboard.models import AttentionCheck, Ballot, Board, Comparison, VotingRules
from leaderboard.queries.integrity import rules_of
from leaderboard.services import attention, drawing
from leaderboard.services.identity_leaks import given_away

TRIES = 6
"""Pairs drawn at most until one is blind; the last is shown anyway, and its vote is marked."""
RANDOM = random.SystemRandom()


@dataclass(frozen=True)
class Dealt:
    """A pair to show; `swapped`, `chance` as in `drawing.Drawn`. `expected`: the better side of a known pair, or "".

    `pair`: the comparison with all that a page shows of it, where it was read.
    """

    comparison: int
    swapped: bool
    chance: float | None
    expected: str = ""
    pair: Comparison | None = None


def deal(board: Board, *, voter: str) -> Dealt | None:
    """The next pair for this voter; None where none is left."""
    rules = rules_of(board)
    if rules.attention_share and RANDOM.random() < rules.attention_share:
        known = attention.pick(board, voter=voter)
        if known is not None:
            return Dealt(known.comparison_id, secrets.choice((False, True)), None, known.expected)
    drawn = _blind(board, rules, voter)
    return Dealt(drawn.comparison.pk, drawn.swapped, drawn.chance, pair=drawn.comparison) if drawn else None


def _blind(board: Board, rules: VotingRules, voter: str) -> drawing.Drawn | None:
    drawn = None
    for _ in range(TRIES):
        drawn = drawing.draw(board, voter=voter)
        hide = drawn is not None and rules.leaks == VotingRules.Leaks.HIDE
        if drawn is None or not hide or not given_away(board, rules, drawn.comparison):
            break
    return drawn


def note(ballot: Ballot, expected: str) -> None:
    """Keep that a ballot shows a known pair; in the transaction that makes the ballot."""
    if expected:
        AttentionCheck.objects.create(ballot=ballot, expected=expected)


def expected_of(ballot: Ballot) -> str:
    """The better side that a ballot was known to have; "" for a question."""
    return AttentionCheck.objects.filter(ballot=ballot).values_list("expected", flat=True).first() or ""
