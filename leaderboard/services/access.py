"""Who may vote on a board now, and joining it: sign-in, address, invitation, consent."""

from __future__ import annotations

from enum import StrEnum

from django.db import IntegrityError, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import Admission, ArenaPolicy, Board, ConsentText, LiveRules, User, VerifiedEmail
from leaderboard.queries.sign_in import has_identity
from leaderboard.services import invites
from leaderboard.services.voter_links import GONE


class Gate(StrEnum):
    """Whether a voter may vote, or what stands in the way."""

    OPEN = "open"
    PAUSED = "paused"
    LEFT = "left"
    SIGN_IN = "sign-in"
    ADDRESS = "address"
    PROVIDER = "provider"
    INVITE = "invite"
    CONSENT = "consent"


SENTENCES = {
    Gate.PAUSED: _("Voting on this board is paused. Your votes so far are kept; come back later."),
    Gate.LEFT: _("This account erased its voting record, so it votes no more."),
    Gate.SIGN_IN: _("Only people with an account vote on this board. Sign in, or make an account."),
    Gate.ADDRESS: _("Only people with a verified e-mail address of certain domains vote on this board."),
    Gate.PROVIDER: _("Only people who sign in with a certain provider vote on this board."),
    Gate.INVITE: _("Voting on this board is by invitation. Open the link that you were sent."),
    Gate.CONSENT: _("Read the text below and accept it before your first vote."),
}


def policy_of(board: Board) -> ArenaPolicy | None:
    """The board's policy; None where it has none, and anyone may vote."""
    return getattr(board, "policy", None)


def arena_of(board: Board) -> Board:
    """The arena whose policy holds: for a board of live votes the arena that they were asked on, else the board."""
    if not board.live:
        return board
    return LiveRules.objects.select_related("arena__policy").get(board=board).arena


def consent_digest(board: Board, text: str) -> str:
    """Names a text that voters of the board accept."""
    return fingerprint("consent", board.pk, text)


def gate(board: Board, *, voter: str, user: User | None) -> Gate:
    """Whether this voter may vote on the board now; at most two queries beyond the policy."""
    board = arena_of(board)
    policy = policy_of(board)
    if voter == GONE:
        return Gate.LEFT
    if policy is None:
        return Gate.OPEN
    if policy.paused:
        return Gate.PAUSED
    return _known(policy, user) or _joined(board, policy, voter)


def _known(policy: ArenaPolicy, user: User | None) -> Gate | None:
    """What the policy still asks of who the voter is; at most one query."""
    if policy.access == ArenaPolicy.Access.PROVIDER:
        return None if user is not None and has_identity(user, policy.providers) else Gate.PROVIDER
    if policy.access != ArenaPolicy.Access.ANYONE and user is None:
        return Gate.SIGN_IN
    if policy.access == ArenaPolicy.Access.DOMAIN and not _has_address(policy, user):
        return Gate.ADDRESS
    return None


def _has_address(policy: ArenaPolicy, user: User | None) -> bool:
    address = VerifiedEmail.objects.filter(user=user).values_list("address", flat=True).first() or ""
    return address.rpartition("@")[2].lower() in policy.domains


def _joined(board: Board, policy: ArenaPolicy, voter: str) -> Gate:
    if not policy.invite_only and not policy.consent:
        return Gate.OPEN
    rows = Admission.objects.filter(board=board, voter=voter).values_list("invite_id", "consent__digest")
    found = list(rows)
    if policy.invite_only and not any(invite for invite, _ in found):
        return Gate.INVITE
    if policy.consent and consent_digest(board, policy.consent) not in {digest for _, digest in found}:
        return Gate.CONSENT
    return Gate.OPEN


def join(board: Board, *, voter: str, user: User | None, token: str = "", accepted: str = "") -> None:
    """Let a voter in: by the invitation of `token`, with the consent text whose digest is `accepted`.

    An invitation counts once for each voter. Raises InvalidInput at ("invite",), ("accepted",) or ().
    """
    board = arena_of(board)
    policy, now = policy_of(board), gate(board, voter=voter, user=user)
    if policy is None or now == Gate.OPEN:
        return
    if now not in (Gate.INVITE, Gate.CONSENT):
        raise InvalidInput(FieldError((), str(SENTENCES[now])))
    if policy.consent and accepted != consent_digest(board, policy.consent):
        message = gettext("Tick the box to accept the text as it stands now.")
        raise InvalidInput(FieldError(("accepted",), message))
    invite = invites.find(board, token) if now == Gate.INVITE else None
    try:
        with transaction.atomic():
            if invite is not None:
                invites.spend(invite)
            Admission.objects.create(board=board, voter=voter, consent=_text(board, policy.consent), invite=invite)
    except IntegrityError:  # the same voter came by the same link at the same moment
        return


def _text(board: Board, text: str) -> ConsentText | None:
    """The stored text, word for word; None where there is none to accept."""
    if not text:
        return None
    return ConsentText.objects.get_or_create(board=board, digest=consent_digest(board, text), defaults={"text": text})[
        0
    ]
