"""Reads everything that leads to one person: for the account, or for a voter without one. Nothing of others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Exists, OuterRef, QuerySet

from leaderboard.models import (
    Admission,
    ApiToken,
    Ballot,
    LiveBattle,
    Submission,
    User,
    VerifiedEmail,
    Vote,
    VoterLink,
    VoteUndo,
)
from leaderboard.queries.arena import chosen_of

CHUNK = 2000
_VOTE = {
    "board": "board__slug",
    "prompt": "comparison__prompt__key",
    "a": "comparison__entry_a__slug",
    "b": "comparison__entry_b__slug",
    "swapped": "ballot__swapped",
    "outcome": "outcome",
    "seconds_shown": "seconds_shown",
    "seconds_visible": "seconds_visible",
    "expanded": "expanded",
    "network": "signal__network",
    "at": "created_at",
}
"""Keys of a line by the column; `network` is a keyed hash."""


def my_votes(voter: str, board: str = "") -> QuerySet[Vote]:
    """Every vote of a voter, those taken back and skipped ones too; on one board where it is named."""
    found = Vote.objects.filter(voter=voter).annotate(taken_back=Exists(VoteUndo.objects.filter(vote=OuterRef("pk"))))
    sides = ("comparison__entry_a", "comparison__entry_b", "comparison__prompt")
    kept: QuerySet[Vote] = found.select_related("ballot", "board", "signal", *sides)
    return kept.filter(board__slug=board) if board else kept


def lines(user: User | None, voter: str) -> Iterator[bytes]:
    """One JSON object a line, each with its `kind`. `voter`: "" where nothing leads to one."""
    rows = [*(_of_account(user) if user else ()), *(_of_voter(voter) if voter else ())]
    for row in rows:
        yield _line(row)
    if voter:
        votes = my_votes(voter).order_by("pk").values_list("pk", "taken_back", *_VOTE.values())
        for pk, taken_back, *values in votes.iterator(chunk_size=CHUNK):
            told = dict(zip(_VOTE, values, strict=True))
            yield _line({"kind": "vote", "id": pk, **_sides(told), "taken_back": taken_back})


def _sides(told: dict[str, Any]) -> dict[str, Any]:
    """The entries as they stood, and what was chosen of them."""
    a, b, swapped = told.pop("a"), told.pop("b"), told.pop("swapped")
    left, right = (b, a) if swapped else (a, b)
    choice = chosen_of(told.pop("outcome"), swapped=swapped)
    return {"left": left, "right": right, "choice": choice, **told}


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False).encode() + b"\n"


def _of_account(user: User) -> Iterator[dict[str, Any]]:
    names = ("username", "first_name", "last_name", "email", "date_joined", "last_login", "is_staff")
    left = VoterLink.objects.filter(user=user).values_list("erased_at", flat=True).first()
    yield {"kind": "account", **{name: getattr(user, name) for name in names}, "left": left}
    tables: list[tuple[str, QuerySet[Any], tuple[str, ...]]] = [
        ("identity", SocialAccount.objects.filter(user=user), ("provider", "uid", "date_joined", "last_login")),
        ("address", VerifiedEmail.objects.filter(user=user), ("address", "provider", "verified_at")),
        ("token", ApiToken.objects.filter(user=user), ("name", "prefix", "scope", "created_at", "last_used_at")),
        ("submission", Submission.objects.filter(user=user), ("id", "board__slug", "entry__slug", "created_at")),
    ]
    for kind, rows, columns in tables:
        for row in rows.order_by("pk").values(*columns):
            yield {"kind": kind, **row}


def _of_voter(voter: str) -> Iterator[dict[str, Any]]:
    yield {"kind": "voter", "voter": voter, "ballots": Ballot.objects.filter(voter=voter).count()}
    joined = Admission.objects.filter(voter=voter).order_by("pk")
    for row in joined.values("board__slug", "invite_id", "consent__text", "created_at"):
        yield {"kind": "admission", **row}
    asked = LiveBattle.objects.filter(voter=voter).order_by("created_at")
    for battle in asked.values("id", "prompt__text", "created_at"):
        yield {"kind": "prompt", **battle}
