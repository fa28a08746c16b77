"""Moderation over the API: for those with the right alone, as the page does it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from leaderboard.models import QuarantineDecision

HERE = "/boards/sums/moderation"


@pytest.fixture
def moderator(django_user_model):
    user = django_user_model.objects.create_user("mod", password="x")
    user.user_permissions.add(Permission.objects.get(codename="moderate_votes"))
    return user


@pytest.fixture
def asked(get, token_of, moderator):
    token = token_of(moderator)
    return lambda end: get(f"{HERE}/{end}", authorization=f"Bearer {token}")


@pytest.mark.parametrize("end", ["voters", "decisions", "health"])
def test_reads_are_for_moderators(get, ranked, user, token_of, fault, end):
    fault(get(f"{HERE}/{end}"), 401)
    fault(get(f"{HERE}/{end}", authorization=f"Bearer {token_of(user)}"), 403)


def test_a_decision_is_stored_and_read_back(post, asked, ranked, token_of, moderator, fault):
    new = {"voter": "user:1", "quarantined": True, "reason": "seen"}
    fault(post(f"{HERE}/decisions", new), 403)
    made = post(f"{HERE}/decisions", new, token=token_of(moderator))
    assert (made.status_code, made.json()["everywhere"]) == (201, False)
    assert QuarantineDecision.objects.get().user == moderator
    (entry,) = asked("decisions").json()["items"]
    assert (entry["number"], entry["actor"], entry["subject"], entry["data"]) == (1, "mod", "user:1", "{}")
    health = asked("health").json()
    assert health == {"checks": [], "log": {"entries": 1, "head": entry["digest"], "broken": None}}
    assert asked("voters").json() == {"items": [], "left_out": 0}


@pytest.mark.parametrize(
    ("wrong", "pointer"), [({"reason": " "}, "#/reason"), ({"voter": "\x00"}, "#/voter"), ({"more": 1}, "#/more")]
)
def test_what_is_wrong_is_told(post, ranked, token_of, moderator, fault, wrong, pointer):
    new = {"voter": "user:1", "quarantined": True, "reason": "seen", **wrong}
    body = fault(post(f"{HERE}/decisions", new, token=token_of(moderator)), 422)
    assert body["errors"][0]["pointer"] == pointer
    assert not QuarantineDecision.objects.exists()
