"""Queries whose SQL is made once give what their query sets give, each in one query."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from leaderboard.contracts.values import Outcome
from leaderboard.models import Board, Prompt, Vote
from leaderboard.queries.prepared import Prepared
from tests.factories import fact_board

pytestmark = pytest.mark.django_db


@pytest.fixture
def made():
    return fact_board(["ada", "bob"], {"p": "odd", "q": "even", "r": "odd"})


def test_rows_and_what_is_joined_to_them_are_those_of_the_query_set(made, django_assert_num_queries):
    prepared = Prepared[Prompt](
        lambda board, category: (
            Prompt.objects.filter(benchmark__boards=board, category=category)
            .select_related("benchmark")
            .order_by("key")
        ),
        board=int,
        category=str,
    )
    for category, keys in (("odd", ["p", "r"]), ("even", ["q"]), ("none", [])):
        prepared(board=made.board.pk, category=category)
        with django_assert_num_queries(1):
            found = prepared(board=made.board.pk, category=category)
            assert [prompt.key for prompt in found] == keys
            assert all(prompt.benchmark.name for prompt in found)


def test_values_and_annotations_come_as_well(made):
    for voter in ("v", "w"):
        made.vote("ada", "bob", "p", Outcome.A, voter=voter)
    prepared = Prepared[tuple[str, str]](
        lambda voter: Vote.objects.filter(voter=voter).values_list("voter", "comparison__prompt__key"), voter=str
    )
    assert prepared(voter="w") == [("w", "p")]
    assert prepared(voter="%s'") == []


def test_one_is_the_first_or_none(made):
    prepared = Prepared[Board](lambda slug: Board.objects.filter(slug=slug), slug=str)
    assert prepared.one(slug=made.board.slug) == made.board
    assert prepared.one(slug="another") is None


def test_a_value_that_the_query_does_not_hold_as_given_is_refused(made):
    prepared = Prepared[Board](lambda slug: Board.objects.filter(slug__startswith=slug), slug=str)
    with pytest.raises(ValueError, match="not in the query as they were given"):
        prepared(slug="f")


@pytest.mark.django_db(transaction=True)
def test_threads_share_what_was_built_and_no_connection():
    made = fact_board(["ada", "bob"], {"p": ""})
    prepared = Prepared[Board](lambda slug: Board.objects.filter(slug=slug), slug=str)
    assert prepared.one(slug=made.board.slug) == made.board

    def elsewhere():
        try:
            return prepared.one(slug=made.board.slug)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(elsewhere).result() == made.board
