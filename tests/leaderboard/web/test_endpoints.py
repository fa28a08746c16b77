"""The page of endpoints: who sees what, the form, and a constant number of queries."""

from __future__ import annotations

import pytest

from leaderboard.models import Job
from leaderboard.services import endpoints

pytestmark = pytest.mark.django_db
URL = "http://server/v1"
FINDINGS = [
    {"setting": "min_p", "state": "ignored", "evidence": "0 of 3 <hot> texts."},
    {"setting": "top_k", "state": "acts", "evidence": "3 of 3."},
    {"setting": "n", "state": "unknown", "evidence": "It cannot be told."},
]


@pytest.fixture(autouse=True)
def approved(monkeypatch, bell):
    monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", URL)


@pytest.fixture
def staff(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("eve", is_staff=True))
    return client


def keep(model="m"):
    return endpoints.record(endpoint=URL, model=model, findings=FINDINGS, user_id=None)


@pytest.mark.parametrize("signed_in", [False, True])
def test_all_but_staff_read_without_a_form(client, user, signed_in):
    Job.objects.create(key="check:1", kind="check", queue="gpu.http", state="failed", error="for staff alone")
    if signed_in:
        client.force_login(user)
    text = client.get("/endpoints/").content.decode()
    assert "No endpoint has been checked." in text
    assert "Check an endpoint" not in text
    assert "for staff alone" not in text
    assert client.post("/endpoints/", {"base_url": URL, "model": "m"}).status_code == 403
    assert Job.objects.count() == 1


def test_each_newest_check_is_shown_with_its_evidence(staff):
    keep()
    check = keep()
    text = staff.get("/endpoints/").content.decode()
    assert text.count('<section id="check-') == 1
    assert f'id="check-{check.pk}"' in text
    assert "0 of 3 &lt;hot&gt; texts." in text
    assert all(sign in text for sign in (">ignored<", ">acts<", ">not known<"))


def test_staff_ask_and_see_it_waiting(staff):
    answer = staff.post("/endpoints/", {"base_url": URL, "model": "m"}, follow=True)
    assert answer.redirect_chain == [("/endpoints/", 302)]
    text = answer.content.decode()
    assert "A worker will check it." in text
    assert "waiting" in text
    assert Job.objects.get().payload["params"]["base_url"] == URL


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"base_url": "http://elsewhere/v1", "model": "m"}, "has not approved this address"),
        ({"base_url": URL, "model": ""}, "This field is required."),
        ({"base_url": URL, "model": "m", "api_key": "sk-planted"}, "never the key itself"),
    ],
)
def test_a_fault_stands_at_its_field(staff, typed, words):
    answer = staff.post("/endpoints/", typed)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert 'class="field wrong"' in answer.content.decode()
    assert not Job.objects.exists()


def test_a_second_request_meanwhile_is_told(staff):
    staff.post("/endpoints/", {"base_url": URL, "model": "m"})
    answer = staff.post("/endpoints/", {"base_url": URL, "model": "m"})
    assert answer.status_code == 422
    assert "is under way" in answer.content.decode()


def test_a_failed_check_says_why(staff):
    staff.post("/endpoints/", {"base_url": URL, "model": "m"})
    Job.objects.update(state="failed", error="GenerationFailed: The server answered 503.")
    assert "The server answered 503." in staff.get("/endpoints/").content.decode()
    keep("other")
    assert "The server answered 503." in staff.get("/endpoints/").content.decode()
    keep()
    assert "The server answered 503." not in staff.get("/endpoints/").content.decode()


def test_the_number_of_queries_does_not_grow(staff, django_assert_num_queries):
    keep()
    staff.post("/endpoints/", {"base_url": URL, "model": "m"})
    staff.get("/endpoints/")
    with django_assert_num_queries(4):
        staff.get("/endpoints/")
    for i in range(3):
        keep(f"model-{i}")
        staff.post("/endpoints/", {"base_url": URL, "model": f"model-{i}"})
    staff.get("/endpoints/")
    with django_assert_num_queries(4):
        staff.get("/endpoints/")


def test_only_staff_see_the_link(client, user, staff):
    assert 'href="/endpoints/"' in staff.get("/").content.decode()
    client.force_login(user)
    assert 'href="/endpoints/"' not in client.get("/").content.decode()
