"""Sessions as Django's own: kept, ended at their time, and gone with their row."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from leaderboard.sessions import SessionStore

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> str:
    made = SessionStore()
    made["word"] = "kept"
    made.save()
    assert made.session_key
    return str(made.session_key)


def test_a_session_is_read_by_one_query(key, django_assert_num_queries):
    assert SessionStore(key)["word"] == "kept"
    with django_assert_num_queries(1):
        found = SessionStore(key)
        assert (found["word"], found.session_key) == ("kept", key)


@pytest.mark.parametrize("end", ["expired", "deleted"])
def test_a_session_that_ended_is_empty_and_has_no_key(key, end):
    if end == "expired":
        Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    else:
        Session.objects.all().delete()
    found = SessionStore(key)
    assert "word" not in found
    assert found.session_key is None


def test_a_key_that_was_never_given_out_holds_nothing():
    assert dict(SessionStore("a" * 32).items()) == {}
