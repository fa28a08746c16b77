"""The submit form and the page of a submission."""

from __future__ import annotations

import pytest

from leaderboard.models import Job, Submission, User
from tests.factories import submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot", "bell")]

GOOD = {
    "board": "sums",
    "generator": "parrot",
    "strategy": "temperature",
    "samples": "2",
    "seeds": "1",
    "system": "",
    "model-model": "polly",
    "model-wrong_every": "0",
    "decoding-temperature": "0.7",
    "decoding-max_new_tokens": "32",
}


@pytest.fixture(autouse=True)
def empty_board(bell):
    return sums_board()


def test_one_must_sign_in(client):
    answer = client.get("/submit/?board=sums")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=/submit/")


def test_the_form_asks_for_the_settings_of_what_is_chosen(ada):
    body = ada.get("/submit/?board=sums&generator=parrot&strategy=min-p").content.decode()
    assert 'name="decoding-min_p"' in body and "Drop tokens less likely" in body and 'name="model-wrong_every"' in body
    body = ada.post("/submit/", {**GOOD, "action": "settings", "strategy": "top-k"}).content.decode()
    assert 'name="decoding-k"' in body and 'name="decoding-min_p"' not in body
    assert 'value="polly"' in body


def test_estimate_then_submit(ada, user):
    body = ada.post("/submit/", {**GOOD, "action": "estimate"}).content.decode()
    assert "12 (6 prompts)" in body and "384 at most" in body and 'value="submit"' in body
    assert not Submission.objects.exists()
    sent = {**GOOD, "action": "submit", "key": "once"}
    first, second = ada.post("/submit/", sent), ada.post("/submit/", sent)
    stored = Submission.objects.get()
    assert first["Location"] == second["Location"] == f"/submissions/{stored.pk}/"
    assert (stored.user, stored.samples, stored.entry.decoding.params["temperature"]) == (user, 2, 0.7)
    assert ada.post("/submit/", {**sent, "seeds": "2"}).status_code == 409


@pytest.mark.parametrize("action", ["estimate", "submit"])
@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("decoding-temperature", "-1", "greater than or equal to 0"),
        ("decoding-temperature", "warm", "Enter a number"),
        ("decoding-max_new_tokens", "0", "greater than or equal to 1"),
        ("decoding-repetition_penalty", "0", "greater than 0"),
        ("samples", "0", "greater than or equal to 1"),
        ("samples", "65", "less than or equal to 64"),
        ("seeds", "-1", "whole numbers"),
        ("seeds", str(2**63), "2^63"),
        ("seeds", "1, 1", "once"),
        ("board", "nowhere", "valid choice"),
        ("strategy", "min-q", "valid choice"),
        ("model-wrong_every", "x", "whole number"),
    ],
)
def test_a_bad_value_is_told_at_its_field(ada, action, field, value, word):
    answer = ada.post("/submit/", {**GOOD, field: value, "action": action})
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert list(errors) == [field]
    assert word in str(errors[field])
    assert not Submission.objects.exists()


def test_greedy_with_two_samples_is_told_at_samples(ada):
    answer = ada.post("/submit/", {**GOOD, "strategy": "greedy", "action": "estimate"})
    assert list(answer.context["form"].errors) == ["samples"]


def test_its_owner_can_cancel_and_others_cannot(ada, client, user, empty_board):
    stored = submit(empty_board, {})
    page = f"/submissions/{stored.pk}/"
    assert ada.post(page, {"action": "cancel"}).status_code == 403
    Submission.objects.filter(pk=stored.pk).update(user=user)
    assert b'value="cancel"' in ada.get(page).content
    assert ada.post(page, {"action": "cancel"}).status_code == 302
    stored.refresh_from_db()
    assert stored.state == "cancelled"
    ada.post(page, {"action": "retry"})
    assert b"Nothing failed here" in ada.get(page).content
    client.force_login(User.objects.create_user("bob"))
    assert client.post(page, {"action": "cancel"}).status_code == 403


def test_what_failed_can_be_tried_again(ada, user, work, empty_board):
    stored = submit(empty_board, {"fails_on": "3+3"})
    Submission.objects.filter(pk=stored.pk).update(user=user)
    work()
    page = f"/submissions/{stored.pk}/"
    body = ada.get(page).content.decode()
    assert "Done in part" in body and "cannot add 3+3" in body and 'value="retry"' in body
    ada.post(page, {"action": "retry"})
    stored.refresh_from_db()
    assert not stored.ended
    assert Job.objects.filter(submission=stored, state="ready").exists()
