"""Jobs of a judge that was added later: staff see on the board why they failed, and have them done again."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.contracts import registry
from leaderboard.contracts.params import Params
from leaderboard.contracts.values import Verdict, VerdictState
from leaderboard.models import Job, Judgment
from leaderboard.services import trials
from tests.factories import sums_board

pytestmark = pytest.mark.django_db(transaction=True)


class Moody:
    """A judge that is out of order until it is mended."""

    name = "moody"
    version = "1"
    title = "Moody"
    both_orders = False
    Params = Params
    broken = True

    def __init__(self, params):
        self.params = params

    def judge(self, pairs):
        for pair in pairs:
            if type(self).broken:
                raise RuntimeError("the judge is <out> of order")
            yield Verdict(pair.key, VerdictState.SCORED, 1.0)

    def provenance(self):
        return {"judge": self.name}


@pytest.fixture
def moody(board, work, monkeypatch, settings):
    settings.MAX_ATTEMPTS = 1
    monkeypatch.setattr(Moody, "broken", True)
    with registry.judges.override(Moody):
        trials.add_to_board(board=board, plugin="moody", params={})
        work()
        yield board


@pytest.fixture
def staff(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("eve", is_staff=True))
    return client


def page(client):
    return client.get("/boards/sums/").content.decode()


def failed():
    return Job.objects.filter(state="failed", submission=None)


def test_staff_see_why_and_have_it_done_again(moody, staff, work, monkeypatch):
    assert failed().count() > 0
    text = page(staff)
    assert "the judge is &lt;out&gt; of order" in text and '<td translate="no">moody</td>' in text
    monkeypatch.setattr(Moody, "broken", False)
    one = failed().first()
    assert staff.post("/boards/sums/jobs/retry/", {"job": one.pk})["Location"] == "/boards/sums/"
    one.refresh_from_db()
    assert (one.state, one.attempts, one.error) == ("ready", 0, "")
    assert "Trying 1 failed job again." in page(staff)
    staff.post("/boards/sums/jobs/retry/")
    work()
    assert not failed().exists()
    assert Judgment.objects.filter(judge__name="moody").count() == 6
    assert "belongs to no submission" not in page(staff)
    staff.post("/boards/sums/jobs/retry/")
    assert "Nothing failed here" in page(staff)


def test_nobody_else_sees_them_or_can_do_anything(moody, client, user):
    for _ in range(2):
        assert "out of order" not in page(client).replace("&lt;out&gt;", "out")
        assert client.post("/boards/sums/jobs/retry/").status_code == 403
        client.force_login(user)
    assert failed().exists()


def test_another_boards_jobs_are_not_shown(moody, staff):
    sums_board(slug="other", version="2")
    assert "belongs to no submission" not in staff.get("/boards/other/").content.decode()
    staff.post("/boards/other/jobs/retry/")
    assert failed().exists()


def test_a_waiting_job_is_shown_with_its_reason_and_changes_the_etag(moody, staff):
    before = staff.get("/boards/sums/")["ETag"]
    Job.objects.filter(pk=failed().first().pk).update(state="ready", error="Waiting for budget: the day is over.")
    answer = staff.get("/boards/sums/", headers={"if-none-match": before})
    assert answer.status_code == 200
    assert "Waiting for budget: the day is over." in answer.content.decode()


def test_one_or_many_jobs_take_the_same_queries(moody, staff):
    def count():
        with CaptureQueriesContext(connection) as seen:
            page(staff)
        return len(seen)

    page(staff)
    many = count()
    failed().exclude(pk=failed().first().pk).delete()
    assert count() == many
