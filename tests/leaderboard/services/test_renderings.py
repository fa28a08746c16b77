"""Texts as HTML, kept by content."""

from __future__ import annotations

import pytest

from leaderboard.models import Board, Output, Rendering
from leaderboard.services import renderings
from tests.factories import submit, sums_board

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_text_is_made_once_and_read_by_one_query_after(monkeypatch, django_assert_num_queries):
    first = renderings.html_of(["**a**", "b", "b"])
    assert (first["**a**"].strip(), Rendering.objects.count()) == ("<p><strong>a</strong></p>", 2)
    monkeypatch.setattr(renderings, "render", lambda text: pytest.fail(f"{text} was made again"))
    with django_assert_num_queries(1):
        assert renderings.html_of(["b", "**a**"]) == first
    with django_assert_num_queries(0):
        assert renderings.html_of([]) == {}


def test_a_new_version_of_the_renderer_makes_new_html(monkeypatch):
    renderings.html_of(["a"])
    monkeypatch.setattr(renderings, "VERSION", renderings.VERSION + 1)
    renderings.html_of(["a"])
    assert Rendering.objects.count() == 2


@pytest.mark.parametrize("text", ["NUL \x00 in it", "half \ud800 a pair", ""])
def test_texts_that_databases_refuse_are_kept_too(text):
    assert text in renderings.html_of([text])
    assert Rendering.objects.count() == 1


@pytest.mark.parametrize("open_to_votes", [True, False])
def test_workers_prepare_outputs_of_boards_that_take_votes(open_to_votes, parrot, work):
    board = sums_board()
    Board.objects.filter(pk=board.pk).update(open_to_votes=open_to_votes)
    submit(board, {"model": "polly"})
    work()
    kept = {renderings.key_of(text) for text in Output.objects.values_list("text", flat=True)}
    assert len(kept) == 6
    assert set(Rendering.objects.values_list("pk", flat=True)) == (kept if open_to_votes else set())
