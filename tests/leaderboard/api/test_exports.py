"""Exports over the API: streamed, cached by the facts, private about voters."""

from __future__ import annotations

import io
import json
import zipfile
from typing import get_args

import pytest

from leaderboard.api.exports import FormatName
from leaderboard.benchmarks.exchange.formats import FORMATS
from leaderboard.contracts.values import Outcome
from leaderboard.models import Judgment
from tests.factories import fact_board


@pytest.fixture
def made():
    board = fact_board(["x", "y"], {"k1": "", "k2": ""}, baseline="x", counts_votes=True)
    board.verdict("x", "y", "k1", 0.25)
    board.vote("x", "y", "k2", Outcome.BOTH_BAD, voter="user:1")
    return board


def body(response):
    return b"".join(response.streaming_content)


def test_the_api_knows_every_format():
    assert get_args(FormatName) == tuple(FORMATS)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_is_streamed_under_a_name_and_an_etag(get, made, name):
    response = get(f"/boards/facts/export?format={name}")
    form = FORMATS[name]
    assert response.streaming
    assert response["Content-Type"] == form.media
    assert response["Content-Disposition"] == f'attachment; filename="facts-{name}.{form.suffix}"'
    data = body(response)
    if form.suffix == "zip":
        assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    assert data
    assert b"user:1" not in data
    again = get(f"/boards/facts/export?format={name}", if_none_match=response["ETag"])
    assert (again.status_code, again["ETag"]) == (304, response["ETag"])


def test_the_etag_changes_with_a_fact_and_between_formats(get, made):
    def etag(name, more=""):
        return get(f"/boards/facts/export?format={name}{more}")["ETag"]

    tags = {etag("jsonl"), etag("csv"), etag("preferences"), etag("preferences", "&min_margin=0.5")}
    made.verdict("x", "y", "k2", None)
    tags |= {etag("jsonl")}
    made.vote("y", "x", "k1", Outcome.A, voter="user:2")
    tags |= {etag("jsonl")}
    made.answer("x", "k1", "more", sample=1)
    assert len(tags | {etag("jsonl")}) == 7


def test_the_rows_are_the_facts(get, made):
    rows = [json.loads(line) for line in body(get("/boards/facts/export?format=jsonl")).splitlines()]
    judgment = Judgment.objects.get()
    assert (rows[0]["credit"], rows[0]["swapped"], rows[0]["state"]) == (judgment.credit_a, judgment.swapped, "scored")
    assert [row["judge"] for row in rows] == [judgment.judge.name, "people"]
    assert rows[1]["evidence"] == {"outcome": "both_bad"}
    assert rows[1]["identity"] == rows[1]["provenance"]["voter"].replace("user", "")


def test_a_bad_request_says_what_to_do(get, made, fault):
    assert "jsonl" in fault(get("/boards/facts/export?format=colours"), 422)["detail"]
    assert fault(get("/boards/facts/export"), 422)["errors"][0]["parameter"] == "format"
    assert (
        fault(get("/boards/facts/export?format=preferences&min_margin=2"), 422)["errors"][0]["parameter"]
        == "min_margin"
    )
    fault(get("/boards/nowhere/export?format=jsonl"), 404)
    fact_board(["x", "y"], {"k": ""}, slug="flat")
    assert "baseline" in fault(get("/boards/flat/export?format=alpaca-eval"), 422)["detail"]
