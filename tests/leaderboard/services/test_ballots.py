"""Ballots and votes: issued, signed, cast once, taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.signing import Signer

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Ballot, Board, Comparison, Vote, VoteUndo
from leaderboard.models.facts import FactError
from leaderboard.services import ballots, boards
from tests.factories import submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]


@pytest.fixture
def parent(work):
    made = sums_board()
    submit(made, {"model": "right"})
    submit(made, {"model": "wrong", "wrong_every": 2})
    work()
    return made


def people_of(parent, slug="people"):
    return Board.objects.create(
        slug=slug, title=slug, benchmark=parent.benchmark, parent=parent, counts_votes=True, open_to_votes=True
    )


@pytest.fixture
def board(parent):
    return people_of(parent)


def take(board, ballot, choice="tie", **change):
    """The vote on a ballot, from the session that it was shown to."""
    given = {"signed": ballots.sign(ballot, session="s"), "voter": ballot.voter, "session": "s", **change}
    return ballots.cast(board, given.pop("signed"), given.pop("choice", choice), **given)


def take_back(board, ballot, **change):
    given = {"signed": ballots.sign(ballot, session="s"), "voter": ballot.voter, "session": "s", **change}
    return ballots.undo(board, given.pop("signed"), **given)


def test_only_pairs_that_differ_are_shown_and_each_once(board):
    seen = set()
    while ballot := ballots.issue(board, voter="v"):
        take(board, ballot)
        seen.add(ballot.comparison.prompt.text)
    assert seen == {"2+2", "4+4", "6+6"}


def test_a_vote_is_stored_for_the_canonical_side_and_moves_the_board(board, work):
    ballot = ballots.issue(board, voter="v")
    right_is_a = "wrong" not in ballot.comparison.entry_a.model.name
    vote = take(board, ballot, "left" if right_is_a != ballot.swapped else "right")
    assert vote.outcome == ("a" if right_is_a else "b")
    work()
    board.refresh_from_db()
    wins = {row.entry.model.name: row.win_rate for row in board.current.standings.all()}
    assert wins == {"right": 100.0, "wrong": 0.0}


def test_the_pair_stays_until_it_is_voted_on_and_also_when_its_ballot_expires(board, clock):
    first = ballots.issue(board, voter="v")
    assert ballots.issue(board, voter="v").pk == first.pk
    clock.now += ballots.LIFETIME
    with pytest.raises(InvalidInput, match=r"expired\. The same pair comes back"):
        take(board, first)
    second = ballots.issue(board, voter="v")
    assert second.token != first.token
    assert (second.comparison_id, second.swapped) == (first.comparison_id, first.swapped)
    take(board, second, "skip")
    assert ballots.issue(board, voter="v").comparison_id != first.comparison_id


def test_a_pair_voted_on_at_another_board_does_not_stay(parent, board):
    other = people_of(parent, "others")
    ballot = ballots.issue(board, voter="v")
    twin = Ballot.objects.create(
        board=other,
        comparison=ballot.comparison,
        voter="v",
        swapped=False,
        token="twin",
        expires_at=ballot.expires_at,
    )
    take(other, twin)
    assert ballots.issue(board, voter="v").comparison_id != ballot.comparison_id


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"voter": "w"}, "not yours"),
        ({"session": "t"}, "another session"),
        ({"signed": "x"}, "not issued here"),
        ({"signed": ""}, "not issued here"),
        ({"signed": "x\x00y.z"}, "not issued here"),
        ({"signed": "é" * 9999}, "not issued here"),
        ({"choice": "up"}, "Choose one"),
    ],
)
def test_a_foreign_or_unknown_ballot_is_refused(board, change, word):
    with pytest.raises(InvalidInput, match=word):
        take(board, ballots.issue(board, voter="v"), **change)
    assert not Vote.objects.exists()


@pytest.mark.parametrize("part", ["token", "signature", "none"])
def test_a_forged_ballot_is_refused(board, part):
    token, _, signature = ballots.sign(ballots.issue(board, voter="v"), session="s").partition(".")
    turned = signature[:-1] + ("A" if signature[-1] != "A" else "B")
    forged = {"token": f"{token[::-1]}.{signature}", "signature": f"{token}.{turned}", "none": token}[part]
    with pytest.raises(InvalidInput, match=r"was changed|not issued here"):
        take(board, ballots.issue(board, voter="v"), signed=forged)
    assert not Vote.objects.exists()


@pytest.mark.parametrize("cut", [1, 20, 43, 44, 60])
def test_a_ballot_that_is_cut_short_is_refused(board, cut):
    ballot = ballots.issue(board, voter="v")
    with pytest.raises(InvalidInput, match=r"was changed|not issued here"):
        take(board, ballot, signed=ballots.sign(ballot, session="s")[:-cut])
    assert not Vote.objects.exists()


def test_a_ballot_signed_with_another_servers_key_is_refused(board, monkeypatch):
    ballot = ballots.issue(board, voter="v")
    with monkeypatch.context() as patch:
        patch.setattr(ballots, "_SIGNER", Signer(key="another server's key", salt="touchstone.ballot"))
        forged = ballots.sign(ballot, session="s")
    with pytest.raises(InvalidInput, match="was changed"):
        take(board, ballot, signed=forged)
    assert not Vote.objects.exists()


@pytest.mark.parametrize("field", ["swapped", "expires_at", "voter"])
def test_a_signature_is_over_the_sides_the_expiry_and_the_voter(board, field):
    ballot = ballots.issue(board, voter="v")
    before = ballots.sign(ballot, session="s")
    other = {"swapped": not ballot.swapped, "expires_at": ballot.expires_at + timedelta(hours=1), "voter": "w"}
    setattr(ballot, field, other[field])
    assert ballots.sign(ballot, session="s") != before


def test_a_page_does_not_tell_the_sides(board):
    ballot = ballots.issue(board, voter="v")
    straight = ballots.sign(ballot, session="s")
    ballot.swapped = not ballot.swapped
    assert straight.partition(".")[0] == ballots.sign(ballot, session="s").partition(".")[0] == ballot.token


def test_a_ballot_of_another_board_is_refused(parent, board):
    ballot = ballots.issue(board, voter="v")
    with pytest.raises(InvalidInput, match="for another board"):
        take(people_of(parent, "others"), ballot)
    assert not Vote.objects.exists()


def test_a_ballot_counts_once(board):
    ballot = ballots.issue(board, voter="v")
    take(board, ballot, "left")
    for _ in range(2):
        with pytest.raises(InvalidInput, match="already"):
            take(board, ballot, "right")
        ballots.issue(board, voter="v")
    assert Vote.objects.get().ballot == ballot


def test_of_two_ballots_issued_at_once_only_the_later_can_be_used(board):
    first = ballots.issue(board, voter="v")
    other = Comparison.objects.exclude(pk=first.comparison_id).first()
    second = Ballot.objects.create(
        board=board, comparison=other, voter="v", swapped=False, token="second", expires_at=first.expires_at
    )
    with pytest.raises(InvalidInput, match="newer ballot"):
        take(board, first)
    assert take(board, second).ballot == second


def test_a_vote_can_be_taken_back_within_a_minute_and_its_pair_does_not_return(board, clock):
    ballot = ballots.issue(board, voter="v")
    vote, wanted = take(board, ballot), Board.objects.get(pk=board.pk).wanted
    clock.now += ballots.TIME_TO_UNDO
    taken = take_back(board, ballot)
    assert (taken.vote, Vote.objects.count(), list(Vote.objects.kept())) == (vote, 1, [])
    assert Board.objects.get(pk=board.pk).wanted == wanted + 1
    with pytest.raises(InvalidInput, match="taken back already"):
        take_back(board, ballot)
    with pytest.raises(InvalidInput, match="already"):
        take(board, ballot)
    while following := ballots.issue(board, voter="v"):
        assert following.comparison_id != ballot.comparison_id
        take(board, following)
    with pytest.raises(FactError):
        taken.delete()


@pytest.mark.parametrize(("change", "word"), [({"voter": "w"}, "not yours"), ({"session": "t"}, "another session")])
def test_nobody_else_takes_a_vote_back(board, change, word):
    ballot = ballots.issue(board, voter="v")
    take(board, ballot)
    with pytest.raises(InvalidInput, match=word):
        take_back(board, ballot, **change)
    assert not VoteUndo.objects.exists()


def test_a_vote_stays_after_a_minute_and_without_a_vote_there_is_nothing_to_take_back(board, clock):
    ballot = ballots.issue(board, voter="v")
    with pytest.raises(InvalidInput, match="no vote"):
        take_back(board, ballot)
    take(board, ballot)
    clock.now += ballots.TIME_TO_UNDO + timedelta(seconds=1)
    with pytest.raises(InvalidInput, match="within a minute"):
        take_back(board, ballot)
    assert not VoteUndo.objects.exists()


def test_time_counts_from_the_issue_or_from_the_stamp_of_a_pair_fetched_ahead(board, clock):
    ballot = ballots.issue(board, voter="v")
    clock.now += timedelta(seconds=30)
    shown = ballots.stamp(ballots.sign(ballot, session="s"))
    clock.now += timedelta(seconds=2)
    vote = take(board, ballot, seen=ballots.Seen(shown, visible=1.5, expanded=True))
    assert vote.seconds_shown == pytest.approx(2)
    assert (vote.seconds_visible, vote.expanded) == (1.5, True)


@pytest.mark.parametrize("stamped", ["", "nonsense", "another"])
def test_a_stamp_that_is_not_the_ballots_counts_for_nothing(board, clock, stamped):
    ballot = ballots.issue(board, voter="v")
    clock.now += timedelta(seconds=30)
    shown = ballots.stamp("another.signature") if stamped == "another" else stamped
    vote = take(board, ballot, seen=ballots.Seen(shown))
    assert vote.seconds_shown == pytest.approx(30)
    assert (vote.seconds_visible, vote.expanded) == (None, None)


def test_a_vote_taken_back_leaves_the_ratings(board, work):
    def digest():
        boards.request_refresh(board)
        work()
        return Board.objects.get(pk=board.pk).current.digest

    ballot, before = ballots.issue(board, voter="v"), digest()
    take(board, ballot, "left")
    assert digest() != before
    take_back(board, ballot)
    assert digest() == before
