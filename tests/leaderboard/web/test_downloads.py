"""The downloads of a board: every link leads to a file."""

from __future__ import annotations

import html
import re

import pytest
from django.urls import reverse

from leaderboard.benchmarks.exchange.formats import FORMATS
from leaderboard.queries.exports import UNKNOWN
from tests.factories import fact_board

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def all_addresses(settings, pages_only):
    """Downloads lie below the API's address."""
    settings.ROOT_URLCONF = "leaderboard.urls"


def links(client, slug):
    page = client.get(f"/boards/{slug}/").content.decode()
    part = page[page.index('class="downloads"') : page.index("</details>")]
    return [html.unescape(found) for found in re.findall(r'href="([^"]*)"', part)]


@pytest.mark.parametrize(("baseline", "missing"), [("x", set()), ("", {"alpaca-eval"})])
def test_every_link_leads_to_a_file(client, baseline, missing):
    made = fact_board(["x", "y"], {"k": ""}, baseline=baseline)
    made.verdict("x", "y", "k", 1.0)
    found = links(client, "facts")
    assert {link.partition("format=")[2] for link in found} == set(FORMATS) - missing
    for link in found:
        response = client.get(link)
        assert response.status_code == 200
        assert b"".join(response.streaming_content)


def test_a_text_that_was_not_imported_is_not_called_empty(client):
    made = fact_board(["x", "y"], {"k": ""})
    made.answer("x", "k", "", provenance={UNKNOWN: True})
    made.answer("y", "k", "")
    page = client.get(reverse("prompt", args=[made.prompts["k"].pk])).content.decode()
    assert page.count("did not hold this text") == page.count("(empty output)") == 1
