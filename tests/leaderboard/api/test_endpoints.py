"""Endpoints over the API."""

from __future__ import annotations

import pytest

from leaderboard.models import Job
from leaderboard.services import endpoints

URL = "http://server/v1"
FOUND = {"setting": "min_p", "state": "ignored", "evidence": "0 of 3."}


@pytest.fixture(autouse=True)
def approved(monkeypatch):
    monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", URL)


@pytest.fixture
def staff_token(django_user_model, token_of):
    return token_of(django_user_model.objects.create_user("eve", is_staff=True))


@pytest.fixture
def ask(post, staff_token):
    return lambda token=staff_token, **body: post("/endpoints", {"base_url": URL, "model": "m", **body}, token=token)


def test_the_newest_checks_are_listed(get, django_assert_num_queries):
    for model in ("m", "other", "m"):
        check = endpoints.record(endpoint=URL, model=model, findings=[FOUND], user_id=None)
    with django_assert_num_queries(1):
        body = get("/endpoints").json()
    assert [item["model"] for item in body["items"]] == ["other", "m"]
    assert (body["items"][1]["id"], body["items"][1]["findings"]) == (check.pk, [FOUND])
    first = get("/endpoints?limit=1")
    assert 'rel="next"' in first["Link"]
    second = get(f"/endpoints?limit=1&cursor={first.json()['next']}").json()
    assert ([item["model"] for item in second["items"]], second["next"]) == (["m"], None)


def test_staff_ask_for_a_check(ask):
    answer = ask()
    assert (answer.status_code, answer.json()) == (202, {"endpoint": URL, "model": "m", "state": "ready"})
    assert Job.objects.get().kind == "check"
    again = ask()
    assert (again.status_code, again["Content-Type"]) == (409, "application/problem+json")


def test_others_may_not(ask, user, token_of):
    assert ask(token=token_of(user)).status_code == 403
    assert ask(token="").status_code == 401
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"base_url": "http://elsewhere/v1"}, "#/base_url"),
        ({"model": ""}, "#/model"),
        ({"model": "a\u0000"}, "#/model"),
        ({"api_key": "sk-planted"}, "#/api_key"),
        ({"heats": "last"}, "#/heats"),
    ],
)
def test_a_fault_points_at_its_field(ask, body, pointer):
    answer = ask(**body)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert "sk-planted" not in answer.content.decode()
