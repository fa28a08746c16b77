"""The pages on which staff try a judge and give it to a board."""

from __future__ import annotations

import uuid

import pytest

from leaderboard.models import Job, JudgeTrial
from leaderboard.services import trials

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]


@pytest.fixture
def board(right_and_wrong):
    return right_and_wrong


@pytest.fixture
def eve(django_user_model):
    return django_user_model.objects.create_user("eve", is_staff=True)


@pytest.fixture
def staff(client, eve):
    client.force_login(eve)
    return client


def trial_of(board, rows=1, **more):
    row = {
        "prompt": "sum-1",
        "a": "x",
        "b": "y",
        "swapped": True,
        "messages": [{"role": "user", "content": "<<code question>>"}],
        "state": "unparsed",
        "credit_a": None,
        "raw": "<script>alert(1)</script>",
        "evidence": {},
        "prompt_tokens": 7,
        "output_tokens": 1,
        "seconds": 0.1,
        "cost_usd": None,
        **more,
    }
    return JudgeTrial.objects.create(board=board, plugin="reference", params={}, rows=[row] * rows)


@pytest.mark.parametrize("address", ["/judges/new/", f"/judges/trials/{uuid.UUID(int=1)}/"])
def test_the_pages_are_for_staff(client, django_user_model, address):
    assert client.get(address).status_code == 302
    client.force_login(django_user_model.objects.create_user("bob"))
    assert client.get(address).status_code == 403
    assert client.post(address, {"board": "sums", "judge": "reference", "action": "try"}).status_code == 403


def test_without_a_board_the_page_says_so(staff):
    assert "There is no board yet" in staff.get("/judges/new/").content.decode()


def test_the_settings_are_those_of_the_judge_that_is_chosen(staff, board):
    first = staff.get("/judges/new/").content.decode()
    assert "params-slot_names" in first
    chosen = staff.post("/judges/new/", {"board": "sums", "judge": "custom", "action": "settings"}).content.decode()
    assert '<textarea name="params-user"' in chosen
    assert "params-marker" not in chosen


def test_a_fault_is_on_its_field(staff, board):
    fields = {"params-generator": "openai", "params-slot_names": "random", "params-reply": "scale"}
    more = {"params-user": "Which is better?", "params-max_new_tokens": "10", "params-tries": "1"}
    answer = staff.post("/judges/new/", {"board": "sums", "judge": "custom", "action": "try", **fields, **more})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="id_params-user_error"' in text
    assert "The text lacks {{first}}." in text
    assert "Which is better?" in text
    assert not Job.objects.filter(kind="trial").exists()


def test_a_trial_is_asked_for_awaited_and_shown(staff, board, work):
    answer = staff.post("/judges/new/", {"board": "sums", "judge": "reference", "action": "try"})
    assert answer.status_code == 302
    waiting = staff.get(answer.url).content.decode()
    assert "A worker is putting five pairs to the judge." in waiting
    assert 'hx-trigger="every 2s"' in waiting
    work()
    text = staff.get(answer.url).content.decode()
    assert text.count("only a right") + text.count("only b right") >= 5
    assert "every 2s" not in text
    assert "This judge sends nothing to a model." in text


def test_a_trial_that_failed_says_why(staff):
    pk = uuid.uuid4()
    Job.objects.create(key=trials.key_of(pk), kind="trial", queue="judge", state="failed", error="server <b>down")
    text = staff.get(f"/judges/trials/{pk}/").content.decode()
    assert "The judge could not be tried." in text
    assert "server &lt;b&gt;down" in text
    assert staff.get(f"/judges/trials/{uuid.uuid4()}/").status_code == 404


def test_what_a_judge_says_is_shown_as_text(staff, board):
    text = staff.get(f"/judges/trials/{trial_of(board).pk}/").content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "&lt;&lt;code question&gt;&gt;" in text
    assert "unparsed" in text


def test_the_board_takes_the_judge(staff, board):
    trial = trial_of(board)
    bad = staff.post(f"/judges/trials/{trial.pk}/", {"name": "two words"})
    assert bad.status_code == 422
    assert "Use 1 to 60 letters" in bad.content.decode()
    board.judges.clear()
    answer = staff.post(f"/judges/trials/{trial.pk}/", {"name": ""}, follow=True)
    assert answer.redirect_chain == [("/boards/sums/", 302)]
    assert "reference judges Sums now: 0 verdicts are asked for." in answer.content.decode()
    assert list(board.judges.values_list("plugin", flat=True)) == ["reference"]


def test_a_trials_page_runs_the_same_queries_for_one_pair_and_for_five(staff, board, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for rows in (1, 5):
        trial = trial_of(board, rows)
        with CaptureQueriesContext(connection) as seen:
            staff.get(f"/judges/trials/{trial.pk}/")
        counts.append(len(seen))
    assert counts[0] == counts[1]
