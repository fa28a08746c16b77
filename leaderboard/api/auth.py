"""Who is asking: Bearer tokens only, so no cookie can act for anyone."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from leaderboard.models import User
from leaderboard.services.accounts import user_of_token


class SignedRequest(HttpRequest):
    """A request whose token was good."""

    auth: User


class Bearer(HttpBearer):
    """A token made on the account page."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """The token's owner, or None."""
        return user_of_token(token.strip())
