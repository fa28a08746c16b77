"""Audits of judges over the API: the latest of each judge and board, cached by digest."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.models import JudgeAudit
from leaderboard.services import catalog
from tests.factories import submit, sums_board


@pytest.fixture
def audit(work):
    board = sums_board()
    for model in ({"model": "good"}, {"model": "bad", "wrong_every": 2}):
        submit(board, model)
    work()
    return JudgeAudit.objects.get()


def test_the_list_names_each_judge_with_its_audits(get, audit):
    catalog.imported_judge(name="idle")
    idle, own = get("/judges").json()["items"]
    assert (idle["name"], idle["audits"]) == ("idle", [])
    assert (own["name"], own["fingerprint"]) == ("reference", audit.judge.fingerprint)
    assert [(one["board"], one["digest"]) for one in own["audits"]] == [("sums", audit.digest)]


def test_the_list_runs_two_queries_however_many_judges_there_are(get, audit):
    for i in range(4):
        judge = catalog.imported_judge(name=f"judge-{i}")
        JudgeAudit.objects.create(judge=judge, board=audit.board, digest="f" * 64, details=audit.details)
    with CaptureQueriesContext(connection) as seen:
        assert len(get("/judges").json()["items"]) == 5
    assert len(seen) == 2


def test_an_audit_has_the_details_as_stored_and_the_latest_counts(get, audit):
    body = get("/judges/reference/audit").json()
    assert (body["judge"], body["board"], body["digest"], body["details"]) == (
        "reference",
        "sums",
        audit.digest,
        audit.details,
    )
    JudgeAudit.objects.create(judge=audit.judge, board=audit.board, digest="e" * 64, details=audit.details)
    assert get("/judges/reference/audit?board=sums").json()["digest"] == "e" * 64


def test_the_etag_is_the_digest_and_gives_304(get, audit):
    assert get("/judges/reference/audit")["ETag"] == f'"{audit.digest}"'
    again = get("/judges/reference/audit", **{"if-none-match": f'"{audit.digest}"'})
    assert (again.status_code, again.content) == (304, b"")


def test_a_name_with_dots_and_slashes_is_found(get, audit):
    judge = catalog.imported_judge(name="lab/judge-3.5")
    JudgeAudit.objects.create(judge=judge, board=audit.board, digest="f" * 64, details=audit.details)
    assert get("/judges/lab/judge-3.5/audit").json()["judge"] == "lab/judge-3.5"


@pytest.mark.parametrize(
    "path",
    ["/judges/nobody/audit", "/judges/reference/audit?board=nosuch", "/judges/idle/audit", "/judges/a%00b/audit"],
)
def test_what_is_not_there_is_a_problem(get, audit, path):
    catalog.imported_judge(name="idle")
    answer = get(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
