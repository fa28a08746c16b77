"""Who votes: as votes and ballots name them, and what ties a ballot to their session."""

from __future__ import annotations

import secrets

from django.http import HttpRequest

from leaderboard.models import User
from leaderboard.services.voter_links import known_voter, voter_of_user


def user_of(request: HttpRequest) -> User | None:
    """Who is signed in, if anyone."""
    return request.user if isinstance(request.user, User) else None


def voter_of(request: HttpRequest) -> str:
    """The account's voter (`services.voter_links`), or `anonymous:WORD` with a word that the session keeps.

    Empty for an account that erased its voting record. Found once a request.
    """
    kept = request.__dict__
    if "voter" not in kept:
        user = user_of(request)
        if user:
            forget(request)  # or the session would lead from the account to votes cast before signing in
        kept["voter"] = voter_of_user(user) if user else f"anonymous:{_own(request)}"
    return str(kept["voter"])


def known_voter_of(request: HttpRequest) -> str:
    """The same without making one; "" for who never voted, and who erased the record."""
    if user := user_of(request):
        return known_voter(user)
    word = request.session.get("voter")
    return f"anonymous:{word}" if word else ""


def forget(request: HttpRequest) -> None:
    """Make this session's votes lead to nobody: the next one is by another voter."""
    request.session.pop("voter", None)


def session_of(request: HttpRequest) -> str:
    """What only this session has; it never leaves the server."""
    return str(request.session.session_key) if request.user.is_authenticated else _own(request)


def _own(request: HttpRequest) -> str:
    if "voter" not in request.session:
        request.session["voter"] = secrets.token_hex(16)
    return str(request.session["voter"])
