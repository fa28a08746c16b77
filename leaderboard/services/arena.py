"""Blind voting: issues ballots and takes votes. A ballot is signed by being unguessable, single-use and expiring."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.values import Outcome
from leaderboard.models import Ballot, Board, Comparison, User, Vote
from leaderboard.services import boards

LIFETIME = timedelta(hours=1)
ON_SCREEN = {
    "left": Outcome.A,
    "right": Outcome.B,
    "tie": Outcome.TIE,
    "both_bad": Outcome.BOTH_BAD,
    "skip": Outcome.SKIP,
}
MIRRORED = {Outcome.A: Outcome.B, Outcome.B: Outcome.A}


def draw(board: Board, *, voter: str) -> Ballot | None:
    """A new ballot on a random pair with two different texts that this voter has not voted on; None if there is none.

    The prompt is drawn first, so that prompts are shown equally often however many pairs each has.
    """
    entries = board.ranked_entries().values("pk")
    fresh = (
        Comparison.objects.filter(prompt__benchmark=board.benchmark_id, entry_a__in=entries, entry_b__in=entries)
        .exclude(a__text=F("b__text"))
        .exclude(pk__in=Vote.objects.filter(voter=voter).values("comparison_id"))
    )
    prompts = list(fresh.order_by().values_list("prompt_id", flat=True).distinct())
    if not prompts:
        return None
    pairs = list(fresh.filter(prompt_id=secrets.choice(prompts)).values_list("pk", flat=True))
    return Ballot.objects.create(
        board=board,
        comparison_id=secrets.choice(pairs),
        voter=voter,
        swapped=secrets.choice((False, True)),
        token=secrets.token_urlsafe(32),
        expires_at=timezone.now() + LIFETIME,
    )


def cast(*, token: str, voter: str, user: User | None, choice: str, seconds_shown: float | None = None) -> Vote:
    """Take the vote on a ballot: once, in time, by the voter it was made for. Raises InvalidInput."""
    if choice not in ON_SCREEN:
        raise _fault("choice", f"Choose one of {', '.join(ON_SCREEN)}.")
    ballot = Ballot.objects.select_related("board").filter(token=token, voter=voter).first()
    if ballot is None:
        raise _fault("token", "This ballot is not yours. Ask for a new pair.")
    if ballot.expires_at < timezone.now():
        raise _fault("token", "This ballot has expired. Ask for a new pair.")
    outcome = ON_SCREEN[choice]
    try:
        with transaction.atomic():
            vote = Vote.objects.create(
                ballot=ballot,
                comparison_id=ballot.comparison_id,
                board=ballot.board,
                voter=voter,
                user=user,
                outcome=MIRRORED.get(outcome, outcome) if ballot.swapped else outcome,
                seconds_shown=seconds_shown,
            )
            boards.request_refresh(ballot.board)
    except IntegrityError:
        raise _fault("token", "You have voted on this pair already. Ask for a new pair.") from None
    return vote


def _fault(field: str, message: str) -> InvalidInput:
    return InvalidInput(FieldError((field,), message))
