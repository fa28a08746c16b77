"""Writes the log of decisions: each entry holds the digest of the one before, and nothing is ever changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from leaderboard.contracts.fingerprint import canonical_json
from leaderboard.models import AuditEntry, Board, User
from leaderboard.queries import audit_log as read

ATTEMPTS = 50
"""Writers at one moment that can be waited for."""


def write(
    action: str,
    *,
    board: Board | None = None,
    subject: str = "",
    user: User | None = None,
    by_test: bool = False,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Add an entry, in the transaction of what was decided. `by_test`: nobody decided, a voter test did."""
    fields: dict[str, Any] = {
        "at": timezone.now().isoformat(),
        "action": action,
        "board": board.slug if board else "",
        "subject": subject,
        "actor": "voter tests" if by_test else user.get_username() if user else "",
        "reason": reason,
        "data": canonical_json(dict(data or {})),
    }
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return _append(fields)
        except IntegrityError:  # another writer was first; its entry is the one before ours
            continue
    raise RuntimeError("The log of decisions is written to so often that this decision could not be added. Try again.")


def _append(fields: Mapping[str, Any]) -> AuditEntry:
    newest = read.last()
    number, previous = (newest.number + 1, newest.digest) if newest else (1, read.START)
    digest = read.digest_of(number=number, previous=previous, **fields)
    return AuditEntry.objects.create(number=number, previous=previous, digest=digest, **fields)
