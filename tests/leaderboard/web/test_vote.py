"""Blind voting by page."""

from __future__ import annotations

import html
import re

import pytest

from leaderboard.models import Ballot, Board, BoardSnapshot, Vote, VoteUndo
from leaderboard.services import ballots
from tests.leaderboard.web.test_pages import shown

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/boards/people/vote/"


UNDO = f"{PAGE}undo/"
NEIGHBOURS = [
    {"better": "second", "worse": "first", "more": 12},
    {"better": "first", "worse": "second", "more": 40},
    {"better": "second", "worse": "first", "more": 0},
    {"better": "second", "worse": "first", "more": None},
]


def token_on(body: str) -> str:
    return re.search(r'name="token" value="([^"]+)"', body)[1]


def test_a_vote_goes_round_and_only_then_tells_who_wrote_what(client, people):
    body = shown(client, PAGE)
    assert "bird-" not in body and "greedy" not in body
    assert "Votes start at zero. So far: 0." in body
    assert token_on(shown(client, PAGE)) == token_on(body)
    answer = client.post(PAGE, {"token": token_on(body), "choice": "left"})
    assert answer.status_code == 302
    reveal = shown(client, answer["Location"])
    assert "A is better" in reveal and "bird-0" in reveal and "bird-1" in reveal and "reference:" in reveal
    vote = Vote.objects.get()
    assert vote.voter.startswith("anonymous:") and vote.seconds_shown >= 0
    ballot = vote.ballot
    best_left = (ballot.comparison.entry_a.model.name == "bird-0") != ballot.swapped
    assert f"reference: {'A' if best_left else 'B'} wins" in reveal


def test_a_page_with_a_script_gets_the_reveal_at_once_and_its_address(client, people):
    body = shown(client, PAGE)
    answer = client.post(PAGE, {"token": token_on(body), "choice": "left", "at_once": "1"})
    told = answer.content.decode()
    assert answer.status_code == 200 and "bird-0" in told and "Your vote: A is better" in told
    address = html.unescape(re.search(r'data-here="([^"]+)"', told)[1])
    again = shown(client, address)
    assert "data-here" not in again and token_on(again) == token_on(told) == token_on(body)
    refused(client, {"token": token_on(body), "choice": "right", "at_once": "1"}, "You have voted on this pair")
    assert client.post(PAGE, {"token": token_on(shown(client, PAGE)), "choice": "skip", "at_once": "1"}).url == PAGE


def test_another_session_sees_neither_the_reveal_nor_can_use_the_ballot(client, people, user):
    from django.test import Client

    token = token_on(shown(client, PAGE))
    other = Client()
    assert other.post(PAGE, {"token": token, "choice": "left"})["Location"] == PAGE
    assert "not yours" in other.get(PAGE).content.decode()
    client.post(PAGE, {"token": token, "choice": "tie"})
    assert other.get(f"{PAGE}?shown={token}").status_code == 302
    assert Vote.objects.count() == 1


def test_skipping_all_pairs_ends_with_a_hint(ada, user, people):
    for _ in range(3):
        token = token_on(shown(ada, PAGE))
        assert ada.post(PAGE, {"token": token, "choice": "skip"})["Location"] == PAGE
    assert "No pair is left" in shown(ada, PAGE)
    assert set(Vote.objects.values_list("voter", flat=True)) == {user.voter_link.voter}
    assert Ballot.objects.count() == 3


def test_a_bad_choice_stores_nothing(client, people):
    token = token_on(shown(client, PAGE))
    client.post(PAGE, {"token": token, "choice": "up"})
    assert "Choose one of" in shown(client, PAGE)
    assert not Vote.objects.exists()


def test_a_board_that_takes_no_votes_has_no_such_page(client, board):
    shown(client, "/boards/sums/vote/", 404)


def refused(client, data, message, page=PAGE):
    """The post leads back to the page, which says why; nothing is stored."""
    before = Vote.objects.count(), VoteUndo.objects.count()
    answer = client.post(page, data)
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert message in client.get(PAGE).content.decode()
    assert (Vote.objects.count(), VoteUndo.objects.count()) == before


def test_a_ballot_is_not_used_twice_nor_after_the_reveal(client, people):
    token = token_on(shown(client, PAGE))
    reveal = client.post(PAGE, {"token": token, "choice": "left"})["Location"]
    shown(client, reveal)
    refused(client, {"token": token, "choice": "right"}, "You have voted on this pair already.")
    assert "Your vote: A is better" in shown(client, reveal)


def test_a_forged_and_a_missing_ballot_are_refused(client, people):
    token = token_on(shown(client, PAGE))
    refused(client, {"token": token[:-2] + "xx", "choice": "left"}, "was changed, or is from another session")
    refused(client, {"choice": "left"}, "was not issued here")


def test_an_expired_ballot_is_refused_and_its_pair_comes_back(client, people, monkeypatch):
    monkeypatch.setattr(ballots, "LIFETIME", -ballots.LIFETIME)
    token = token_on(shown(client, PAGE))
    monkeypatch.undo()
    refused(client, {"token": token, "choice": "left"}, "has expired. The same pair comes back")
    assert Ballot.objects.values("comparison").distinct().count() == 1 < Ballot.objects.count()


def test_a_ballot_of_another_board_is_refused(client, people):
    parts = {"benchmark": people.benchmark, "parent": people.parent, "open_to_votes": True}
    Board.objects.create(slug="others", title="Others", **parts)
    token = token_on(shown(client, "/boards/others/vote/"))
    refused(client, {"token": token, "choice": "left"}, "for another board")


def test_a_ballot_of_the_same_voter_in_another_session_is_refused(user, people):
    from django.test import Client

    one, two = Client(), Client()
    one.force_login(user)
    two.force_login(user)
    token = token_on(shown(one, PAGE))
    refused(two, {"token": token, "choice": "left"}, "from another session")
    assert one.post(PAGE, {"token": token, "choice": "left"})["Location"] != PAGE
    assert token_on(shown(two, PAGE)) != token


def test_a_vote_from_another_site_is_refused(people):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    body = shown(client, PAGE)
    given = {"token": token_on(body), "choice": "left"}
    for page in (PAGE, UNDO):
        answer = client.post(page, given)
        assert answer.status_code == 403
        assert "did not come from a page of this site" in answer.content.decode()
    assert not Vote.objects.exists()
    given["csrfmiddlewaretoken"] = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', body)[1]
    assert client.post(PAGE, given).status_code == 302
    assert Vote.objects.count() == 1


@pytest.mark.parametrize("given", [{"token": "x" * 3_000_000}, {str(i): "" for i in range(2000)}], ids=["long", "many"])
def test_a_form_that_is_too_large_is_refused_in_words(client, people, given):
    answer = client.post(PAGE, given)
    assert answer.status_code == 400
    assert "What was sent is too large, or cannot be read." in answer.content.decode()


@pytest.mark.parametrize("token", ["x" * 1_000_000, "١٢٣", "a.é٣", "\x00"])
def test_a_token_of_any_kind_is_refused_in_words(client, people, token):
    shown(client, PAGE)
    refused(client, {"token": token, "choice": "left"}, "not issued here")


def test_a_vote_is_taken_back_from_the_reveal_and_the_next_page(client, people):
    token = token_on(shown(client, PAGE))
    refused(client, {"token": token}, "There is no vote to take back", UNDO)
    reveal = client.post(PAGE, {"token": token, "choice": "left"})["Location"]
    following = re.search(r'data-ahead href="([^"]+)"', shown(client, reveal))[1]
    for body in (shown(client, reveal), shown(client, following)):
        assert re.search(rf'action="{UNDO}".*?name="token" value="{re.escape(token)}"', body)
    assert client.post(UNDO, {"token": token})["Location"] == PAGE
    assert "Your vote is taken back" in shown(client, PAGE)
    assert "You took this vote back" in shown(client, reveal)
    assert UNDO not in shown(client, reveal)
    refused(client, {"token": token}, "has been taken back already", UNDO)
    refused(client, {"token": token, "choice": "right"}, "You have voted on this pair already")
    assert client.get(UNDO).status_code == 405


def test_what_the_browser_says_is_kept_where_it_can_be(client, people):
    said = [("2.5", True), ("-1", False), ("nan", False), ("1e300", False), ("x", False)]
    for (visible, _), expanded in zip(said[:3], ({"expanded": "1"}, {}, {}), strict=True):
        token = token_on(shown(client, PAGE))
        client.post(PAGE, {"token": token, "choice": "tie", "visible": visible, "shown": "junk", **expanded})
    kept = Vote.objects.order_by("pk").values_list("seconds_visible", "expanded")
    assert list(kept) == [(2.5, True), (None, False), (None, False)]


def test_a_stamp_is_for_pages_fetched_ahead(client, people):
    body = shown(client, f"{PAGE}?ahead=1")
    address = re.search(r'data-stamp="([^"]+)"', body)[1]
    assert "data-stamp" not in shown(client, PAGE)
    stamp = client.get(address, {"token": token_on(body)}).content.decode()
    client.post(PAGE, {"token": token_on(body), "choice": "tie", "shown": stamp})
    vote = Vote.objects.get()
    assert 0 <= vote.seconds_shown < (vote.created_at - vote.ballot.created_at).total_seconds()


def test_how_others_voted_is_told_after_the_vote_only(client, ada, people):
    from django.test import Client

    token = token_on(shown(ada, PAGE))
    ada.post(PAGE, {"token": token, "choice": "both_bad"})
    pair = Vote.objects.get().comparison_id
    other = Client()
    for _ in range(3):
        body = shown(other, PAGE)
        assert "How others voted" not in body
        reveal = shown(other, other.post(PAGE, {"token": token_on(body), "choice": "tie"})["Location"])
        ours = Vote.objects.latest("pk").comparison_id == pair
        assert ("Both are bad: 1" in reveal) == ours
        assert ("Nobody else has voted" in reveal) != ours
    ada.post(UNDO, {"token": token})
    again = [shown(other, f"{PAGE}?shown={ballots.sign(b, session=other.session['voter'])}") for b in others_ballots()]
    assert all("Nobody else has voted" in body for body in again)


def others_ballots():
    return Ballot.objects.filter(voter__startswith="anonymous:")


def test_the_words_that_differ_are_marked_on_demand(client, people):
    token = token_on(shown(client, PAGE))
    reveal = client.post(PAGE, {"token": token, "choice": "tie"})["Location"]
    assert "<mark>" not in shown(client, reveal)
    body = shown(client, f"{reveal}&diff=1")
    assert len(re.findall(r"So the answer is <mark>\d+\.</mark>", body)) == 2


def test_the_page_tells_what_votes_could_settle_in_the_order_of_the_alphabet(client, people):
    first, second = people.ranked_entries().values_list("slug", flat=True)
    slugs = {"first": first, "second": second}
    lines = [{**line, **{side: slugs[line[side]] for side in ("better", "worse")}} for line in NEIGHBOURS]
    made = BoardSnapshot.objects.create(board=people, digest="d", details={"neighbours": lines})
    Board.objects.filter(pk=people.pk).update(current=made)
    body = re.sub("<[^>]+>", "", shown(client, PAGE))
    names = sorted(str(entry) for entry in people.ranked_entries().with_parts())
    assert f"About 12 more votes could settle {names[0]} against {names[1]}." in body


def test_nothing_is_told_where_all_is_settled(client, people):
    made = BoardSnapshot.objects.create(board=people, digest="d", details={"neighbours": NEIGHBOURS[2:]})
    Board.objects.filter(pk=people.pk).update(current=made)
    assert "could settle" not in shown(client, PAGE)
