"""Invitations to vote: signed links with an end, a number of uses, and a way to take them back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core import signing
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import Board, Invite, User
from leaderboard.services.text import storable

MAX_DAYS = 3650
MAX_USES = 1_000_000
_SIGNER = signing.Signer(salt="touchstone.invite")


def make(board: Board, *, label: str, days: int | None = None, most: int | None = None, user: User | None) -> Invite:
    """A new invitation. Raises InvalidInput at ("label",), ("days",) and ("most",)."""
    label, faults = storable(label).strip(), []
    if not 1 <= len(label) <= 80:
        faults.append(FieldError(("label",), _("Say in 1 to 80 characters whom this link is for.")))
    if days is not None and not 1 <= days <= MAX_DAYS:
        message = _("Choose between 1 and %(most)s days, or leave it out for no end.") % {"most": MAX_DAYS}
        faults.append(FieldError(("days",), message))
    if most is not None and not 1 <= most <= MAX_USES:
        message = _("Choose between 1 and %(most)s uses, or leave it out for any number.") % {"most": f"{MAX_USES:,}"}
        faults.append(FieldError(("most",), message))
    if faults:
        raise InvalidInput(*faults)
    expires = timezone.now() + timedelta(days=days) if days else None
    return Invite.objects.create(board=board, label=label, expires_at=expires, most=most, made_by=user)


def token_of(invite: Invite) -> str:
    """What its link carries. It is signed, so that no one can make up a link."""
    return _SIGNER.sign(str(invite.pk))


def find(board: Board, token: str) -> Invite:
    """The invitation behind a link, if it can be used now. Raises InvalidInput."""
    try:
        number = _SIGNER.unsign(token)
    except signing.BadSignature:
        raise _fault(_("This link was not made here, or a part of it is missing. Ask for the whole link.")) from None
    invite = Invite.objects.filter(pk=number).first()
    if invite is None or invite.board_id != board.pk:
        raise _fault(_("This link is for another board."))
    if reason := why_not(invite, timezone.now()):
        raise _fault(reason)
    return invite


def why_not(invite: Invite, now: datetime) -> str:
    """Why an invitation cannot be used; "" where it can."""
    if invite.revoked_at is not None:
        return _("This invitation was taken back. Ask for another.")
    if invite.expires_at is not None and invite.expires_at <= now:
        return _("This invitation has expired. Ask for another.")
    if invite.most is not None and invite.used >= invite.most:
        return _("This invitation has been used as often as it can be. Ask for another.")
    return ""


def spend(invite: Invite) -> None:
    """Count one use; of two at once for the last use, one is refused. Raises InvalidInput."""
    now = timezone.now()
    good = Invite.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), pk=invite.pk, revoked_at=None)
    if not good.filter(Q(most=None) | Q(used__lt=F("most"))).update(used=F("used") + 1):
        invite.refresh_from_db()
        raise _fault(why_not(invite, now) or _("This invitation cannot be used any more. Ask for another."))


def revoke(invite: Invite) -> bool:
    """No one else joins by it; who joined stays. Whether it was good until now."""
    return bool(Invite.objects.filter(pk=invite.pk, revoked_at=None).update(revoked_at=timezone.now()))


def _fault(message: str) -> InvalidInput:
    return InvalidInput(FieldError(("invite",), message))
