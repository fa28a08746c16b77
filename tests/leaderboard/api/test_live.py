"""Live battles in the arena's resource: off by default, set and read over the API, faults with their places."""

from __future__ import annotations

import pytest

from leaderboard.models import AuditEntry, Board
from tests.factories import fact_board

pytestmark = pytest.mark.django_db
NEW = "/boards/facts/arenas"


@pytest.fixture
def made(bell):
    return fact_board(("x", "y"), {"p0": "maths"})


@pytest.fixture
def staff(django_user_model, token_of):
    return token_of(django_user_model.objects.create_user("eve", is_staff=True))


@pytest.fixture
def change(client, staff):
    signed = {"authorization": f"Bearer {staff}"}
    return lambda board, body: client.patch(f"/api/v1/boards/{board}/arena", body, "application/json", headers=signed)


def test_they_are_off_until_somebody_with_the_right_allows_them(made, post, staff, get, change):
    arena = post(NEW, {"slug": "duel", "title": "Duel"}, token=staff).json()
    assert (arena["live"]["on"], arena["live"]["tokens"], arena["live_board"]) == (False, 256, None)
    told = change("duel", {"live": {"on": True, "tokens": 64}}).json()
    assert (told["live"]["on"], told["live"]["tokens"], told["live_board"]) == (True, 64, "duel-live")
    assert get("/boards/duel/arena").json() == get("/boards/duel-live/arena").json() == told
    logged = AuditEntry.objects.get(board="duel")
    assert (logged.actor, '"live on":[false,true]' in logged.data) == ("eve", True)
    assert change("duel", {"live": {"on": False}}).json()["live"] == {**told["live"], "on": False}


def test_an_arena_is_made_with_them(made, post, staff):
    arena = post(NEW, {"slug": "duel", "title": "Duel", "live": {"on": True, "rated": False}}, token=staff).json()
    assert arena["live_board"] == "duel-live"
    assert Board.objects.get(slug="duel-live").counts_votes is False


@pytest.mark.parametrize(
    ("given", "pointer"),
    [({"tokens": 0}, "#/live/tokens"), ({"seconds": "soon"}, "#/live/seconds"), ({"more": 1}, "#/live/more")],
)
def test_a_fault_is_told_with_its_place(made, post, staff, change, fault, given, pointer):
    wrong = post(NEW, {"slug": "duel", "title": "Duel", "live": given}, token=staff)
    assert [error["pointer"] for error in fault(wrong, 422)["errors"]] == [pointer]
    post(NEW, {"slug": "duel", "title": "Duel"}, token=staff)
    assert [error["pointer"] for error in fault(change("duel", {"live": given}), 422)["errors"]] == [pointer]
