"""The reader's language: how it is chosen, what stays with it, and sentences said again in it."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from django.test import Client
from django.utils import translation

from leaderboard.contracts.said import Said, again, counted, kept, said
from leaderboard.web.language import translated
from tests.factories import submit
from tests.leaderboard.web.test_pages import shown

CHINESE = {"HTTP_ACCEPT_LANGUAGE": "zh-CN,zh;q=0.9,en;q=0.5"}


def test_a_sentence_is_its_english_and_remembers_its_parts():
    one = said("{name} is not there.", name="min-p")
    assert one == "min-p is not there." and isinstance(one, str)
    assert (one.template, one.values) == ("{name} is not there.", {"name": "min-p"})
    assert counted("{n} vote", "{n} votes", 1) == "1 vote" and counted("{n} vote", "{n} votes", 2) == "2 votes"
    assert said("{} is JSON") == "{} is JSON"
    with pytest.raises(KeyError):
        said("{name} of {board}", name="x")


@pytest.mark.parametrize("carry", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_sentence_survives_being_carried(carry):
    one = carry(said("{name} is not there.", name=said("the board")))
    assert isinstance(one, Said) and one.template == "{name} is not there."


def test_a_sentence_survives_an_exception():
    problem = ValueError(said("{name} is not there.", name="x"))
    assert isinstance(str(problem), Said) and str(problem).template == "{name} is not there."


def test_a_sentence_is_stored_as_json_and_said_again():
    one = said("{what}: {votes}", what=said("the board"), votes=counted("{n} vote", "{n} votes", 2))
    assert again(json.loads(json.dumps(kept(one)))) == one == "the board: 2 votes"
    assert again(kept("plain")) == "plain"


def test_translated_looks_up_templates_and_constants():
    with translation.override("zh-hans"):
        assert translated("Boards") == "榜单" == translated(said("Boards"))
        assert translated("") == "" == translated(None)
        assert translated("bird-0 {x}") == "bird-0 {x}"
        assert translated(said("{what}!", what=said("Boards"))) == "榜单!"
    assert translated("Boards") == "Boards"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "lang"),
    [("zh-CN", "zh-hans"), ("zh", "zh-hans"), ("zh-TW", "zh-hans"), ("en-US", "en-gb"), ("xx", "en-gb"), ("", "en-gb")],
)
def test_the_browser_says_which_language(client, header, lang):
    answer = client.get("/", HTTP_ACCEPT_LANGUAGE=header)
    assert f'<html lang="{lang}">' in answer.content.decode()
    assert answer["Content-Language"] == lang and "Accept-Language" in answer["Vary"]


@pytest.mark.django_db
def test_a_choice_outweighs_the_browser_and_survives_signing_in(client, user):
    answer = client.post("/language/", {"language": "zh-hans", "next": "/judges/"})
    assert answer["Location"] == "/judges/"
    morsel = client.cookies["language"]
    assert morsel["httponly"] and morsel["samesite"] == "Lax" and morsel["max-age"]
    assert '<html lang="zh-hans">' in client.get("/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    client.post("/sign-in/", {"username": "ada", "password": "a long pass phrase"})
    assert "榜单" in client.get("/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    client.post("/sign-out/")
    assert "榜单" in client.get("/", HTTP_ACCEPT_LANGUAGE="en").content.decode()


@pytest.mark.django_db
def test_an_unknown_choice_changes_nothing(client):
    client.post("/language/", {"language": "tlh", "next": "/"})
    assert "language" not in client.cookies
    client.cookies["language"] = "tlh"
    assert '<html lang="zh-hans">' in client.get("/", **CHINESE).content.decode()


@pytest.mark.django_db
def test_the_choice_leads_nowhere_else_and_is_made_here_only(client):
    sent = {"language": "zh-hans", "next": "https://evil.example/"}
    assert client.post("/language/", sent)["Location"] == "/"
    refused = Client(enforce_csrf_checks=True)
    assert refused.post("/language/", sent, HTTP_SEC_FETCH_SITE="cross-site").status_code == 403
    assert refused.post("/language/", sent, HTTP_SEC_FETCH_SITE="same-origin").status_code == 302
    assert client.get("/language/").status_code == 405


@pytest.mark.django_db
def test_choosing_needs_no_cookie_on_pages_that_all_may_see(client):
    assert not client.get("/").cookies


@pytest.mark.django_db
def test_a_known_page_in_another_language_is_not_called_unchanged(client, board):
    first = client.get(f"/boards/{board.slug}/")
    known = {"HTTP_IF_NONE_MATCH": first["ETag"]}
    assert client.get(f"/boards/{board.slug}/", **known).status_code == 304
    other = client.get(f"/boards/{board.slug}/", **known, **CHINESE)
    assert other.status_code == 200 and other["ETag"] != first["ETag"] and "榜单" in other.content.decode()


@pytest.mark.django_db
def test_a_page_costs_the_same_queries_in_each_language(client, board, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as english:
        client.get(f"/boards/{board.slug}/")
    with django_assert_num_queries(len(english)):
        client.get(f"/boards/{board.slug}/", **CHINESE)


@pytest.mark.django_db
def test_what_a_snapshot_says_with_values_is_said_again_in_the_readers_language(client, board, work):
    """A note with a number in it is stored in English, with its template beside it."""
    submit(board, {"model": "loser", "wrong_every": 1})
    work()
    board.refresh_from_db()
    note = "Only 6 clusters: the intervals are likely too narrow."
    assert board.current.details["notes"] == [note]
    for page in ("", "how/"):
        assert note in shown(client, f"/boards/{board.slug}/{page}")
        chinese = client.get(f"/boards/{board.slug}/{page}", **CHINESE).content.decode()
        assert note not in chinese and "只有 6 个聚类" in chinese
