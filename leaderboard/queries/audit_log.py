"""Reads the log of decisions and checks its chain. The sum is defined here, so that anyone can work it out again.

The digest of an entry is the SHA-256, in hex, of the JSON of the list of its `FIELDS` in that order, without spaces and
in UTF-8 without escapes; `data` is a string. `previous` is the digest of the entry before, or 64 zeros for the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.models import AuditEntry, Board

FIELDS = ("number", "previous", "at", "action", "board", "subject", "actor", "reason", "data")
START = "0" * 64


@dataclass(frozen=True)
class Chain:
    """The state of the log: `head` is the last digest; `broken` the first number that is wrong, or None."""

    entries: int
    head: str
    broken: int | None


def digest_of(**fields: Any) -> str:
    """The digest of an entry with these `FIELDS`."""
    return fingerprint(*(fields[name] for name in FIELDS))


def entries_of(board: Board) -> QuerySet[AuditEntry]:
    """What was decided on this board and on all boards at once, oldest first."""
    found: QuerySet[AuditEntry] = AuditEntry.objects.filter(board__in=[board.slug, ""]).order_by("pk")
    return found


def last() -> AuditEntry | None:
    """The newest entry of the whole log."""
    found: AuditEntry | None = AuditEntry.objects.order_by("-number").first()
    return found


def check() -> Chain:
    """Work out every digest again, over all boards."""
    number, previous, broken = 0, START, None
    for row in AuditEntry.objects.order_by("number").values(*FIELDS, "digest").iterator(chunk_size=1000):
        number += 1
        digest = row.pop("digest")
        is_next = (row["number"], row["previous"]) == (number, previous)
        if broken is None and not (is_next and digest == digest_of(**row)):
            broken = number
        previous = digest
    return Chain(number, previous, broken)
