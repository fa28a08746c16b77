"""Caps on what models behind endpoints write: checked before each part, shown while it waits, raised to go on."""

from __future__ import annotations

import pytest

from leaderboard.models import Budget, Hold, Job, Output
from leaderboard.models.budgets import NANO
from leaderboard.queries.submissions import progress
from leaderboard.services import budgets, prices, submissions, sweeps, trials
from leaderboard.services.grids import Grid
from tests.factories import sums_board
from tests.judges.loopback import LengthJudge, serve
from tests.workers.answering import SENT, USED, WRITTEN, Answering, endpoint, request_at
from tests.workers.judged import board_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick", "bell")]
PROMPTS = 6
COST = SENT * 1_000 + WRITTEN * 4_000
"""Billionths of a dollar of each output, at $1 and $4 a million."""


@pytest.fixture
def server(monkeypatch):
    with serve(Answering()) as server:
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        yield server


@pytest.fixture
def once():
    """Run every job that is due, once."""

    def once():
        from workers.tasks import run

        for job in Job.objects.filter(state="ready").order_by("pk"):
            run(job.pk)

    return once


def spent(key: str) -> tuple[int, int, int, int]:
    row = Budget.objects.get(key=key)
    return row.spent_tokens, row.spent_nano, row.held_tokens, row.held_nano


def submit(server, **more):
    return submissions.submit(request_at(server.url, **more), user=None)[0]


def test_outputs_of_an_endpoint_are_priced_and_counted(server, work):
    prices.set_price(pattern="writer-*", input_usd="1", output_usd="4")
    made = submit(server) if sums_board(PROMPTS) else None
    work()
    assert set(Output.objects.values_list("cost_usd", flat=True)) == {COST / NANO}
    assert spent(f"submission:{made.pk}") == (PROMPTS * USED, PROMPTS * COST, 0, 0)


def test_a_model_in_the_worker_spends_nothing_and_needs_no_budget(parrot, work):
    budgets.set_cap("day", tokens=0, usd=0)
    board = sums_board(PROMPTS)
    submissions.submit(
        submissions.Request(board=board.slug, generator="parrot", model={}, strategy="greedy"), user=None
    )
    work()
    assert Output.objects.count() == PROMPTS
    assert not Budget.objects.filter(spent_tokens__gt=0).exists()


@pytest.mark.parametrize("purse", ["submission", "day"])
def test_at_a_cap_generation_waits_with_a_reason_and_goes_on_when_it_is_raised(server, once, work, client, purse):
    sums_board(PROMPTS)
    made = submit(server)
    key = f"submission:{made.pk}" if purse == "submission" else "day"
    budgets.set_cap(key, tokens=150)
    once(), once()
    calls = len(server.requests)
    assert 0 < Output.objects.count() == calls < PROMPTS
    job = Job.objects.get(kind="generate")
    assert (job.state, job.attempts) == ("ready", 0)
    assert progress(made).waiting == job.error
    assert "tokens left" in job.error
    assert "Waiting for budget" in client.get(f"/submissions/{made.pk}/").content.decode()
    budgets.set_cap(key, tokens=10**6)
    work()
    assert Output.objects.count() == PROMPTS == len(server.requests)
    made.refresh_from_db()
    assert made.state == "done"
    assert not Hold.objects.exists()


def test_a_cap_in_dollars_without_a_price_calls_nobody_and_says_why(server, once):
    sums_board(PROMPTS)
    made = submit(server, max_usd=5.0)
    once(), once()
    assert server.requests == []
    assert "no price of the model is known" in progress(made).waiting


def sweep_of(server, **more):
    request = sweeps.Request(
        board="sums",
        generator="openai",
        model=endpoint(server.url),
        arms=[Grid("greedy", {}), Grid("temperature", {"temperature": [0.5, 1.0]})],
        decoding={"max_new_tokens": 16},
        **more,
    )
    return sweeps.submit(request, user=None)[0]


def test_a_sweep_holds_its_own_cap_over_all_arms(server, once, work, client):
    sums_board(PROMPTS)
    sweep = sweep_of(server, max_tokens=250)
    once(), once()
    made = Output.objects.count()
    assert 0 < made < 3 * PROMPTS
    assert spent(f"sweep:{sweep.pk}")[0] == made * USED <= 250
    page = client.get(f"/sweeps/{sweep.pk}/").content.decode()
    assert "Waiting for budget: this sweep has" in page
    told = client.get(f"/api/v1/sweeps/{sweep.pk}").json()
    assert told["waiting"].startswith("Waiting for budget: this sweep has")
    assert (told["spend"]["tokens"], told["spend"]["max_tokens"]) == (made * USED, 250)
    budgets.set_cap(f"sweep:{sweep.pk}", tokens=10**6)
    work()
    assert Output.objects.count() == 3 * PROMPTS == len(server.requests)
    each = {spent(f"submission:{arm.pk}")[0] for arm in sweep.submissions.all()}
    assert each == {PROMPTS * USED}


def test_an_arm_without_budget_does_not_hold_up_the_others(server, once, client):
    sums_board(PROMPTS)
    sweep = sweep_of(server)
    poor = sweep.submissions.get(arm=0)
    budgets.set_cap(f"submission:{poor.pk}", tokens=0)
    once(), once()
    assert Output.objects.filter(entry=poor.entry).count() == 0
    assert Output.objects.count() == 2 * PROMPTS == len(server.requests)
    assert "this submission has 0 tokens left" in client.get(f"/submissions/{poor.pk}/").content.decode()


@pytest.fixture
def judge_server(monkeypatch):
    with serve(LengthJudge()) as server:
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        yield server


def test_a_trial_asks_for_its_budget_before_anything_is_sent(judge_server, once, client, django_user_model):
    staff = django_user_model.objects.create_user("eve", is_staff=True)
    board = board_of(PROMPTS)
    budgets.set_cap("day", tokens=500)
    params = {"generator": "openai", "generator_params": endpoint(judge_server.url, "judge-1")}
    trial = trials.ask(board=board.slug, plugin="pairwise-llm", params=params, user=staff)
    once()
    job = Job.objects.get(kind="trial")
    assert (job.state, judge_server.requests) == ("ready", [])
    assert job.error.startswith("Waiting for budget: ")
    client.force_login(staff)
    assert "Waiting for budget" in client.get(f"/judges/trials/{trial}/").content.decode()
    budgets.set_cap("day", tokens=10**6)
    once()
    assert Job.objects.get(kind="trial").state == "done"
    assert Budget.objects.get(key__startswith="day:").spent_tokens == trials.PAIRS * 322


def test_canaries_wait_for_budget_and_go_on(judge_server, once):
    from leaderboard.models import Judgment
    from leaderboard.services import canaries
    from tests.workers.judged import ask, judge_at

    board = board_of(PROMPTS)
    judge = judge_at(judge_server.url)
    ask(board, judge)
    once()
    asked = len(judge_server.requests)
    before = Budget.objects.get(key=f"judge:{judge.pk}").spent_tokens
    budgets.set_cap(f"judge:{judge.pk}", tokens=before + 1000)
    canaries.enqueue(board=board.slug, judge=judge.name)
    once()
    again = Judgment.objects.filter(repeat__gte=Judgment.CANARIES)
    job = Job.objects.get(kind="canary")
    assert job.error.startswith("Waiting for budget: the judge has ")
    assert len(judge_server.requests) - asked == again.count() < PROMPTS
    budgets.set_cap(f"judge:{judge.pk}", tokens=10**6)
    once()
    assert again.count() == PROMPTS == len(judge_server.requests) - asked
    assert Budget.objects.get(key=f"judge:{judge.pk}").spent_tokens == before + PROMPTS * 322
