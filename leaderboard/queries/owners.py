"""Who may change what somebody asked for."""

from __future__ import annotations

from typing import Any

from leaderboard.models import Submission, Sweep, User


def may_change(found: Submission | Sweep, user: Any) -> bool:
    """Whether this person asked for it, or is staff. `user` may be nobody who is signed in."""
    return isinstance(user, User) and (user.is_staff or found.user_id == user.pk)
