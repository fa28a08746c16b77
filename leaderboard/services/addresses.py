"""Verified e-mail addresses: a signed link is sent to an address, and opening it shows whose it is."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.conf import settings
from django.core import mail, signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import User, VerifiedEmail
from leaderboard.services.text import storable

log = logging.getLogger(__name__)
SALT = "touchstone.address"
LINK_SECONDS = 24 * 3600
NO_MAIL = gettext_lazy("This server sends no e-mail, so it cannot check an address. Ask its operator to confirm yours.")


def can_send() -> bool:
    """Whether a mail server is set up."""
    return bool(settings.EMAIL_HOST) or settings.EMAIL_BACKEND.rpartition(".")[0].endswith("locmem")


def read_address(text: str) -> str:
    """The address in lower case. Raises InvalidInput at ("address",)."""
    address = storable(text).strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        message = _("Write an e-mail address, such as ada@example.org.")
        raise InvalidInput(FieldError(("address",), message)) from None
    if len(address) > 254:
        raise InvalidInput(FieldError(("address",), _("An address has 254 characters at most.")))
    return address


def send_link(user: User, address: str, link: Callable[[str], str]) -> None:
    """Send a link to the address; `link` makes it from a token. Raises InvalidInput at ("address",)."""
    address = read_address(address)
    if not can_send():
        raise InvalidInput(FieldError(("address",), str(NO_MAIL)))
    body = _(
        "Someone, perhaps you, gave this address for the account “%(name)s”.\n"
        "Open this link within a day, signed in to that account, to confirm it:\n\n%(link)s\n\n"
        "If it was not you, do nothing.\n"
    ) % {"name": user.get_username(), "link": link(token(user, address))}
    try:
        mail.send_mail(_("Confirm your e-mail address"), body, None, [address])
    except OSError as problem:
        log.error("The mail server took no message: %s", problem)
        raise InvalidInput(FieldError(("address",), _("The mail server took no message. Try later."))) from None


def token(user: User, address: str) -> str:
    """What the link carries: for this account and address, good for a day."""
    return signing.dumps([user.pk, address], salt=SALT)


def confirm_link(user: User, text: str) -> VerifiedEmail:
    """Take the address of a link that was opened. Raises InvalidInput at ("link",)."""
    try:
        pk, address = signing.loads(text, salt=SALT, max_age=LINK_SECONDS)
    except signing.BadSignature:
        message = _("This link is too old or not whole. Ask for a new one.")
        raise InvalidInput(FieldError(("link",), message)) from None
    if pk != user.pk:
        message = _("This link is for another account. Sign in to that one first.")
        raise InvalidInput(FieldError(("link",), message))
    return confirm(user, address)


def confirm(user: User, address: str) -> VerifiedEmail:
    """Note that the address is the account's: after a link, or on an operator's word."""
    row, _ = VerifiedEmail.objects.update_or_create(
        user=user, defaults={"address": read_address(address), "provider": ""}
    )
    return row
