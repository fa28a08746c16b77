"""Ballots and votes: a pair is shown to one voter, who votes on it once and may take the vote back within a minute.

A ballot goes out signed over its token, board, voter, session, sides and expiry. Which pair comes next is said by
`services.dealing`; what happens to the ratings, by `services.streams`.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from leaderboard.contracts.fingerprint import canonical_json
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.values import Outcome
from leaderboard.models import Ballot, Board, Vote, VoteUndo
from leaderboard.queries import arena as read
from leaderboard.services import boards, dealing, signals

LIFETIME = timedelta(hours=1)
TIME_TO_UNDO = timedelta(minutes=1)
ON_SCREEN = {
    "left": Outcome.A,
    "right": Outcome.B,
    "tie": Outcome.TIE,
    "both_bad": Outcome.BOTH_BAD,
    "skip": Outcome.SKIP,
}
MIRRORED = {Outcome.A: Outcome.B, Outcome.B: Outcome.A}
_TOKEN = re.compile(r"[\w-]{1,64}", re.ASCII)
"""PostgreSQL refuses to look for a text with NUL in it."""
_SIGNER = signing.Signer(salt="touchstone.ballot")
_SHOWN = "touchstone.ballot.shown"


@dataclass(frozen=True)
class Seen:
    """How a ballot was looked at. `shown` is a `stamp`, for a page that was fetched before it was shown.

    `visible`: seconds in which the page was in sight, as the browser says. `expanded`: long answers were opened.
    `network`, `check`: as `services.signals` stores them.
    """

    shown: str = ""
    visible: float | None = None
    expanded: bool | None = None
    network: str = ""
    check: str = ""


def issue(board: Board, *, voter: str) -> Ballot | None:
    """The voter's ballot on this board: the open one, else a new one; None where no pair is left.

    A pair stays until it is voted on or skipped, also past the expiry of its ballot, so that neither a reload nor a
    page fetched ahead nor waiting lets anyone pick over pairs.
    """
    last = read.latest_ballot(board, voter=voter)
    if last is None or last.voted:
        dealt = None if board.live else dealing.deal(board, voter=voter)  # a live pair is its author's alone
        return _new(board, voter, dealt) if dealt else _taken_meanwhile(board, voter)
    if last.expires_at > timezone.now():
        return last  # type: ignore[no-any-return]
    again = dealing.Dealt(last.comparison_id, last.swapped, last.chance, dealing.expected_of(last))
    return _new(board, voter, again)


def _taken_meanwhile(board: Board, voter: str) -> Ballot | None:
    """The open ballot where the last pairs went to pages that the voter opened at the same moment."""
    last = read.latest_ballot(board, voter=voter)
    return None if last is None or last.voted else last


def open_on(board: Board, *, voter: str, comparison: int, swapped: bool, chance: float | None) -> Ballot:
    """A ballot on a pair that was made for this voter, as in a live battle."""
    return _new(board, voter, dealing.Dealt(comparison, swapped, chance))


def _new(board: Board, voter: str, dealt: dealing.Dealt) -> Ballot:
    ballot = Ballot(
        board=board,
        comparison_id=dealt.comparison,
        voter=voter,
        swapped=dealt.swapped,
        token=secrets.token_urlsafe(32),
        expires_at=timezone.now() + LIFETIME,
        chance=dealt.chance,
    )
    if dealt.pair is not None:
        ballot.comparison = dealt.pair  # spares whoever shows it a query
    with transaction.atomic() if dealt.expected else contextlib.nullcontext():
        ballot.save()
        dealing.note(ballot, dealt.expected)
    return ballot


def sign(ballot: Ballot, *, session: str) -> str:
    """What a page carries: the token, and a signature that holds for this session only. The sides are not in it."""
    return f"{ballot.token}.{_signature(ballot, session)}"


def _signature(ballot: Ballot, session: str) -> str:
    parts = [ballot.token, ballot.board_id, ballot.voter, session, ballot.swapped, ballot.expires_at.timestamp()]
    return _SIGNER.signature(canonical_json(parts))


def stamp(signed: str) -> str:
    """The moment, signed, at which a ballot that was fetched ahead came on the screen; for `Seen.shown`."""
    return signing.dumps([signed.partition(".")[0], timezone.now().timestamp()], salt=_SHOWN)


def find(board: Board, signed: str, *, voter: str, session: str) -> Any:
    """The ballot behind what a page carried, as `queries.arena.ballot` reads it.

    Raises InvalidInput where it is not of this voter, session and board.
    """
    token, signature = (signed.partition(".")[at] for at in (0, 2))
    ballot = read.ballot(token) if _TOKEN.fullmatch(token) else None
    if ballot is None:
        raise _fault(_("This ballot was not issued here. Ask for a new pair."))
    if ballot.board_id != board.pk:
        raise _fault(_("This ballot is for another board. Ask for a new pair."))
    if ballot.voter != voter:
        raise _fault(_("This ballot is not yours. Ask for a new pair."))
    if not constant_time_compare(signature, _signature(ballot, session)):
        raise _fault(_("This ballot was changed, or is from another session. Ask for a new pair."))
    return ballot


def cast(
    board: Board,
    signed: str,
    choice: str,
    *,
    voter: str,
    session: str,
    seen: Seen = Seen(),
) -> Vote:
    """Take the vote on a ballot: once, in time, from where it was shown, and only on the pair issued last.

    Raises InvalidInput with what to do.
    """
    if choice not in ON_SCREEN:
        raise _fault(_("Choose one of %(known)s.") % {"known": ", ".join(ON_SCREEN)}, "choice")
    ballot = find(board, signed, voter=voter, session=session)
    _check_open(ballot)
    outcome = ON_SCREEN[choice]
    try:
        with transaction.atomic():
            vote = Vote.objects.create(
                ballot=ballot,
                comparison=ballot.comparison,
                board=board,
                voter=voter,
                outcome=MIRRORED.get(outcome, outcome) if ballot.swapped else outcome,
                seconds_shown=_seconds(ballot, seen.shown),
                seconds_visible=seen.visible,
                expanded=seen.expanded,
            )
            signals.record(vote, network=seen.network, answer=seen.check)
            transaction.on_commit(lambda: boards.request_after_vote(board))
    except IntegrityError:
        raise _used() from None
    return vote


def _check_open(ballot: Any) -> None:
    if hasattr(ballot, "vote"):
        raise _used()
    if ballot.expires_at <= timezone.now():
        raise _fault(_("This ballot has expired. The same pair comes back on a new one."))
    if ballot.latest != ballot.pk:
        raise _fault(_("A newer ballot has replaced this one. Vote on the pair that is shown now."))


def _seconds(ballot: Ballot, shown: str) -> float:
    """From the showing to now. Without a stamp of this ballot the time since the issue counts, which is the longest."""
    now, since = timezone.now().timestamp(), ballot.created_at.timestamp()
    with contextlib.suppress(signing.BadSignature):
        token, at = signing.loads(shown, salt=_SHOWN)
        since = max(since, at) if token == ballot.token else since
    return max(0.0, now - since)


def undo(board: Board, signed: str, *, voter: str, session: str) -> VoteUndo:
    """Take back the vote on a ballot, within a minute. Its pair does not come back. Raises InvalidInput."""
    ballot = find(board, signed, voter=voter, session=session)
    vote = getattr(ballot, "vote", None)
    if vote is None:
        raise _fault(_("There is no vote to take back on this pair."))
    if timezone.now() - vote.created_at > TIME_TO_UNDO:
        raise _fault(_("A vote can be taken back within a minute. This one stays."))
    try:
        with transaction.atomic():
            taken = VoteUndo.objects.create(vote=vote)
            boards.request_refresh(board)
    except IntegrityError:
        raise _fault(_("This vote has been taken back already.")) from None
    return taken


def _used() -> InvalidInput:
    return _fault(_("You have voted on this pair already. Ask for a new pair."))


def _fault(message: str, field: str = "token") -> InvalidInput:
    return InvalidInput(FieldError((field,), message))
