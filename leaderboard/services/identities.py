"""Accounts of people who sign in with an OpenID Connect provider: found, made, connected and taken off again.

Of what a provider tells, its id for the person is kept, and an address that it confirms; no name, picture or token.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import User, VerifiedEmail, VoterLink
from leaderboard.services.addresses import read_address
from leaderboard.services.text import storable

MOST_SUBJECT = 191
MOST_NAME = 100


@dataclass(frozen=True)
class Identity:
    """Who a provider says that somebody is. `address`: confirmed by the provider, in lower case, else ""."""

    provider: str
    subject: str
    name: str = ""
    address: str = ""


def identity(provider: str, claims: dict[str, object]) -> Identity:
    """What counts of a provider's claims. An address counts only where `email_verified` is true, not "true".

    Raises InvalidInput where the provider's id for the person cannot be kept.
    """
    subject = str(claims["sub"])
    if len(subject) > MOST_SUBJECT or storable(subject) != subject:
        raise InvalidInput(FieldError((), _("The provider's name for you cannot be stored here.")))
    told = str(claims.get("preferred_username") or "").partition("@")[0]
    address = ""
    if claims.get("email_verified") is True:
        try:
            address = read_address(str(claims.get("email") or ""))
        except InvalidInput:
            address = ""
    return Identity(provider, subject, told, address)


def sign_in(who: Identity) -> User:
    """The account of this identity, made the first time.

    An account that exists already is never taken over by its address: the person signs in to it first and connects the
    provider there. Raises InvalidInput.
    """
    known = _known(who)
    user = known.user if known else _new(who)
    if not user.is_active:
        raise InvalidInput(FieldError((), _("This account is closed. Ask the operator of this service.")))
    _note_address(user, who)
    return user


def connect(user: User, who: Identity) -> None:
    """Let the account sign in with this identity too. Raises InvalidInput where it is another account's."""
    known = _known(who)
    if known is None:
        try:
            with transaction.atomic():
                known = SocialAccount.objects.create(user=user, provider=who.provider, uid=who.subject)
        except IntegrityError:  # the same button in two tabs
            known = SocialAccount.objects.get(provider=who.provider, uid=who.subject)
    if known.user_id != user.pk:
        raise InvalidInput(FieldError((), _("Another account here signs in with that identity already.")))
    _note_address(user, who)


def disconnect(user: User, number: int) -> bool:
    """Take an identity off the account, with the address that came by it; whether it had it.

    Raises InvalidInput where the account could not be signed in to any more.
    """
    own = SocialAccount.objects.filter(user=user)
    found = own.filter(pk=number).first()
    if found is None:
        return False
    if not user.has_usable_password() and own.count() == 1:
        message = _("This is the only way to sign in to your account, so it cannot be taken off.")
        raise InvalidInput(FieldError((), message))
    with transaction.atomic():
        found.delete()
        VerifiedEmail.objects.filter(user=user, provider=found.provider).delete()
    return True


def of_user(user: User) -> list[SocialAccount]:
    """The identities that the account signs in with, oldest first."""
    return list(SocialAccount.objects.filter(user=user).order_by("pk"))


def _known(who: Identity) -> SocialAccount | None:
    found = SocialAccount.objects.filter(provider=who.provider, uid=who.subject)
    return found.select_related("user").first()


def _new(who: Identity) -> User:
    if _others(who.address):
        message = _(
            "There is an account with your address here already. Sign in to it in your usual way, "
            "and connect this provider on your account page."
        )
        raise InvalidInput(FieldError(("address",), message))
    try:
        with transaction.atomic():
            user = User(username=_free_name(who))
            user.set_unusable_password()
            user.save()
            SocialAccount.objects.create(user=user, provider=who.provider, uid=who.subject)
    except IntegrityError:  # the same person in two tabs, or a name that was taken at this moment
        known = _known(who)
        if known is None:
            raise InvalidInput(FieldError((), _("That did not work out. Please try again."))) from None
        user = known.user
    return user


def _others(address: str, but: User | None = None) -> bool:
    """Whether another account has the address, confirmed or not."""
    if not address:
        return False
    stored = VerifiedEmail.objects.filter(address=address)
    written = User.objects.filter(email__iexact=address)
    if but is not None:
        stored, written = stored.exclude(user=but), written.exclude(pk=but.pk)
    return stored.exists() or written.exists()


def _note_address(user: User, who: Identity) -> None:
    """Let an address that came by this provider follow what it confirms now; one confirmed by a link stays.

    An account that left keeps none.
    """
    row = VerifiedEmail.objects.filter(user=user).first()
    if row is not None and row.provider != who.provider:
        return
    left = VoterLink.objects.filter(user=user, erased_at__isnull=False).exists()
    new = row is None or row.address != who.address
    if left or not who.address or (new and _others(who.address, user)):
        VerifiedEmail.objects.filter(user=user).delete()
        return
    VerifiedEmail.objects.update_or_create(user=user, defaults={"address": who.address, "provider": who.provider})


def _free_name(who: Identity) -> str:
    """The name that the provider tells, with something after it where it is taken or cannot be a name here."""
    plain = re.sub(r"[^\w.+-]", "", storable(who.name))[:MOST_NAME] or who.provider
    wanted = User.normalize_username(plain)
    try:
        User(username=wanted).clean_fields(exclude=["password"])
    except ValidationError:
        wanted = who.provider
    taken = User.objects.filter(username__iexact=wanted).exists()
    return f"{wanted}-{secrets.token_hex(3)}" if taken or wanted == who.provider else wanted
