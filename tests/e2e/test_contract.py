"""Reading the API, with sense and without: it answers what its own description says, and never with a fault of ours."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from leaderboard.services import accounts, sweeps, trials
from leaderboard.services.grids import Grid
from tests.factories import submit

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROOT = "/api/v1"
READS = (
    "/boards",
    "/boards/{slug}",
    "/boards/{slug}/standings",
    "/boards/{slug}/details",
    "/boards/{slug}/export",
    "/boards/{slug}/variation",
    "/boards/{slug}/variation/{model_id}",
    "/boards/{slug}/judgments",
    "/boards/{slug}/arena",
    "/boards/{slug}/pairing",
    "/boards/{slug}/people",
    "/entries",
    "/entries/{slug}",
    "/entries/{slug}/outputs",
    "/submissions/{submission_id}",
    "/sweeps/{sweep_id}",
    "/judges",
    "/judges/{name}/audit",
    "/plugins",
    "/endpoints",
)
SIGNED = (
    "/judge-trials/{trial}",
    "/boards/{slug}/invites",
    "/boards/{slug}/jobs",
    "/boards/{slug}/moderation/voters",
    "/boards/{slug}/moderation/decisions",
    "/boards/{slug}/moderation/health",
    "/me",
    "/me/votes",
    "/me/data",
)
"""Reads that are for staff, moderators, or the token's owner."""
NOTHING = ("/me/agreement",)
"""Reads that find nothing for who never voted."""
BOUND = (
    "/boards/{slug}/standings",
    "/boards/{slug}/export",
    "/boards/{slug}/judgments",
    "/entries",
    "/entries/{slug}/outputs",
    "/submissions/{submission_id}",
    "/sweeps/{sweep_id}",
)
"""Reads with a parameter that can be wrong in itself; any text is a name that may exist."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES, SEED = 30, 5


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """The site, loaded when first asked."""
    from leaderboard.wsgi import application as site

    return site(environ, start_response)


@pytest.fixture
def schema(board, people, work):
    """The description as it is served, of a site with something to read."""
    cache.clear()
    submit(board, {"model": "bird-0"}, strategy="temperature", decoding={"temperature": 0.7}, samples=2)
    grids = [Grid("greedy", {}), Grid("min-p", {"min_p": [0.1, 0.2]})]
    sweeps.submit(sweeps.Request(board.slug, "parrot", {"model": "bird-0"}, grids), user=None)
    work()
    return openapi.from_wsgi(f"{ROOT}/openapi.json", application)


def names_for(path: str) -> dict[str, Any]:
    """Path parameters that exist, so that not every answer is 404."""
    from leaderboard.models import Entry, JudgeTrial, Submission, Sweep, VariationReport

    if "model_id" in path:
        return {"slug": "sums", "model_id": VariationReport.objects.get().model_id}
    if "sweep_id" in path:
        return {"sweep_id": str(Sweep.objects.get().pk)}
    if "submission_id" in path:
        return {"submission_id": str(Submission.objects.first().pk)}
    if path.startswith("/judges"):
        return {"name": "reference"}
    if "trial" in path:
        return {"trial": str(JudgeTrial.objects.get().pk)}
    if path.endswith(("/arena", "/pairing")):
        return {"slug": "people"}
    slug = "sums" if path.startswith("/boards") else Entry.objects.first().slug
    return {"slug": slug} if "slug" in path else {}


def test_every_read_is_asked(schema):
    found = {result.ok().path for result in schema.get_all_operations() if result.ok().method == "get"}
    assert found == {f"{ROOT}{path}" for path in READS + SIGNED + NOTHING}


def statuses(operation: Any, names: dict[str, str], mode: GenerationMode, **headers: str) -> set[int]:
    """Ask with made-up parameters, half the time about something that exists; which answers came."""
    seen = set()

    @seed(SEED)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode), exists=st.booleans())
    def ask(case: Any, exists: bool) -> None:
        if exists:
            case.path_parameters = {**(case.path_parameters or {}), **names}
        seen.add(case.call_and_validate(checks=CHECKS, headers=headers).status_code)

    ask()
    return seen


@pytest.mark.parametrize("path", READS)
def test_a_sound_question_is_answered_as_described(schema, path):
    seen = statuses(schema[f"{ROOT}{path}"]["GET"], names_for(path), GenerationMode.POSITIVE)
    assert 200 in seen


@pytest.mark.parametrize("path", SIGNED)
def test_a_read_for_staff_is_answered_as_described(schema, work, django_user_model, path):
    eve = django_user_model.objects.create_user("eve", is_staff=True, is_superuser=True)
    trials.ask(board="sums", plugin="reference", params={}, user=eve)
    work()
    _, token = accounts.make_token(user=eve, name="test")
    operation = schema[f"{ROOT}{path}"]["GET"]
    unsigned = statuses(operation, names_for(path), GenerationMode.POSITIVE)
    assert 401 in unsigned
    assert unsigned <= {401, 404}, "a name that no address can hold is nowhere, for anyone"
    seen = statuses(operation, names_for(path), GenerationMode.POSITIVE, Authorization=f"Bearer {token}")
    assert 200 in seen


@pytest.mark.parametrize("path", NOTHING)
def test_a_read_of_nothing_is_answered_as_described(schema, django_user_model, path):
    _, token = accounts.make_token(user=django_user_model.objects.create_user("new"), name="test")
    seen = statuses(schema[f"{ROOT}{path}"]["GET"], {}, GenerationMode.POSITIVE, Authorization=f"Bearer {token}")
    assert seen == {404}


@pytest.mark.parametrize("path", BOUND)
def test_nonsense_is_refused_as_described(schema, path):
    seen = statuses(schema[f"{ROOT}{path}"]["GET"], names_for(path), GenerationMode.NEGATIVE)
    assert {status // 100 for status in seen} & {4}
