"""/metrics: off without a token, closed to all without it, true numbers, and a fixed number of queries."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from leaderboard.contracts.values import Outcome
from leaderboard.models import Board, Budget, Job, QuarantineDecision
from tests.factories import fact_board

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "a-long-random-token"
KEYS = {f"k{i}": "" for i in range(4)}


@pytest.fixture
def facts():
    made = fact_board(["x", "y"], KEYS, counts_votes=True)
    made.vote("x", "y", "k0", Outcome.A)
    made.vote("x", "y", "k1", Outcome.TIE)
    made.verdict("x", "y", "k0", 1.0)
    made.verdict("x", "y", "k1", None)
    return made


@pytest.fixture
def scrape(client, settings):
    settings.METRICS_TOKEN = TOKEN

    def read():
        answer = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200 and answer["Content-Type"].startswith("text/plain; version=0.0.4")
        families = text_string_to_metric_families(answer.content.decode())
        return {
            (one.name.removeprefix("touchstone_"), *one.labels.values()): one.value
            for family in families
            for one in family.samples
        }

    return read


def test_there_is_nothing_without_a_token(client):
    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": f"bearer{TOKEN}é"}])
def test_nobody_reads_it_without_the_token(client, settings, headers):
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers=headers)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert b"touchstone" not in answer.content
    assert client.post("/metrics").status_code == 405


def test_the_numbers_are_those_of_the_tables(facts, scrape):
    judge, board = facts.judges[0], facts.board
    old = "2000-01-01T00:00:00Z"
    Job.objects.create(key="a", kind="judge", queue="judge", state="failed")
    Job.objects.create(key="b", kind="judge", queue="judge", state="ready", error="Waiting.", not_before=old)
    Job.objects.create(key="c", kind="plan", queue="default", state="ready", not_before="2999-01-01T00:00:00Z")
    Budget.objects.create(key=f"judge:{judge.pk}", spent_nano=1_500_000_000, spent_tokens=70)
    Budget.objects.create(key="day:2000-01-01", spent_nano=5)
    Budget.objects.create(key="day:2999-01-01", spent_nano=2_000_000_000, spent_tokens=9)
    Budget.objects.create(key="day", cap_tokens=10)
    for voter, held in (("user:1", True), ("user:2", True), ("user:2", False)):
        QuarantineDecision.objects.create(board=board, voter=voter, quarantined=held, reason="Because.")
    QuarantineDecision.objects.create(board=None, voter="user:3", quarantined=True, reason="Because.")
    Board.objects.filter(pk=board.pk).update(wanted=5, built=3)
    found = scrape()
    assert (found["jobs", "judge", "failed"], found["jobs", "judge", "ready"], found["jobs", "plan", "ready"]) == (
        1,
        1,
        1,
    )
    assert found["jobs_waiting", "judge"] == 1
    assert found["queue_age_seconds", "judge"] > 10**8 and ("queue_age_seconds", "default") not in found
    assert (found["votes_total", "facts", "a"], found["votes_total", "facts", "tie"]) == (1, 1)
    assert (found["judgments_total", judge.name, "scored"], found["judgments_total", judge.name, "unparsed"]) == (1, 1)
    assert (found["quarantined_voters", "facts"], found["quarantined_voters", "*"]) == (1, 1)
    assert (found["judge_spend_usd_total", judge.name], found["judge_spend_tokens_total", judge.name]) == (1.5, 70)
    assert (found["day_spend_usd", "2999-01-01"], found["day_spend_tokens", "2999-01-01"]) == (2.0, 9)
    assert ("day_spend_usd", "2000-01-01") not in found
    assert (found["refresh_requests", "facts"], found["refresh_lag_seconds", "facts"]) == (2, 0)


def test_a_snapshot_that_is_behind_has_an_age(facts, scrape):
    from leaderboard.models import BoardSnapshot

    made = BoardSnapshot.objects.create(board=facts.board, digest="d" * 64)
    Board.objects.filter(pk=facts.board.pk).update(current=made, wanted=2, built=1)
    assert scrape()["refresh_lag_seconds", "facts"] > 0
    Board.objects.filter(pk=facts.board.pk).update(built=2)
    assert scrape()["refresh_lag_seconds", "facts"] == 0


def test_more_of_everything_takes_the_same_nine_queries(facts, scrape):
    def count():
        with CaptureQueriesContext(connection) as seen:
            scrape()
        return len(seen)

    before = count()
    for number in range(3):
        more = fact_board(["x", "y"], KEYS, slug=f"more-{number}", judges=2, counts_votes=True)
        more.vote("x", "y", "k0", Outcome.A)
        more.verdict("x", "y", "k0", 1.0, judge=1)
        Budget.objects.create(key=f"judge:{more.judges[1].pk + 100 * number}")
        Job.objects.create(key=f"j{number}", kind="judge", queue=f"q{number}", state="ready")
    assert count() == before == 9
