"""Trials of a judge over the API."""

from __future__ import annotations

import uuid

import pytest

from leaderboard.models import Job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]


@pytest.fixture
def board(right_and_wrong):
    return right_and_wrong


@pytest.fixture
def token(django_user_model, token_of):
    return token_of(django_user_model.objects.create_user("eve", is_staff=True))


@pytest.fixture
def read(get):
    """GET with a token."""
    return lambda path, token: get(path, **({"authorization": f"Bearer {token}"} if token else {}))


@pytest.fixture
def other(django_user_model, token_of):
    return token_of(django_user_model.objects.create_user("bob"))


def test_a_trial_is_asked_for_read_and_its_judge_taken(board, post, read, token, work):
    asked = post("/judge-trials", {"board": "sums", "judge": "metric", "params": {"metric": "rouge-l"}}, token=token)
    assert asked.status_code == 202
    address = f"/judge-trials/{asked.json()['id']}"
    waiting = read(address, token).json()
    assert (waiting["state"], waiting["rows"]) == ("ready", None)
    work()
    done = read(address, token).json()
    assert (done["state"], done["board"], done["judge"], len(done["rows"])) == ("done", "sums", "metric", 5)
    assert {row["state"] for row in done["rows"]} == {"scored"}
    added = post(f"{address}/add", {"name": "rouge"}, token=token)
    assert (added.status_code, added.json()) == (200, {"judge": "rouge", "verdicts": 6})
    assert board.judges.filter(name="rouge").exists()


def test_it_is_for_staff(board, post, read, other):
    body, known = {"board": "sums", "judge": "reference"}, f"/judge-trials/{uuid.uuid4()}"
    for token, status in ((other, 403), ("", 401)):
        assert post("/judge-trials", body, token=token).status_code == status
        assert read(known, token).status_code == status
        assert post(f"{known}/add", {}, token=token).status_code == status
    assert not Job.objects.filter(kind="trial").exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"board": "nowhere"}, "#/board"),
        ({"judge": "nobody"}, "#/judge"),
        ({"judge": "arena-hard"}, "#/params/generator"),
        ({"params": {"marker": ""}}, "#/params/marker"),
        ({"params": {"marker": "a\x00"}}, "#/params/marker"),
        ({"extra": 1}, "#/extra"),
    ],
)
def test_a_fault_has_its_pointer(board, post, token, body, pointer):
    answer = post("/judge-trials", {"board": "sums", "judge": "reference", **body}, token=token)
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_what_is_not_there_is_a_404(read, post, token):
    assert read(f"/judge-trials/{uuid.uuid4()}", token).status_code == 404
    assert post(f"/judge-trials/{uuid.uuid4()}/add", {}, token=token).status_code == 404
