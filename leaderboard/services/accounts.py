"""Signs people up, and makes, checks and revokes API tokens."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import ApiToken, User
from leaderboard.services.text import storable

TOKEN_START = "ts_"  # noqa: S105 - how every token begins, not a secret
SHOWN = 8
"""How many characters of a token are kept, so that its owner can tell it from others."""
MAX_DAYS = 365
MAX_PASSWORD = 4096
USED_EVERY = timedelta(minutes=1)
TOO_SHORT = ngettext_lazy(
    "This password is too short. It must contain at least %d character.",
    "This password is too short. It must contain at least %d characters.",
)
"""What Django's validator says, in words of its release that its own Chinese catalog does not have."""


def sign_up(*, username: str, password: str) -> User:
    """Make an account. Raises InvalidInput at ("username",) and ("password",)."""
    user = User(username=User.normalize_username(username))
    faults = _username_faults(user) + _password_faults(user, password)
    if faults:
        raise InvalidInput(*faults)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise InvalidInput(_taken()) from None
    return user


def _username_faults(user: User) -> list[FieldError]:
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as problem:
        return [FieldError(("username",), message) for message in problem.messages]
    return [_taken()] if User.objects.filter(username__iexact=user.username).exists() else []


def _taken() -> FieldError:
    return FieldError(("username",), _("This name is taken. Choose another."))


def _password_faults(user: User, password: str) -> list[FieldError]:
    if len(password) > MAX_PASSWORD or storable(password) != password:
        message = _("A password may have %(most)s characters at most, and no NUL.") % {"most": f"{MAX_PASSWORD:,}"}
        return [FieldError(("password",), message)]
    try:
        validate_password(password, user)
    except ValidationError as problem:
        return [FieldError(("password",), message) for message in problem.messages]
    return []


def make_token(*, user: User, name: str, days: int = 90, scope: str = ApiToken.Scope.ALL) -> tuple[ApiToken, str]:
    """A new token and its text, which is stored nowhere. Raises InvalidInput at ("name",), ("days",), ("scope",)."""
    name = storable(name).strip()
    faults = []
    if not 1 <= len(name) <= 80:
        faults.append(FieldError(("name",), _("Give the token a name of 1 to 80 characters.")))
    if not 1 <= days <= MAX_DAYS:
        faults.append(FieldError(("days",), _("Choose between 1 and %(most)s days.") % {"most": MAX_DAYS}))
    if scope not in ApiToken.Scope.values:
        faults.append(
            FieldError(("scope",), _("Choose one of: %(names)s.") % {"names": ", ".join(ApiToken.Scope.values)})
        )
    if faults:
        raise InvalidInput(*faults)
    text = TOKEN_START + secrets.token_urlsafe(32)
    expires = timezone.now() + timedelta(days=days)
    known = {"prefix": text[:SHOWN], "digest": _digest(text), "expires_at": expires}
    return ApiToken.objects.create(user=user, name=name, scope=scope, **known), text


def user_of_token(text: str) -> User | None:
    """The owner of a token that is still good; notes its use."""
    token = good_token(text)
    return token.user if token else None


def good_token(text: str) -> ApiToken | None:
    """The token with its owner, where it is still good; notes its use, at most once a minute."""
    now = timezone.now()
    good = ApiToken.objects.filter(digest=_digest(text), expires_at__gt=now, revoked_at=None, user__is_active=True)
    token = good.select_related("user").first()
    if token is None:
        return None
    if token.last_used_at is None or token.last_used_at < now - USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def revoke_token(token: ApiToken) -> None:
    """End a token for good; the time of the first revocation stays."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())


def _digest(text: str) -> str:
    """A token has 256 random bits, so one plain SHA-256 is enough."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
