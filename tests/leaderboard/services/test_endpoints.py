"""Checks of endpoints: who may ask, what a worker keeps, and what submissions make of it."""

import pytest

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import EndpointCheck, Job
from leaderboard.models.facts import FactError
from leaderboard.services import endpoints, submissions
from tests.factories import request_for, sums_board
from workers import checking
from workers.generators.endpoint_check import Finding
from workers.generators.errors import GenerationFailed

pytestmark = pytest.mark.django_db(transaction=True)
URL = "http://server/v1"
NAMED = {"base_url": f"{URL}/", "model": "m", "api_key": "env:TOUCHSTONE_KEY_T"}


@pytest.fixture(autouse=True)
def approved(monkeypatch, bell):
    monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", URL)


@pytest.fixture
def staff(django_user_model):
    return django_user_model.objects.create_user("eve", is_staff=True)


@pytest.fixture
def found(monkeypatch):
    """What the next check sees; an exception is raised."""
    seen = []

    def check(generator):
        assert (generator.params.model, generator.params.api_key) == ("m", NAMED["api_key"])
        if isinstance(seen[0], Exception):
            raise seen[0]
        return tuple(seen)

    monkeypatch.setattr(checking, "check", check)
    return seen


def kept(**states):
    findings = [{"setting": name, "state": state, "evidence": f"{name} seen."} for name, state in states.items()]
    return endpoints.record(endpoint=URL, model="m", findings=findings, user_id=None)


def submit(board, strategy, decoding=None, **model):
    named = {"base_url": URL, "model": "m", **model}
    asked = request_for(board, named, generator="openai", strategy=strategy, decoding=decoding or {})
    return submissions.submit(asked, user=None)


def refused(board, strategy, decoding=None, **model):
    with pytest.raises(InvalidInput) as problem:
        submit(board, strategy, decoding, **model)
    (fault,) = problem.value.errors
    assert fault.path == ("strategy",)
    return fault.message


def test_a_worker_keeps_what_a_check_found(staff, found, work):
    job = endpoints.ask(params=NAMED, user=staff)
    assert (job.kind, job.queue, job.state) == ("check", "gpu.http", "ready")
    found += [Finding("min_p", False, "0 of 3."), Finding("top_k", True, "3\x00 of 3."), Finding("n", None, "Untold.")]
    work()
    check = EndpointCheck.objects.get()
    assert (check.endpoint, check.model, check.user) == (URL, "m", staff)
    assert [(one["setting"], one["state"]) for one in check.findings] == [
        ("min_p", "ignored"),
        ("top_k", "acts"),
        ("n", "unknown"),
    ]
    assert "\x00" not in check.findings[1]["evidence"]
    assert Job.objects.get(pk=job.pk).state == "done"


def test_a_server_that_is_away_keeps_nothing_and_says_why(staff, found, work, settings):
    settings.MAX_ATTEMPTS = 1
    found += [GenerationFailed("The server answered 503.")]
    job = endpoints.ask(params=NAMED, user=staff)
    work()
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "GenerationFailed: The server answered 503.")
    assert not EndpointCheck.objects.exists()


def test_only_staff_may_ask(staff, django_user_model):
    with pytest.raises(PermissionError):
        endpoints.ask(params=NAMED, user=django_user_model.objects.create_user("bob"))
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"base_url": "http://elsewhere/v1"}, ("base_url",)),
        ({"base_url": ""}, ("base_url",)),
        ({"model": ""}, ("model",)),
        ({"api_key": "sk-planted"}, ("api_key",)),
    ],
)
def test_what_cannot_be_checked_is_told_at_its_field(staff, change, path):
    with pytest.raises(InvalidInput) as problem:
        endpoints.ask(params={**NAMED, **change}, user=staff)
    assert [fault.path for fault in problem.value.errors] == [path]
    assert "sk-planted" not in str(problem.value)
    assert not Job.objects.exists()


def test_one_check_of_an_endpoint_at_a_time(staff, found, work):
    endpoints.ask(params=NAMED, user=staff)
    with pytest.raises(submissions.Conflict, match="under way"):
        endpoints.ask(params={**NAMED, "base_url": URL}, user=staff)
    endpoints.ask(params={**NAMED, "model": "other"}, user=staff)
    Job.objects.filter(payload__model="other").delete()
    found += [Finding("n", None, "Untold.")]
    work()
    endpoints.ask(params=NAMED, user=staff)
    work()
    assert EndpointCheck.objects.count() == 2


def test_a_check_is_a_fact():
    check = kept(min_p="acts")
    with pytest.raises(FactError):
        check.save()
    with pytest.raises(FactError):
        EndpointCheck.objects.update(findings=[])
    with pytest.raises(FactError):
        check.delete()


def test_a_person_who_leaves_leaves_the_check(staff):
    check = endpoints.record(endpoint=URL, model="m", findings=[], user_id=staff.pk)
    staff.delete()
    assert EndpointCheck.objects.get().pk == check.pk
    assert endpoints.record(endpoint=URL, model="m", findings=[], user_id=987).user is None


def test_what_acts_need_not_be_declared():
    board = sums_board()
    assert "would ignore min_p" in refused(board, "min-p")
    kept(min_p="acts", logits="acts")
    assert submit(board, "min-p")[1]
    assert submit(board, "edt")[1]
    assert "our own loop" in refused(board, "beam")


@pytest.mark.parametrize("state", ["ignored", "refused"])
def test_what_does_not_act_is_refused_though_declared_with_the_page_and_what_runs(state):
    check = kept(min_p=state, top_p="acts")
    told = refused(sums_board(), "min-p", {"temperature": 2.0}, extra_capabilities=["min_p"])
    assert told == (
        "A check found that min_p does not act on this server. min_p: min_p seen. "
        f"See /endpoints/#check-{check.pk}. 'T 2 · top-p 0.9' would run here; or run the model with 'transformers'."
    )


def test_a_server_that_ignores_the_temperature_takes_only_greedy():
    kept(temperature="ignored")
    board = sums_board()
    assert "temperature does not act" in refused(board, "top-p")
    assert submit(board, "greedy")[1]


def test_the_newest_check_of_that_very_model_decides():
    board = sums_board()
    kept(min_p="ignored")
    endpoints.record(
        endpoint=URL, model="other", user_id=None, findings=[{"setting": "min_p", "state": "acts", "evidence": "."}]
    )
    assert "does not act" in refused(board, "min-p", extra_capabilities=["min_p"])
    kept(min_p="unknown")
    assert submit(board, "min-p", extra_capabilities=["min_p"])[1]
    assert "would ignore min_p" in refused(board, "min-p", {"temperature": 2.0})
    kept(min_p="acts")
    assert submit(board, "min-p", {"temperature": 2.0})[1]
