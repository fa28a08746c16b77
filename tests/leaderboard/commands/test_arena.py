"""`manage.py arena`."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Board, Invite, User, VerifiedEmail
from leaderboard.services import voter_links
from tests.factories import fact_board

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(bell):
    return fact_board(("x", "y", "z"), {f"p{i}": "maths" if i else "poems" for i in range(5)})


def run(capsys, *words: str) -> str:
    call_command("arena", *words)
    return capsys.readouterr().out


def test_an_arena_is_made_paused_and_opened(made, capsys):
    words = ("--share", "0.5", "--categories", "maths", "--entries", "x", "y", "--sampling", "uniform=0.5")
    assert "/boards/duel/vote/" in run(capsys, "make", "facts", "duel", *words)
    board = Board.objects.get(slug="duel")
    assert (board.policy.prompts.count(), board.policy.sampling["uniform"]) == (2, 0.5)
    assert {prompt.category for prompt in board.policy.prompts.all()} == {"maths"}
    assert {entry.slug for entry in board.ranked_entries()} == {"x", "y"}
    run(capsys, "pause", "duel")
    assert Board.objects.get(slug="duel").policy.paused
    run(capsys, "resume", "duel")
    assert not Board.objects.get(slug="duel").policy.paused


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("make", "nowhere", "duel"), "no board 'nowhere'"),
        (("make", "facts", "duel", "--share", "2"), "share"),
        (("make", "facts", "duel", "--sampling", "uniform"), "name=value"),
        (("pause", "facts"), "takes no votes"),
        (("revoke", "7"), "no invitation 7"),
        (("erase", "nobody"), "no account 'nobody'"),
        (("verify", "nobody", "a@b.org"), "no account 'nobody'"),
    ],
)
def test_a_fault_is_told(made, words, told):
    with pytest.raises(InvalidInput, match=told):
        call_command("arena", *words)
    assert Board.objects.count() == 1


def test_invitations_are_made_listed_and_taken_back(made, capsys):
    run(capsys, "make", "facts", "duel", "--invite-only")
    made_line = run(capsys, "invite", "duel", "--label", "them", "--most", "3")
    assert run(capsys, "invite", "duel") == made_line and "used 0 of 3" in made_line and "/join/" in made_line
    number = str(Invite.objects.get().pk)
    assert "Taken back" in run(capsys, "revoke", number) and "before" in run(capsys, "revoke", number)


def test_an_operator_acts_for_a_voter_who_asks(made, capsys):
    user = User.objects.create_user("ada")
    word = voter_links.voter_of_user(user)
    assert "is confirmed" in run(capsys, "verify", "ada", "Ada@Example.org")
    assert VerifiedEmail.objects.get().address == "ada@example.org"
    assert "Nothing leads" in run(capsys, "erase", "ada") and "before" in run(capsys, "erase", "ada")
    assert "votes again" in run(capsys, "let-back", "ada")
    assert voter_links.voter_of_user(user) not in (word, voter_links.GONE)


def test_a_running_arena_is_changed(made, capsys):
    run(capsys, "make", "facts", "duel")
    told = run(capsys, "change", "duel", "--retire", "z", "--limits", "account_minute=5", "--reason", "It is old.")
    assert 'entries: ["x", "y", "z"] -> ["x", "y"]' in told and '"account_minute": 5' in told
    told = run(capsys, "change", "duel", "--add", "z", "--sampling", "uniform=0.5", "--invite-only", "yes")
    board = Board.objects.get(slug="duel")
    assert (board.policy.sampling["uniform"], board.policy.invite_only) == (0.5, True)
    assert not board.policy.retired.exists()
    with pytest.raises(InvalidInput, match="does not show 'nobody'"):
        call_command("arena", "change", "duel", "--retire", "nobody")
