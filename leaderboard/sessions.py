"""Sessions in the database, as Django's own, found by a query that is built once: every page begins with one."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from leaderboard.queries.prepared import Prepared

_BY_KEY = Prepared[Session](lambda key: Session.objects.filter(session_key=key), key=str)


class SessionStore(db.SessionStore):
    """The same sessions, in the same table."""

    @classmethod
    def get_model_class(cls) -> Any:
        """Django's model."""
        return Session

    def _get_session_from_db(self) -> Session | None:
        found = _BY_KEY.one(key=self.session_key) if self.session_key else None
        if found is None or found.expire_date <= timezone.now():
            self._session_key = None
            return None
        return found
