"""Who is asking: Bearer tokens only, so no cookie can act for anyone."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.errors import AuthorizationError
from ninja.security import HttpBearer

from leaderboard.models import ApiToken, User
from leaderboard.services.accounts import good_token


class SignedRequest(HttpRequest):
    """A request whose token was good."""

    auth: User


class Bearer(HttpBearer):
    """A token made on the account page."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """The token's owner, or None. Raises AuthorizationError where a token that only reads is to write."""
        found = good_token(token.strip())
        if found is not None and found.scope == ApiToken.Scope.READ and request.method not in ("GET", "HEAD"):
            raise AuthorizationError(message="This token may only read. Make another that may do everything.")
        return found.user if found else None
