from __future__ import annotations

import pytest
from django.core.cache import cache

from tests.factories import submit, sums_board

V1 = "/api/v1"


@pytest.fixture(autouse=True)
def _mounted(settings, parrot, bell, db):
    settings.ALLOWED_HOSTS = ["testserver"]
    cache.clear()


@pytest.fixture
def get(client):
    """GET below /api/v1."""
    return lambda path, **headers: client.get(V1 + path, headers=headers)


@pytest.fixture
def user(django_user_model):
    return django_user_model.objects.create_user("ada", password="x")


@pytest.fixture
def token_of():
    from leaderboard.services import accounts

    return lambda user: accounts.make_token(user=user, name="test")[1]


@pytest.fixture
def post(client, user, token_of):
    """POST JSON below /api/v1, signed by `user` unless another token (or "") is given."""
    default = token_of(user)

    def send(path, body=None, token=default, **headers):
        if token:
            headers["authorization"] = f"Bearer {token}"
        return client.post(V1 + path, body, content_type="application/json", headers=headers)

    return send


@pytest.fixture
def ranked(work):
    """A board of sums with two ranked entries."""
    board = sums_board()
    for model in ({"model": "right"}, {"model": "wrong", "wrong_every": 2}):
        submit(board, model)
    work()
    board.refresh_from_db()
    return board


@pytest.fixture
def fault():
    """Checks that a response is a well-formed problem, and gives its body."""

    def check(response, status):
        assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json"), (
            response.content
        )
        body = response.json()
        assert body["status"] == status
        assert body["type"] == "about:blank"
        assert body["title"] and body["detail"]
        return body

    return check
