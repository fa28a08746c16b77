"""The API as a client meets it: read a board, submit, follow, cancel; every fault is a problem document."""

from __future__ import annotations

import csv
import io
import json

import pytest

from leaderboard.models import ApiToken, User
from leaderboard.services import accounts
from tests.factories import submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]
NEW = {"board": "sums", "generator": "parrot", "model": {"model": "new"}, "strategy": "greedy"}


@pytest.fixture
def board(work):
    board = sums_board()
    submit(board, {"model": "right"})
    submit(board, {"model": "wrong", "wrong_every": 2})
    work()
    board.refresh_from_db()
    return board


@pytest.fixture
def headers(db):
    _, text = accounts.make_token(user=User.objects.create_user("ann"), name="test")
    return {"Authorization": f"Bearer {text}"}


def post(client, path, body, headers=None):
    return client.post(f"/api/v1{path}", json.dumps(body), content_type="application/json", headers=headers or {})


def test_standings_as_csv_have_the_columns_of_the_command(client, board):
    answer = client.get("/api/v1/boards/sums/standings?format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [row["model"] for row in rows] == ["right", "wrong"]
    assert (rows[0]["win_rate"], rows[0]["n"], rows[0]["missing"]) == ("75.0", "6", "0")


def test_a_known_etag_gets_304(client, board):
    answer = client.get("/api/v1/boards/sums/standings")
    assert answer["ETag"].strip('"')
    again = client.get("/api/v1/boards/sums/standings", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/boards", "/boards/sums", "/entries", "/boards/sums/judgments", "/plugins", "/openapi.json", "/docs"]
)
def test_public_reads_need_no_account(client, board, path):
    assert client.get(f"/api/v1{path}").status_code == 200


def test_cursors_walk_every_output_once(client, board):
    slug = board.current.standings.first().entry.slug
    path, seen, cursor = f"/api/v1/entries/{slug}/outputs", [], ""
    while cursor is not None:
        page = client.get(path, {"limit": 4} | ({"cursor": cursor} if cursor else {})).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert (len(seen), len(set(seen))) == (6, 6)


def test_a_submission_is_made_once_and_followed_to_its_end(client, board, headers, work):
    first = post(client, "/submissions", NEW, {**headers, "Idempotency-Key": "k"})
    again = post(client, "/submissions", NEW, {**headers, "Idempotency-Key": "k"})
    other = post(client, "/submissions", {**NEW, "model": {}}, {**headers, "Idempotency-Key": "k"})
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert first.json()["id"] == again.json()["id"]
    work()
    assert client.get(f"/api/v1/submissions/{first.json()['id']}").json()["state"] == "done"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"strategy": "temperature", "decoding": {"temperature": -1}}, "#/decoding/temperature"),
        ({"strategy": "gredy"}, "#/strategy"),
        ({"model": {"colour": 1}}, "#/model/colour"),
        ({"samples": "many"}, "#/samples"),
        ({"board": "nowhere"}, "#/board"),
    ],
)
def test_a_bad_value_points_to_its_field(client, board, headers, change, pointer):
    answer = post(client, "/submissions", {**NEW, **change}, headers)
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize("token", [None, "Bearer ts_wrong", "Bearer "])
def test_writes_need_a_token(client, board, token):
    answer = post(client, "/submissions", NEW, {"Authorization": token} if token else {})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_a_revoked_token_is_refused_and_no_token_is_stored_in_the_clear(client, board, headers):
    row = ApiToken.objects.get()
    assert headers["Authorization"].split()[1] not in (row.digest, row.prefix, row.name)
    accounts.revoke_token(row)
    assert post(client, "/submissions", NEW, headers).status_code == 401


def test_only_the_owner_may_cancel(client, board, headers, bell):
    made = post(client, "/submissions", NEW, headers).json()["id"]
    _, foreign = accounts.make_token(user=User.objects.create_user("bob"), name="test")
    assert post(client, f"/submissions/{made}/cancel", {}, {"Authorization": f"Bearer {foreign}"}).status_code in (
        403,
        404,
    )
    assert post(client, f"/submissions/{made}/cancel", {}, headers).json()["state"] == "cancelled"


def test_nothing_there_is_a_problem_document(client, board):
    answer = client.get("/api/v1/boards/nowhere/standings")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/boards", "/entries", "/boards/sums/standings", "/boards/sums/judgments"])
def test_queries_do_not_grow_with_rows(client, board, work, path, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as before:
        client.get(f"/api/v1{path}")
    for name in ("c", "d"):
        submit(board, {"model": name})
    work()
    with django_assert_num_queries(len(before)):
        client.get(f"/api/v1{path}")
