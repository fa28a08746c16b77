"""Arenas over the API: made, paused, invited to, and people beside judges."""

from __future__ import annotations

import pytest

from leaderboard.contracts.values import Outcome
from leaderboard.models import Board, Invite
from leaderboard.services import boards
from tests.factories import fact_board

pytestmark = pytest.mark.django_db
NEW = "/boards/facts/arenas"


@pytest.fixture
def made(bell):
    return fact_board(("x", "y"), {"p0": "maths", "p1": "poems"})


@pytest.fixture
def staff(django_user_model, token_of):
    return token_of(django_user_model.objects.create_user("eve", is_staff=True))


@pytest.fixture
def arena(made, post, staff):
    answer = post(NEW, {"slug": "duel", "title": "Duel", "apart": True}, token=staff)
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_an_arena_is_made_and_read_by_everybody(arena, get):
    assert arena == get("/boards/duel/arena").json()
    assert (arena["parent"], arena["access"], arena["prompts"]) == ("facts", "anyone", "all prompts")
    assert arena["apart"] == ["duel-anonymous", "duel-named"]
    assert arena["sampling"]["uniform"] == 0.2
    assert get("/boards/facts/arena").status_code == 404


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"slug": "No Slug"}, "#/slug"),
        ({"slug": "facts"}, "#/slug"),
        ({"share": 0}, "#/share"),
        ({"access": "domain"}, "#/domains"),
        ({"access": "some"}, "#/access"),
        ({"domains": ["nonsense"]}, "#/domains"),
        ({"entries": ["x", "nobody"]}, "#/entries"),
        ({"categories": ["none"]}, "#/categories"),
        ({"sampling": {"uniform": 0}}, "#/sampling/uniform"),
        ({"sampling": {"weights": {"nobody": 2}}}, "#/sampling"),
        ({"title": "a\x00b"}, "#/title"),
        ({"more": 1}, "#/more"),
    ],
)
def test_a_fault_is_told_with_its_place(post, made, staff, fault, changed, pointer):
    answer = post(NEW, {"slug": "duel", "title": "Duel", **changed}, token=staff)
    assert pointer in [error["pointer"] for error in fault(answer, 422)["errors"]]
    assert Board.objects.count() == 1


def test_only_staff_and_those_with_the_right_may(post, made, fault, user, token_of):
    body = {"slug": "duel", "title": "Duel"}
    fault(post(NEW, body), 403)
    fault(post(NEW, body, token=""), 401)
    assert Board.objects.count() == 1


def test_voting_is_paused_and_the_text_changed(client, arena, staff):
    def change(body):
        return client.patch("/api/v1/boards/duel/arena", body, "application/json", headers=signed)

    signed = {"authorization": f"Bearer {staff}"}
    assert change({"paused": True}).json()["paused"] is True
    told = change({"consent": "Be fair."}).json()
    assert (told["paused"], told["consent"]) == (True, "Be fair.")
    assert change({"paused": False}).json()["paused"] is False


def test_invitations_are_made_listed_and_taken_back(client, post, arena, staff, fault):
    signed = {"authorization": f"Bearer {staff}"}
    made = post("/boards/duel/invites", {"label": "them", "days": 3, "most": 2}, token=staff)
    assert made.status_code == 201 and made.json()["fault"] == ""
    assert made.json()["link"].startswith("http://testserver/boards/duel/join/")
    fault(post("/boards/duel/invites", {"label": "", "most": 0}, token=staff), 422)
    assert client.get("/api/v1/boards/duel/invites", headers=signed).json()["items"] == [made.json()]
    fault(client.get("/api/v1/boards/duel/invites"), 401)
    gone = client.delete(f"/api/v1/boards/duel/invites/{made.json()['id']}", headers=signed)
    assert "taken back" in gone.json()["fault"] and Invite.objects.get().revoked_at
    assert client.delete("/api/v1/boards/duel-named/invites/1", headers=signed).status_code == 404


def test_people_stand_beside_judges_and_304_answers_while_nothing_changed(get, made, arena):
    made.verdict("x", "y", "p0", 1.0)
    made.board = Board.objects.get(slug="duel")
    made.vote("x", "y", "p0", Outcome.A)
    made.vote("x", "y", "p1", Outcome.BOTH_BAD)
    for board in Board.objects.all():
        boards.refresh(board)
    answer = get("/boards/duel/people")
    body = answer.json()
    assert [one["voters"] for one in body["boards"]] == ["", "all", "named", "anonymous"]
    assert {(one["entry"], one["board"], one["n"]) for one in body["ratings"] if one["board"] == "duel"} == {
        ("x", "duel", 2),
        ("y", "duel", 2),
    }
    assert (body["votes"], body["agreement"][0]["share"], body["bad_entries"][0]["bad"]) == (2, 1.0, 1)
    again = get("/boards/duel/people", **{"if-none-match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_export_can_be_of_people_alone(get, made, arena):
    made.verdict("x", "y", "p0", 1.0)
    made.board = Board.objects.get(slug="duel")
    made.vote("x", "y", "p0", Outcome.A)
    whole, votes = (
        b"".join(get(f"/boards/duel/export?format=jsonl&verdicts={kind}").streaming_content)
        for kind in ("all", "people")
    )
    assert (whole.count(b"\n"), votes.count(b"\n")) == (2, 1)
    assert b"user:" not in votes and b"voter-" in votes


def test_a_running_arena_is_changed_and_tells_it(arena, client, staff, user, token_of, fault):
    def patch(body, token=staff):
        signed = {"authorization": f"Bearer {token}"}
        return client.patch("/api/v1/boards/duel/arena", body, "application/json", headers=signed)

    body = {"sampling": {"weights": {"x": 3.0}}, "limits": {"network_day": 9}, "access": "account", "reason": "Now."}
    told = patch(body).json()
    assert (told["sampling"]["weights"], told["limits"]["network_day"]) == ({"x": 3.0}, 9)
    assert (told["sampling"]["uniform"], told["access"], told["retired"]) == (0.2, "account", [])
    faults = fault(patch({"entries": ["x"]}), 422)["errors"]
    assert [error["pointer"] for error in faults] == ["#/entries"]
    fault(patch({"limits": {"network_day": -1}}), 422)
    fault(patch({"paused": True}, token_of(user)), 403)
