"""How many votes one account, session or network may cast in a minute and in a day, counted in the database.

A count rises by one conditional UPDATE, so many requests at once are counted right on every database.
"""

from __future__ import annotations

import ipaddress
import math
import secrets
import time
from collections.abc import Mapping

from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from leaderboard.models import Board, VoteCount
from leaderboard.queries.integrity import rules_of

PERIODS = {"minute": 60, "day": 86_400}
PREFIX = {4: 24, 6: 48}
"""Bits of an address that are kept before it is hashed: a network, no single house."""
KEPT_SECONDS = 2 * PERIODS["day"]
TIDY_ONCE_IN = 500
SENTENCES = {
    ("account", "minute"): _("At most %(limit)s votes a minute for one account."),
    ("account", "day"): _("At most %(limit)s votes a day for one account."),
    ("session", "minute"): _("At most %(limit)s votes a minute for one session."),
    ("session", "day"): _("At most %(limit)s votes a day for one session."),
    ("network", "minute"): _("At most %(limit)s votes a minute for one network."),
    ("network", "day"): _("At most %(limit)s votes a day for one network."),
}


class TooMany(Exception):
    """A limit is reached. `whose`: account, session or network; `period`: minute or day; `wait`: seconds to its end."""

    def __init__(self, whose: str, period: str, limit: int, wait: int) -> None:
        super().__init__(SENTENCES[whose, period] % {"limit": limit})
        self.whose, self.period, self.limit, self.wait = whose, period, limit, wait


def network_of(address: str) -> str:
    """The keyed hash of the address's network, which alone is kept; "" for none, and for this machine itself.

    Behind a proxy that is not declared every visitor seems to come from this machine, which tells no network.
    """
    try:
        found = ipaddress.ip_address(address.strip().partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    if found.is_loopback or found.is_unspecified:
        return ""
    network = ipaddress.ip_network((found, PREFIX[found.version]), strict=False)
    return _hashed("network", str(network))


def _hashed(kind: str, text: str) -> str:
    return salted_hmac(f"touchstone.votes.{kind}", text, algorithm="sha256").hexdigest()[:32]


def count_vote(board: Board, whose: Mapping[str, str], *, now: float | None = None) -> None:
    """Count one try to vote for each of `whose` ("account", "session", "network" to a name, "" for none).

    Raises TooMany, counting nothing, where one of them has reached a limit of the board's rules.
    """
    at, rules = int(time.time() if now is None else now), rules_of(board)
    with transaction.atomic():
        for kind, name in sorted(whose.items()):  # in one order everywhere, so that no two wait for each other
            for period, seconds in PERIODS.items() if name else ():
                limit = getattr(rules, f"{kind}_{period}")
                key = f"{board.pk}:{kind}:{period}:{_hashed(kind, name)}"
                if limit and not _raised(key, at, seconds, limit):
                    raise TooMany(kind, period, limit, math.ceil(seconds - at % seconds))
    if not secrets.randbelow(TIDY_ONCE_IN):
        VoteCount.objects.filter(window__lt=at - KEPT_SECONDS).delete()


def _raised(key: str, at: int, seconds: int, limit: int) -> bool:
    """Whether the count was below the limit, and so is one higher now."""
    found = VoteCount.objects.filter(key=key, window=at - at % seconds)
    room = found.filter(count__lt=limit)
    if room.update(count=F("count") + 1):
        return True
    VoteCount.objects.bulk_create([VoteCount(key=key, window=at - at % seconds)], ignore_conflicts=True)
    return bool(room.update(count=F("count") + 1))
