"""Signing up, in and out, and API tokens."""

from __future__ import annotations

import re

import pytest

from leaderboard.models import ApiToken, User

pytest.importorskip("leaderboard.services.accounts")
pytestmark = pytest.mark.django_db


def test_sign_up_signs_in_and_goes_on(client):
    sent = {"username": "grace", "password": "a long pass phrase", "next": "/submit/"}
    assert client.post("/sign-up/", sent)["Location"] == "/submit/"
    assert b"grace" in client.get("/account/").content
    client.post("/sign-out/")
    assert client.get("/account/").status_code == 302
    assert client.post("/sign-in/", sent)["Location"] == "/submit/"


def test_sign_up_does_not_send_people_elsewhere(client):
    sent = {"username": "grace", "password": "a long pass phrase", "next": "https://evil.example/"}
    assert client.post("/sign-up/", sent)["Location"] == "/"


@pytest.mark.parametrize(("change", "field"), [({"password": "short"}, "password"), ({"username": "ada"}, "username")])
def test_a_bad_sign_up_is_told_at_its_field(client, user, change, field):
    answer = client.post("/sign-up/", {"username": "grace", "password": "a long pass phrase", **change})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert User.objects.count() == 1


def test_a_token_is_shown_once_and_can_be_revoked(ada):
    body = ada.post("/account/", {"action": "make", "name": "laptop", "days": "30"}).content.decode()
    secret = re.search(r"<pre><code>(\S+)</code></pre>", body)[1]
    assert secret not in ada.get("/account/").content.decode()
    token = ApiToken.objects.get()
    assert token.name == "laptop" and token.digest != secret
    ada.post("/account/", {"action": "revoke", "token": token.pk})
    token.refresh_from_db()
    assert token.revoked_at


def test_a_foreign_token_cannot_be_revoked(ada, client):
    from leaderboard.services import accounts

    token, _ = accounts.make_token(user=User.objects.create_user("bob"), name="x")
    assert ada.post("/account/", {"action": "revoke", "token": token.pk}).status_code == 404
    for number in ("x", "9" * 25, "9" * 5000):
        assert ada.post("/account/", {"action": "revoke", "token": number}).status_code == 404
