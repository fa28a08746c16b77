"""A voter's own page: votes, agreement, ranking, and leaving so that nothing leads to who voted."""

from __future__ import annotations

import io
from importlib import import_module

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leaderboard.benchmarks.exchange.items import PEOPLE
from leaderboard.contracts.values import Outcome
from leaderboard.models import Board, User, VerifiedEmail, Vote, VoterLink, VoteUndo
from leaderboard.queries import my_votes as read
from leaderboard.queries.exports import BoardSource
from leaderboard.services import addresses, arenas, boards, voter_links
from leaderboard.services.arenas import ArenaSettings
from tests.factories import fact_board
from tests.leaderboard.web.test_pages import shown
from tests.leaderboard.web.test_vote import token_on

pytestmark = pytest.mark.django_db(transaction=True)
MINE, VOTE = "/me/votes/", "/boards/people/vote/"


@pytest.fixture
def made(bell):
    found = fact_board(("x", "y", "z"), {f"p{i}": "" for i in range(4)}, counts_votes=True, open_to_votes=True)
    for key, outcome in (("p0", Outcome.A), ("p1", Outcome.A), ("p2", Outcome.B), ("p3", Outcome.TIE)):
        found.vote("x", "y", key, outcome, voter="user:me")
    found.vote("x", "z", "p0", Outcome.BOTH_BAD, voter="user:me")
    return found


def test_agreement_is_with_the_majority_of_others_and_with_each_judge(made):
    for voter in ("a", "b"):
        made.vote("x", "y", "p0", Outcome.A, voter=f"user:{voter}")
        made.vote("x", "y", "p2", Outcome.A, voter=f"user:{voter}")
    made.vote("x", "y", "p0", Outcome.B, voter="user:c")
    undone = made.vote("x", "y", "p1", Outcome.B, voter="user:c")
    VoteUndo.objects.create(vote=undone)
    made.verdict("x", "y", "p1", 1.0)
    made.verdict("x", "y", "p2", None)
    found = read.summary(made.board, "user:me")
    assert (found.others.same, found.others.n, found.others.share) == (1, 2, 50.0)
    ((name, judge),) = found.judges
    assert (name, judge.same, judge.n) == ("reference", 1, 1)


def test_the_own_ranking_is_by_win_share_with_ties_as_half(made):
    found = {
        own.entry.model.name: (own.share.share, own.share.n) for own in read.summary(made.board, "user:me").ranking
    }
    assert found == {"x": (60.0, 5), "z": (50.0, 1), "y": (37.5, 4)}
    assert list(found) == ["x", "z", "y"]


def test_a_vote_taken_back_stays_in_the_list_and_out_of_the_ranking(made):
    VoteUndo.objects.create(vote=Vote.objects.get(outcome=Outcome.BOTH_BAD))
    lines, _ = read.lines(made.board, "user:me", "1")
    assert sum(line.taken_back for line in lines) == 1 and len(lines) == 5
    assert [one.votes for one in read.boards_of("user:me")] == [4]
    assert len(read.summary(made.board, "user:me").ranking) == 2


def test_the_page_runs_as_many_queries_for_one_vote_as_for_many(client, made, user):
    VoterLink.objects.create(user=user, voter="user:me")
    client.force_login(user)
    with CaptureQueriesContext(connection) as few:
        shown(client, MINE)
    for voter in ("user:me", "user:b"):
        for key in made.prompts:
            made.vote("y", "z", key, Outcome.A, voter=voter)
    with CaptureQueriesContext(connection) as many:
        shown(client, MINE)
    assert len(few) == len(many)


def test_a_voter_without_an_account_sees_the_votes_of_the_browser_and_nobody_elses(client, people):
    assert "None that lead to you." in shown(client, MINE)
    client.post(VOTE, {"token": token_on(shown(client, VOTE)), "choice": "left"})
    body = shown(client, MINE)
    assert "1 vote." in body and "A is better" in body and "reference" in body
    assert "None that lead to you." in shown(Client(), MINE)


def test_leaving_cuts_the_link_keeps_the_vote_and_ends_voting(ada, user, people):
    ada.post(VOTE, {"token": token_on(shown(ada, VOTE)), "choice": "left"})
    addresses.confirm(user, "ada@example.org")
    vote, digest = Vote.objects.get(), boards.refresh(people).digest
    assert vote.voter == user.voter_link.voter and str(user.pk) not in vote.voter.split(":")
    ada.post(MINE, {})
    assert "Tick the box" in shown(ada, MINE) and "1 vote." in shown(ada, MINE)
    ada.post(MINE, {"sure": "yes"})
    assert "None that lead to you." in shown(ada, MINE)
    assert "erased its voting record" in shown(ada, VOTE)
    assert ada.post(VOTE, {"token": "x", "choice": "left"}).status_code == 403
    assert Vote.objects.get().voter == vote.voter and boards.refresh(people).digest == digest
    assert not VerifiedEmail.objects.exists()
    kept = VoterLink.objects.get()
    assert (kept.voter, kept.erased_at is None) == (None, False)


def test_no_table_leads_from_an_erased_account_to_its_votes(ada, user, people):
    ada.post(VOTE, {"token": token_on(shown(ada, VOTE)), "choice": "left"})
    word = Vote.objects.get().voter.partition(":")[2]
    voter_links.erase(user)
    found = io.StringIO()
    call_command("dumpdata", "leaderboard.user", "leaderboard.voterlink", "leaderboard.verifiedemail", stdout=found)
    call_command("dumpdata", "sessions", stdout=found)
    assert word not in found.getvalue()
    for session in Session.objects.all():
        assert word not in str(session.get_decoded())


def test_who_erased_twice_or_never_voted_is_told_so_and_may_be_let_back(user):
    assert voter_links.known_voter(user) == voter_links.GONE
    assert voter_links.erase(user) and not voter_links.erase(user)
    assert voter_links.voter_of_user(user) == voter_links.GONE
    assert voter_links.let_back(user) and not voter_links.let_back(user)
    assert voter_links.voter_of_user(user).startswith("user:")


def test_a_voter_has_another_pseudonym_in_the_export_of_each_arena(made):
    other = arenas.make(made.board, ArenaSettings(slug="other", title="Other"), user=None)
    names = []
    for board in (made.board, Board.objects.get(pk=other.pk)):
        rows = list(BoardSource(board, private=True, people=True).verdicts())
        assert len(rows) == 5 and {row.judge for row in rows} == {PEOPLE}
        names.append({row.identity for row in rows})
    assert all(len(one) == 1 and next(iter(one)).startswith("voter-") for one in names)
    assert names[0] != names[1]


def test_the_export_of_people_holds_no_judgment_and_no_vote_that_does_not_count(made):
    made.verdict("x", "y", "p0", 1.0)
    VoteUndo.objects.create(vote=Vote.objects.filter(outcome=Outcome.TIE).get())
    assert len(list(BoardSource(made.board, private=True).verdicts())) == 5
    assert len(list(BoardSource(made.board, private=True, people=True).verdicts())) == 4
    made.board.voters = Board.Voters.ANONYMOUS
    assert not list(BoardSource(made.board, private=True, people=True).verdicts())
    assert User.objects.count() == 0


def test_signing_in_makes_the_session_forget_the_votes_cast_before(client, user, people):
    client.post(VOTE, {"token": token_on(shown(client, VOTE)), "choice": "left"})
    before = Vote.objects.get().voter
    client.force_login(user)
    client.post(VOTE, {"token": token_on(shown(client, VOTE)), "choice": "left"})
    assert {vote.voter for vote in Vote.objects.all()} == {before, user.voter_link.voter}
    assert before.partition(":")[2] not in str(dict(client.session))


def test_voters_that_were_numbers_of_accounts_become_random_words(made, user):
    vote = made.vote("y", "z", "p1", Outcome.A, voter=f"user:{user.pk}")
    made.vote("y", "z", "p2", Outcome.A, voter="user:99999")
    loader = MigrationLoader(connection, replace_migrations=False)
    apps = loader.project_state([("leaderboard", "0017_voters_by_random_words")]).apps
    import_module("leaderboard.migrations.0017_voters_by_random_words").rename(apps, None)
    word = user.voter_link.voter
    found = Vote.objects.select_related("ballot").get(pk=vote.pk)
    assert found.voter == found.ballot.voter == word and len(word) > 30
    others = set(Vote.objects.exclude(pk=vote.pk).values_list("voter", flat=True)) - {"user:me"}
    assert len(others) == 1 and "99999" not in str(others) and VoterLink.objects.count() == 1


def test_data_leads_to_this_browser_alone(client, people):
    """A voter without an account takes along what its session leads to; another browser gets nothing."""
    import json

    from tests.leaderboard.web.test_vote import token_on

    page = client.get("/boards/people/vote/").content.decode()
    client.post("/boards/people/vote/", {"token": token_on(page), "choice": "left"})
    rows = [json.loads(line) for line in b"".join(client.get("/me/data.jsonl").streaming_content).splitlines()]
    assert [row["kind"] for row in rows] == ["voter", "vote"]
    assert b"".join(Client().get("/me/data.jsonl").streaming_content) == b""
