"""Failed jobs of a board that belong to no submission, over the API."""

from __future__ import annotations

import pytest

from leaderboard.models import Job
from tests.factories import sums_board

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def board():
    made = sums_board()
    for number in range(2):
        Job.objects.create(
            key=f"judge:{number}",
            kind="judge",
            queue="judge",
            payload={"board": made.pk, "judge": made.judges.get().pk, "items": [1]},
            items=1,
            state="failed",
            error="It broke.",
        )
    return made


@pytest.fixture
def as_staff(post, token_of, django_user_model, client):
    token = token_of(django_user_model.objects.create_user("eve", is_staff=True))
    bearer = {"authorization": f"Bearer {token}"}
    return (
        lambda path: client.get(f"/api/v1{path}", headers=bearer),
        lambda path, body=None: post(path, body or {}, token=token),
    )


def test_staff_list_and_retry(board, as_staff):
    get, post = as_staff
    items = get("/boards/sums/jobs").json()["items"]
    assert [(one["judge"], one["state"], one["error"]) for one in items] == [("reference", "failed", "It broke.")] * 2
    assert post("/boards/sums/jobs/retry", {"job": items[0]["id"]}).json() == {"jobs": 1}
    assert post("/boards/sums/jobs/retry").json() == {"jobs": 1}
    assert post("/boards/sums/jobs/retry").json() == {"jobs": 0}
    assert get("/boards/sums/jobs").json() == {"items": []}


def test_all_others_are_refused(board, get, post, fault):
    fault(get("/boards/sums/jobs"), 401)
    fault(post("/boards/sums/jobs/retry", {}, token=""), 401)
    fault(post("/boards/sums/jobs/retry", {}), 403)
    assert Job.objects.filter(state="failed").count() == 2


def test_a_body_that_makes_no_sense_is_refused(board, as_staff, fault):
    fault(as_staff[1]("/boards/sums/jobs/retry", {"job": "all"}), 422)
    fault(as_staff[1]("/boards/none/jobs/retry"), 404)
