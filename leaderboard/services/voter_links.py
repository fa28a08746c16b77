"""Who is behind a voter: one row for each account, and its erasure.

Votes are facts and stay; they name their voter by a random word. The row here is the only way from an account to that
word, so that deleting the word from it leaves votes that lead to nobody.
"""

from __future__ import annotations

import secrets

from django.db import transaction
from django.utils import timezone

from leaderboard.models import User, VerifiedEmail, VoterLink
from leaderboard.queries.voters import NAMED
from leaderboard.services import live_erasure

GONE = ""
"""The voter of an account that erased its link: it votes no more."""


def voter_of_user(user: User) -> str:
    """The account's voter; made the first time. GONE after an erasure, so that nobody votes twice on a pair by one."""
    link, _ = VoterLink.objects.get_or_create(user=user, defaults={"voter": f"{NAMED}{secrets.token_hex(16)}"})
    return link.voter or GONE


def known_voter(user: User) -> str:
    """The account's voter without making one: GONE where it never voted, or erased its link."""
    return VoterLink.objects.filter(user=user).values_list("voter", flat=True).first() or GONE


def erase(user: User) -> bool:
    """Cut the account from its votes and forget its verified address; whether there was anything to cut.

    The texts of the account's own prompts are erased too. The votes stay and count as before, by a voter whom nobody
    can name. It cannot be undone.
    """
    with transaction.atomic():
        live_erasure.erase_all(known_voter(user))
        VerifiedEmail.objects.filter(user=user).delete()
        VoterLink.objects.get_or_create(user=user)
        return bool(VoterLink.objects.filter(user=user, erased_at=None).update(voter=None, erased_at=timezone.now()))


def let_back(user: User) -> bool:
    """Let an account that erased its link vote again, as a voter without a past; an operator's decision."""
    return bool(VoterLink.objects.filter(user=user, erased_at__isnull=False).delete()[0])
