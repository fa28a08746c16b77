"""Every page, with and without data."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.models import Entry, Output, Prompt, Submission
from tests.factories import submit, sums_board

pytestmark = pytest.mark.django_db(transaction=True)


def shown(client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content[:2000]
    body = answer.content.decode()
    assert "<style" not in body
    assert " style=" not in body
    assert " onclick" not in body
    return body


def every_page(board) -> list[str]:
    submission = Submission.objects.first()
    paths = ["/", f"/prompts/{Prompt.objects.first().pk}/"]
    paths += [f"/boards/{board.slug}/{page}" for page in ("", "compare/", "charts/", "how/")]
    if submission:
        paths += [f"/entries/{submission.entry.slug}/", f"/submissions/{submission.pk}/"]
    return paths


def test_pages_without_any_data(client, db):
    assert "There is no board yet" in shown(client, "/")
    for path in ("/sign-in/", "/sign-up/"):
        shown(client, path)
    assert "Go to all boards" in shown(client, "/boards/nowhere/", 404)


def test_an_empty_board_says_what_to_do_next(client, bell):
    board = sums_board()
    for path in every_page(board):
        shown(client, path)
    assert "Submit two entries" in shown(client, "/boards/sums/")
    assert "this board has 0" in shown(client, "/boards/sums/compare/")


def test_a_board_that_is_worked_on_polls(client, parrot, bell):
    submission = submit(sums_board(), {})
    body = shown(client, "/boards/sums/")
    assert 'hx-trigger="every 3s"' in body
    assert f"/submissions/{submission.pk}/" in body
    assert 'hx-trigger="every 2s"' in shown(client, f"/submissions/{submission.pk}/")
    for path in every_page(submission.board):
        shown(client, path)


def test_pages_with_standings(client, board):
    for path in every_page(board):
        shown(client, path)
    body = shown(client, "/boards/sums/")
    assert "bird-0" in body and "<svg" in body and "<title>" in body
    assert "hx-trigger" not in body
    assert "/api/v1/boards/sums/standings?format=csv" in body
    assert "/boards/sums/charts/" in body and "/boards/sums/how/" in body
    assert "Elo history" in shown(client, "/boards/sums/charts/")
    assert "First:" in shown(client, "/") or "Not told apart" in shown(client, "/")


def test_sort_turns_round_and_is_told(client, board):
    body = shown(client, "/boards/sums/?sort=-score")
    assert 'aria-sort="descending"' in body and 'href="?sort=score"' in body
    up, down = shown(client, "/boards/sums/?sort=entry"), shown(client, "/boards/sums/?sort=-entry")
    table = lambda page: page[page.index("<tbody") : page.index("</tbody")]  # noqa: E731
    assert table(up).index("bird-0") < table(up).index("bird-1")
    assert table(down).index("bird-1") < table(down).index("bird-0")
    shown(client, "/boards/sums/?sort=nonsense")


def test_etag_is_the_digest_and_gives_304(client, board, user):
    first = client.get("/boards/sums/")
    assert first["ETag"].startswith(f'"{board.current.digest}')
    again = client.get("/boards/sums/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    client.force_login(user)
    assert client.get("/boards/sums/", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_the_number_of_queries_does_not_grow(client, parrot, fill):
    board = fill(sums_board(), 1)
    slug = Entry.objects.first().slug
    prompt = Prompt.objects.first().pk
    counts = []
    for extra in (0, 2):
        if extra:
            fill(board, 2, start=1)
        found = {}
        for path in (
            "/",
            "/boards/sums/",
            "/boards/sums/charts/",
            "/boards/sums/how/",
            f"/entries/{slug}/",
            f"/prompts/{prompt}/",
        ):
            with CaptureQueriesContext(
                connection,
            ) as seen:
                shown(client, path)
            found[path] = len(seen)
        counts.append(found)
    assert counts[0] == counts[1]


def test_compare_has_a_fixed_number_of_queries(client, parrot, fill):
    board = fill(sums_board(prompts=2), 2)
    with CaptureQueriesContext(connection) as few:
        shown(client, f"/boards/{board.slug}/compare/")
    fill(board, 2, start=2)
    with CaptureQueriesContext(connection) as more:
        shown(client, f"/boards/{board.slug}/compare/")
    assert len(few) == len(more)


def test_compare_shows_totals_and_what_differs(client, board):
    right, wrong = Entry.objects.order_by("pk")
    body = shown(client, f"/boards/sums/compare/?a={right.slug}&b={wrong.slug}")
    assert body.count("<article") == 6
    differ = shown(client, f"/boards/sums/compare/?a={right.slug}&b={wrong.slug}&differ=1")
    assert differ.count("<article") == 3 == differ.count("left wins")
    turned = shown(client, f"/boards/sums/compare/?a={wrong.slug}&b={right.slug}&differ=1")
    assert turned.count("right wins") == 3
    shown(client, f"/boards/sums/compare/?a={wrong.slug}&b={wrong.slug}")
    shown(client, "/boards/sums/compare/?a=nobody", 404)


def test_compare_shows_pairs_that_nobody_judged(client, board):
    from leaderboard.queries import compare as read

    left, right = Entry.objects.order_by("pk")
    rows = read._unmet(board, left, right, differ=True)
    assert [row.text != row.other_text for row in rows] == [True] * 3


def test_outputs_are_paged_by_cursor(client, parrot, fill):
    board = fill(sums_board(prompts=30), 1)
    path = f"/entries/{Entry.objects.get().slug}/"
    first = client.get(path)
    assert first.content.count(b"<article") == 25
    cursor = first["Link"].split("cursor=")[1].split(">")[0]
    assert client.get(f"{path}?cursor={cursor}").content.count(b"<article") == 5
    assert client.get(f"{path}?cursor=nonsense").content.count(b"<article") == 25
    assert Output.objects.count() == board.benchmark.prompts.count()


@pytest.mark.parametrize("cursor", ["", "%00", "YWZ0ZXI6LTE", "YWZ0ZXI6OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk", "é"])
def test_a_broken_cursor_gives_the_first_page(client, board, cursor):
    shown(client, f"/prompts/{Prompt.objects.first().pk}/?cursor={cursor}")
