from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from leaderboard.models import ApiToken, Job, Submission
from tests.factories import submit, sums_board

BODY = {"board": "sums", "generator": "parrot", "model": {"model": "right"}, "strategy": "greedy"}


def pointers(body):
    return [error["pointer"] for error in body["errors"]]


@pytest.fixture
def board():
    return sums_board()


def test_a_submission_is_made_and_followed(post, get, board, user, work):
    response = post("/submissions", BODY)
    assert response.status_code == 201
    made = response.json()
    assert response["Location"] == f"/api/v1/submissions/{made['id']}"
    assert Submission.objects.get(pk=made["id"]).user == user
    assert (made["state"], made["entry"], made["stages"]["outputs"]) == (
        "queued",
        "right-greedy",
        {"made": 0, "wanted": 6, "unasked": 0},
    )
    work()
    done = get(f"/submissions/{made['id']}").json()
    assert (done["state"], done["stages"]["outputs"]["made"]) == ("done", 6)
    jobs = done["stages"]["jobs"]
    assert (jobs["done"], jobs["failed"], jobs["errors"]) == (jobs["total"], 0, [])


def test_an_estimate_stores_nothing(post, board):
    response = post("/submissions/estimate", {**BODY, "decoding": {"max_new_tokens": 10}})
    size = response.json()
    assert (size["prompts"], size["outputs"], size["output_tokens"], size["comparisons"]) == (6, 6, 60, 0)
    assert (size["generation"]["calls"], size["generation"]["usd"], size["usd"]) == (6, None, None)
    assert "No price of right is known" in " ".join(size["assumed"])
    assert not Submission.objects.exists()


@pytest.mark.parametrize("path", ["/submissions", "/submissions/estimate"])
def test_every_fault_is_told_with_its_pointer(post, board, fault, path):
    wrong = {**BODY, "board": "none", "strategy": "temperature", "decoding": {"temperature": "hot"}, "samples": 0}
    assert set(pointers(fault(post(path, wrong), 422))) == {"#/board", "#/samples", "#/decoding/temperature"}
    assert pointers(fault(post(path, {**BODY, "decoding": {"a/b~ c": 1}}), 422)) == ["#/decoding/a~1b~0%20c"]
    assert pointers(fault(post(path, {**BODY, "model": {"no": 1}}), 422)) == ["#/model/no"]
    assert pointers(fault(post(path, {**BODY, "generator": "parot"}), 422)) == ["#/generator"]
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"samples": "1"}, "#/samples"),
        ({"samples": True}, "#/samples"),
        ({"seed": 1.0}, "#/seed"),
        ({"seed": -1}, "#/seed"),
        ({"seed": 10**30}, "#/seed"),
        ({"model": []}, "#/model"),
        ({"colour": "red"}, "#/colour"),
        ({"system": "x" * 8001}, "#/system"),
        ({"system": "a\x00b"}, "#/system"),
        ({"board": "a\x00b"}, "#/board"),
        ({"strategy": None}, "#/strategy"),
        ({"model": {"model": "a\x00"}}, "#/model/model"),
        ({"model": {"model": ["\ud800"]}}, "#/model/model/0"),
        ({"model": {"a\x00": 1}}, "#/model/a%00"),
    ],
)
def test_a_wrong_field_is_told(post, board, fault, change, where):
    assert where in pointers(fault(post("/submissions", {**BODY, **change}), 422))


def test_a_surrogate_in_a_plain_field_is_told(post, board, fault):
    text = '{"board": "sums", "generator": "parrot", "model": {}, "strategy": "greedy", "system": "\\ud800"}'
    assert pointers(fault(post("/submissions", text), 422)) == ["#/system"]


def test_missing_fields_and_an_empty_body_are_told(post, board, fault):
    assert pointers(fault(post("/submissions", {"board": "sums"}), 422)) == ["#/generator", "#/model", "#/strategy"]
    fault(post("/submissions", ""), 422)
    fault(post("/submissions", "[1]"), 422)
    fault(post("/submissions", "null"), 422)


@pytest.mark.parametrize("text", ["{", "nonsense", "[" * 100_000, b"\xff", '{"seed": ' + "9" * 5000 + "}"])
def test_what_is_not_json_is_a_400(post, fault, text):
    fault(post("/submissions", text), 400)


@pytest.mark.parametrize("inner", ['{"a":' * 200 + "1" + "}" * 200, '{"a": 1e999}', '{"a": NaN}'])
def test_numbers_and_depth_beyond_bounds_are_refused(post, board, fault, inner):
    text = '{"board": "sums", "generator": "parrot", "strategy": "greedy", "model": ' + inner + "}"
    fault(post("/submissions", text), 422)


def test_a_large_body_is_refused(post, settings, fault):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    fault(post("/submissions", {**BODY, "system": "x" * 2000}), 413)


def test_the_same_key_gives_the_first_submission(post, board, fault):
    first = post("/submissions", BODY, idempotency_key="k1")
    again = post("/submissions", BODY, idempotency_key="k1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    fault(post("/submissions", {**BODY, "seed": 5}, idempotency_key="k1"), 409)
    assert Submission.objects.count() == 1
    assert [e["parameter"] for e in fault(post("/submissions", BODY, idempotency_key="k" * 121), 422)["errors"]] == [
        "Idempotency-Key"
    ]


def test_keys_belong_to_their_user(post, board, django_user_model, token_of):
    other = token_of(django_user_model.objects.create_user("bob"))
    made = {post("/submissions", BODY, idempotency_key="k").json()["id"]}
    made.add(post("/submissions", BODY, token=other, idempotency_key="k").json()["id"])
    assert len(made) == 2


NONE = "00000000-0000-0000-0000-000000000000"
WRITES = ["/submissions", "/submissions/estimate", f"/submissions/{NONE}/cancel", f"/submissions/{NONE}/retry"]


@pytest.mark.parametrize("path", WRITES)
def test_writing_needs_a_good_token(post, board, fault, path, user, token_of):
    response = post(path, BODY, token="")
    fault(response, 401)
    assert response["WWW-Authenticate"] == 'Bearer realm="touchstone"'
    expired, revoked = token_of(user), token_of(user)
    gone, late = ApiToken.objects.order_by("-pk")[:2]
    ApiToken.objects.filter(pk=late.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    ApiToken.objects.filter(pk=gone.pk).update(revoked_at=timezone.now())
    for token in ("wrong", expired, revoked):
        response = post(path, BODY, token=token)
        fault(response, 401)
        assert 'error="invalid_token"' in response["WWW-Authenticate"]
    assert not Submission.objects.exists()


def test_a_session_cookie_is_no_token(client, user, fault):
    client.force_login(user)
    fault(client.post("/api/v1/submissions", BODY, content_type="application/json"), 401)


def test_cancel_by_owner_and_staff_only(post, board, fault, django_user_model, token_of):
    made = post("/submissions", BODY).json()
    other = django_user_model.objects.create_user("bob")
    token = token_of(other)
    for step in ("cancel", "retry"):
        fault(post(f"/submissions/{made['id']}/{step}", token=token), 403)
        fault(post(f"/submissions/{NONE}/{step}", token=token), 404)
    assert Submission.objects.get().state == "queued"
    django_user_model.objects.filter(pk=other.pk).update(is_staff=True)
    assert post(f"/submissions/{made['id']}/cancel", token=token).json()["state"] == "cancelled"
    assert post(f"/submissions/{made['id']}/cancel").json()["state"] == "cancelled"
    fault(post(f"/submissions/{made['id']}/retry"), 409)


def test_a_finished_submission_cannot_be_cancelled(post, board, fault, work):
    made = post("/submissions", BODY).json()
    work()
    fault(post(f"/submissions/{made['id']}/cancel"), 409)


def test_nobodys_submission_is_for_staff(post, board, fault):
    fault(post(f"/submissions/{submit(board, {}).pk}/cancel"), 403)


def test_what_failed_is_shown_and_tried_again(post, get, board):
    made = post("/submissions", BODY).json()
    Job.objects.filter(submission=made["id"]).update(state="failed", error="cannot add 1+1")
    Submission.objects.filter(pk=made["id"]).update(state="failed", error="1 job failed")
    shown = get(f"/submissions/{made['id']}").json()
    assert shown["error"] == "1 job failed"
    assert shown["stages"]["jobs"] == {"done": 0, "total": 1, "failed": 1, "errors": ["cannot add 1+1"]}
    again = post(f"/submissions/{made['id']}/retry")
    assert (again.status_code, again.json()["state"], again.json()["stages"]["jobs"]["failed"]) == (
        200,
        "generating",
        0,
    )


def test_too_many_writes_are_slowed(post, board, fault):
    answers = [post("/submissions/estimate", BODY) for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {200}
    fault(answers[-1], 429)
    assert int(answers[-1]["Retry-After"]) > 0
