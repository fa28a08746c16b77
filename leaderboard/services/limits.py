"""How many votes one account, session or network may cast in a minute and in a day, counted in the database.

All counts of a vote rise by one conditional statement, so many requests at once are counted right on every database.
"""

from __future__ import annotations

import ipaddress
import math
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection, transaction
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
Sentences = Mapping[tuple[str, str], Any]


class TooMany(Exception):
    """A limit is reached. `whose`: account, session or network; `period`: minute or day; `wait`: seconds to its end."""

    def __init__(self, whose: str, period: str, limit: int, wait: int, sentences: Sentences = SENTENCES) -> None:
        super().__init__(sentences[whose, period] % {"limit": limit})
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
    count(str(board.pk), whose, vars(rules_of(board)), now=now)


def count(
    scope: str,
    whose: Mapping[str, str],
    limits: Mapping[str, int],
    *,
    sentences: Sentences = SENTENCES,
    now: float | None = None,
) -> None:
    """Count one try within `scope` for each of `whose`. `limits`: by "account_day" and so on; none is no limit.

    Raises TooMany, counting nothing.
    """
    at = int(time.time() if now is None else now)
    tries = [
        _Try(f"{scope}:{kind}:{period}:{_hashed(kind, name)}", kind, period, limits[f"{kind}_{period}"])
        for kind, name in sorted(whose.items())  # in one order everywhere, so that no two wait for each other
        for period in (PERIODS if name else ())
        if limits.get(f"{kind}_{period}")
    ]
    if tries:
        with transaction.atomic():
            full = _full(tries, at)
            if full is not None:
                seconds = PERIODS[full.period]
                raise TooMany(full.kind, full.period, full.limit, math.ceil(seconds - at % seconds), sentences)
    if not secrets.randbelow(TIDY_ONCE_IN):
        VoteCount.objects.filter(window__lt=at - KEPT_SECONDS).delete()


class _Try(NamedTuple):
    """One count that is to rise."""

    key: str
    kind: str
    period: str
    limit: int


RAISE = """
INSERT INTO leaderboard_votecount AS kept (key, "window", count) VALUES {rows}
ON CONFLICT (key, "window") DO UPDATE SET count = kept.count + 1
WHERE kept.count < CASE kept.key {limits} END
RETURNING key
"""
"""Django's own insert cannot make the update of a conflict depend on the row that is there."""


def _full(tries: Sequence[_Try], at: int) -> _Try | None:
    """Raise each count that is below its limit by one; the first of those that are not."""
    rows, limits = ", ".join(["(%s, %s, 1)"] * len(tries)), " ".join(["WHEN %s THEN %s"] * len(tries))
    params: list[str | int] = []
    for one in tries:
        params += [one.key, at - at % PERIODS[one.period]]
    for one in tries:
        params += [one.key, one.limit]
    with connection.cursor() as cursor:
        cursor.execute(RAISE.format(rows=rows, limits=limits), params)
        raised = {key for (key,) in cursor.fetchall()}
    return next((one for one in tries if one.key not in raised), None)
