"""The form of a sweep, its page, and the list of a board: a bad value first."""

from __future__ import annotations

import pytest

from leaderboard.models import Sweep, User
from leaderboard.services import pipeline, sweeps
from leaderboard.services.grids import Grid
from tests.factories import sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot", "bell")]
GOOD = {
    "board": "sums",
    "generator": "parrot",
    "title": "Heat",
    "arms": "greedy\n\nmin-p temperature=1,2 min_p=0.05,0.1\n",
    "shared": "max_new_tokens=16",
    "samples": "2",
    "seeds": "1, 2",
    "tune": "0.5",
    "baseline": "",
    "system": "",
    "model-model": "polly",
    "model-wrong_every": "2",
}
GRIDS = (Grid("greedy", {}), Grid("temperature", {"temperature": [0.5, 1]}))


@pytest.fixture(autouse=True)
def board(bell):
    return sums_board()


def declare(user=None, **more):
    fields = {"board": "sums", "generator": "parrot", "model": {"model": "polly"}, "arms": GRIDS, "samples": 2}
    return sweeps.submit(sweeps.Request(**{**fields, **more}), user=user)[0]


def test_one_must_sign_in(client):
    answer = client.get("/sweeps/new/?board=sums")
    assert answer["Location"].startswith("/sign-in/?next=/sweeps/new/")


def test_the_form_begins_with_an_example_that_can_be_estimated(ada):
    page = ada.get("/sweeps/new/?board=sums&generator=parrot")
    form = page.context["form"]
    given = {name: form[name].value() for name in form.fields}
    body = ada.post("/sweeps/new/", {**{k: v for k, v in given.items() if v is not None}, "action": "estimate"})
    assert body.status_code == 200 and 'value="start"' in body.content.decode()


def test_estimate_then_start(ada, user):
    body = ada.post("/sweeps/new/", {**GOOD, "action": "estimate"}).content.decode()
    assert "102 (6 prompts)" in body and "1632 at most" in body and "not known" in body
    assert "<li>T 2 · min-p 0.05</li>" in body
    assert not Sweep.objects.exists()
    sent = {**GOOD, "action": "start", "key": "once"}
    first, second = ada.post("/sweeps/new/", sent), ada.post("/sweeps/new/", sent)
    stored = Sweep.objects.get()
    assert first["Location"] == second["Location"] == f"/sweeps/{stored.pk}/"
    assert (stored.user, stored.title, stored.seeds, len(stored.arms)) == (user, "Heat", [1, 2], 5)
    assert ada.post("/sweeps/new/", {**sent, "seeds": "2"}).status_code == 409


@pytest.mark.parametrize("action", ["estimate", "start"])
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("arms", "", ["required"]),
        ("arms", "greedy\nmin-p min_p 0.1", ["Line 2", "name=value"]),
        ("arms", "greedy\n\nmin-p temperature=1,hot", ["Line 3, temperature, value 2", "number"]),
        ("arms", "grredy", ["Line 1", "Did you mean"]),
        ("arms", "temperature temperature=" + ",".join(str(i / 64) for i in range(101)), ["101 arms"]),
        ("shared", "max_new_tokens", ["name=value"]),
        ("shared", "max_new_tokens=0", ["max_new_tokens", "greater than or equal to 1"]),
        ("samples", "40", ["more than 64"]),
        ("seeds", "1, x", ["'x'"]),
        ("tune", "1", ["below 1"]),
        ("tune", "much", ["Enter a number"]),
        ("baseline", "beam", ["'greedy'"]),
        ("model-wrong_every", "x", ["whole number"]),
        ("board", "nowhere", ["valid choice"]),
    ],
)
def test_a_bad_value_is_told_at_its_field(ada, action, field, value, words):
    answer = ada.post("/sweeps/new/", {**GOOD, field: value, "action": action})
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert list(errors) == [field]
    for word in words:
        assert word in " ".join(answer.context["form"].errors[field])
    assert not Sweep.objects.exists()


def test_the_page_shows_every_arm_and_the_one_chosen_on_tune_prompts(client, work):
    sweep = declare(model={"model": "polly", "wrong_every": 2})
    page = f"/sweeps/{sweep.pk}/"
    assert "An arm is chosen once all have ended." in client.get(page).content.decode()
    work()
    body = client.get(page).content.decode()
    for label in ("greedy", "T 0.5", "T 1"):
        assert label in body
    assert body.count('class="chosen"') == 1 and "honest score" in body and "hx-trigger" not in body
    assert f"/sweeps/{sweep.pk}/" in client.get(f"/submissions/{sweep.submissions.get(arm=1).pk}/").content.decode()
    assert "/boards/sums/sweeps/" in client.get("/boards/sums/").content.decode()
    assert page in client.get("/boards/sums/sweeps/").content.decode()


def test_failed_and_cancelled_arms_stay_on_the_page(client, ada, user, work, settings):
    settings.MAX_ATTEMPTS = 1
    sweep = declare(user, model={"model": "polly", "fails_on": "3+3"})
    pipeline.plan_sweep(sweep)
    page = f"/sweeps/{sweep.pk}/"
    other = User.objects.create_user("eve")
    ada.force_login(other)
    assert ada.post(page, {"action": "cancel"}).status_code == 403
    ada.force_login(user)
    from leaderboard.services import submissions

    submissions.cancel(sweep.submissions.get(arm=2))
    work()
    body = ada.get(page).content.decode()
    assert body.count("<tr") == 1 + 3 and "Cancelled" in body and "cannot add 3+3" in body
    assert "No arm could be chosen" in body and 'value="retry"' in body
    assert ada.post(page, {"action": "retry"}).status_code == 302
    assert ada.post(page, {"action": "cancel"}).status_code == 302
    assert set(sweep.submissions.values_list("state", flat=True)) == {"cancelled"}


def test_a_list_of_many_takes_no_more_queries_than_of_one(client):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for title in ("one", "two"):
        declare(title=title)
        with CaptureQueriesContext(connection) as seen:
            assert title in client.get("/boards/sums/sweeps/").content.decode()
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_nothing_there(client):
    assert client.get("/sweeps/00000000-0000-0000-0000-000000000000/").status_code == 404
    assert client.get("/boards/none/sweeps/").status_code == 404
    assert "No sweep of this board yet" in client.get("/boards/sums/sweeps/").content.decode()
