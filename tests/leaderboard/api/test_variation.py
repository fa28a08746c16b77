"""Non-determinism reports over the API: the latest of each model, cached by digest."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.models import VariationReport
from tests.factories import plain_entries, submit, sums_board

LIST = "/boards/sums/variation"
MODEL = {"model": "polly", "wrong_every": 2}


@pytest.fixture
def report(work):
    """The report of a model decoded in two ways."""
    board = sums_board()
    submit(board, MODEL)
    submit(board, MODEL, strategy="temperature", decoding={"temperature": 0.7}, samples=3)
    work()
    return VariationReport.objects.get()


def newer(report: VariationReport) -> VariationReport:
    return VariationReport.objects.create(
        board=report.board, model=report.model, digest="f" * 64, details=report.details | {"prompts": 7}
    )


def test_the_list_has_the_model_and_the_digest(get, report):
    body = get(LIST).json()
    assert body["board"] == "sums"
    (item,) = body["items"]
    assert (item["model"], item["model_id"], item["digest"]) == ("polly", report.model_id, report.digest)
    assert set(item) == {"model", "model_id", "digest", "created_at"}


def test_a_report_has_the_details_as_stored(get, report):
    body = get(f"{LIST}/{report.model_id}").json()
    assert body["details"] == report.details
    assert (body["board"], body["model"], body["digest"]) == ("sums", "polly", report.digest)


def test_only_the_latest_report_of_a_model_is_shown(get, report):
    latest = newer(report)
    assert [item["digest"] for item in get(LIST).json()["items"]] == [latest.digest]
    assert get(f"{LIST}/{report.model_id}").json()["details"]["prompts"] == 7


def test_the_etag_of_a_report_is_its_digest_and_gives_304(get, report):
    path = f"{LIST}/{report.model_id}"
    assert get(path)["ETag"] == f'"{report.digest}"'
    again = get(path, **{"if-none-match": f'"{report.digest}"'})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", f'"{report.digest}"')
    newer(report)
    assert get(path, **{"if-none-match": f'"{report.digest}"'}).status_code == 200


def test_the_etag_of_the_list_changes_with_a_new_report(get, report):
    etag = get(LIST)["ETag"]
    assert get(LIST, **{"if-none-match": f"W/{etag}"}).status_code == 304
    newer(report)
    assert get(LIST, **{"if-none-match": etag}).status_code == 200


def test_a_board_without_a_report_has_an_empty_list(get):
    sums_board()
    assert get(LIST).json() == {"board": "sums", "items": []}


@pytest.mark.parametrize("path", ["/boards/nowhere/variation", "/boards/nowhere/variation/1"])
def test_an_unknown_board_is_a_problem(get, fault, path):
    fault(get(path), 404)


@pytest.mark.parametrize("model", ["0", "9" * 40])
def test_a_model_without_a_report_is_a_problem(get, fault, report, model):
    assert "no report" in fault(get(f"{LIST}/{model}"), 404)["detail"]


def test_the_number_of_queries_does_not_grow(get, report):
    counts = []
    for entries in (plain_entries(1), plain_entries(5)):
        for entry in entries:
            VariationReport.objects.get_or_create(board=report.board, model=entry.model, digest="e" * 64)
        with CaptureQueriesContext(connection) as seen:
            assert len(get(LIST).json()["items"]) == len(entries) + 1
        counts.append(len(seen))
    assert counts[0] == counts[1]
