"""The page of a best-of-n entry: what was chosen among, and why."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]


def chosen(prompts, work):
    submission = submit(sums_board(prompts), {"wrong_every": 3}, strategy="best-of-n", decoding={"n": 3}, samples=1)
    work()
    return submission


def test_each_output_shows_its_candidates_and_their_ratings(client, work):
    submission = chosen(2, work)
    page = client.get(f"/entries/{submission.entry.slug}/").content.decode()
    assert page.count("Chosen by majority among 3 candidates") == 2
    assert page.count("rating 0.667") == 4
    assert page.count("rating 0.333") == 2
    assert page.count("<strong>shown</strong>") == 2
    pool = submission.entry.pool()
    assert f'3 samples of <a href="/entries/{pool.slug}/">parrot · T 1</a>' in page


def test_an_entry_that_is_not_chosen_among_others_says_nothing_of_candidates(client, work):
    submission = chosen(2, work)
    page = client.get(f"/entries/{submission.entry.pool().slug}/").content.decode()
    assert "candidates" not in page.lower()


def test_the_number_of_queries_does_not_grow_with_outputs_and_candidates(client, work):
    counts = []
    for name, prompts, n in (("few", 1, 2), ("many", 6, 5)):
        board = sums_board(prompts, slug=name, version=name)
        submission = submit(board, {"model": name}, strategy="best-of-n", decoding={"n": n})
        work()
        with CaptureQueriesContext(connection) as queries:
            page = client.get(f"/entries/{submission.entry.slug}/").content.decode()
        assert page.count("<strong>shown</strong>") == prompts
        counts.append(len(queries))
    assert counts[0] == counts[1]
