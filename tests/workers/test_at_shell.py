"""Commands that ask models themselves: caps hold for them before each part, and what they took is counted once."""

from __future__ import annotations

import json

import pytest

from leaderboard.models import Budget, Hold, Job, Judgment
from leaderboard.services import budgets, catalog, prices
from tests.judges.loopback import LengthJudge, serve
from tests.leaderboard.commands.test_commands import run
from tests.workers.answering import SENT, WRITTEN, Answering, endpoint
from tests.workers.judged import board_of
from workers import tasks
from workers.at_shell import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick", "bell")]
PAIRS = 5
USED = 322


@pytest.fixture
def judge_server(monkeypatch):
    with serve(LengthJudge()) as server:
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        yield server


@pytest.fixture
def server(monkeypatch):
    with serve(Answering()) as server:
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        yield server


def params(server):
    return ["generator=openai", f"generator_params={json.dumps(endpoint(server.url, 'judge-1'))}"]


def dry_run(capsys, server, *more):
    words = ["--board", "judged", "--judge", "pairwise-llm", "--dry-run", "--params", *params(server), *more]
    return run(capsys, "judge", *words)


def attack(capsys, server, *attacks):
    named = [word for name in attacks for word in ("--attack", name)]
    words = ["pairwise-llm", "--board", "judged", "--good", "judged-first", "--weak", "judged-second", *named]
    return run(capsys, "attack_judge", *words, "--json", "--param", *params(server))


def day():
    row = Budget.objects.get(key__startswith="day:")
    return row.spent_tokens, row.spent_nano, row.held_tokens, row.held_nano


def quiet():
    """Nothing is left of the command."""
    return not Hold.objects.exists() and not Job.objects.exists()


def test_a_dry_run_is_counted_for_the_day_and_for_a_judge_that_is_known(judge_server, capsys):
    prices.set_price(pattern="judge-*", input_usd="2", output_usd="8")
    board_of(6)
    plain = catalog.judge(
        plugin="pairwise-llm", params={"generator": "openai", "generator_params": endpoint(judge_server.url, "judge-1")}
    )
    code, _, err = dry_run(capsys, judge_server)
    assert (code, err, len(judge_server.requests)) == (0, "", PAIRS)
    nano = PAIRS * (321 * 2_000 + 8_000)
    assert day() == (PAIRS * USED, nano, 0, 0)
    assert Budget.objects.get(key=f"judge:{plain.pk}").spent_nano == nano
    assert quiet() and not Judgment.objects.exists()


@pytest.mark.parametrize(
    ("cap", "told"),
    [
        ({"tokens": 0}, "The budget does not allow it: the day has 0 tokens left, one more may take "),
        ({"tokens": 2500}, "of 5 pairs fit under a cap."),
        ({"usd": 1.0}, "the day has a cap in dollars, but no price of the model is known."),
    ],
)
def test_a_dry_run_beyond_a_cap_is_one_line_and_asks_nobody(judge_server, capsys, cap, told):
    board_of(6)
    budgets.set_cap("day", **cap)
    code, out, err = dry_run(capsys, judge_server)
    assert (code, out, err.count("\n"), judge_server.requests) == (2, "", 1, [])
    assert told in err
    assert quiet()


def test_attacks_end_at_a_judges_cap_and_what_was_paid_for_is_shown(judge_server, capsys):
    board_of(6)
    code, whole, _ = attack(capsys, judge_server, "praise", "order")
    asked, most = len(judge_server.requests), 3 * 6 * 2
    assert (code in (0, 1), asked) == (True, most)
    judge = catalog.judge(
        plugin="pairwise-llm", params={"generator": "openai", "generator_params": endpoint(judge_server.url, "judge-1")}
    )
    budgets.set_cap(f"judge:{judge.pk}", tokens=15 * USED + 1000)
    code, out, err = attack(capsys, judge_server, "praise", "order")
    assert (code, err.count("\n")) == (2, 1)
    assert "The budget does not allow it: the judge has " in err
    made = len(judge_server.requests) - asked
    assert 12 <= made < most
    assert [row["name"] for row in json.loads(out)["attacks"]] == ["weak"]
    assert json.loads(out)["attacks"] == json.loads(whole)["attacks"][:1]
    assert Budget.objects.get(key=f"judge:{judge.pk}").spent_tokens == made * USED <= 15 * USED + 1000
    assert day() == ((asked + made) * USED, 0, 0, 0)
    assert quiet()


def test_a_check_of_an_endpoint_is_counted_or_refused_as_a_whole(server, capsys):
    prices.set_price(pattern="writer-*", input_usd="1", output_usd="4")
    words = ["check_endpoint", "--base-url", server.url, "--model", "writer-1", "--json"]
    budgets.set_cap("day", tokens=500)
    code, out, err = run(capsys, *words)
    assert (code, out, err.count("\n"), server.requests) == (2, "", 1, [])
    assert "The budget does not allow it: the day has 500 tokens left" in err
    budgets.set_cap("day", tokens=10**6)
    code, out, err = run(capsys, *words)
    assert (code, err) == (0, "")
    calls = len(server.requests)
    assert day() == (calls * (SENT + WRITTEN), calls * (SENT * 1_000 + WRITTEN * 4_000), 0, 0)
    assert quiet()


def test_a_check_by_a_worker_waits_for_budget(server, django_user_model):
    from leaderboard.models import EndpointCheck
    from leaderboard.services import endpoints

    staff = django_user_model.objects.create_user("eve", is_staff=True)
    budgets.set_cap("day", tokens=500)
    job = endpoints.ask(params={"base_url": server.url, "model": "writer-1"}, user=staff)
    tasks.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, server.requests) == ("ready", 0, [])
    assert job.error.startswith("Waiting for budget: the day has 500 tokens left")
    budgets.set_cap("day", tokens=10**6)
    tasks.run(job.pk)
    assert EndpointCheck.objects.count() == 1
    assert day()[0] == len(server.requests) * (SENT + WRITTEN)


def test_what_a_killed_command_held_back_ends_with_its_lease_and_nothing_is_counted(judge_server, capsys):
    board_of(6)
    budgets.set_cap("day", tokens=10**6)
    with pytest.raises(KeyboardInterrupt), at_once("judge") as lease:
        budgets.hold(lease.job, budgets.purses(lease.job), [budgets.Most(1000, 0)])
        left = Job.objects.values().get()
        raise KeyboardInterrupt
    assert quiet()
    # As a kill leaves it: the row, and the hold.
    killed = Job.objects.create(**{**left, "lease_until": "2000-01-01T00:00:00Z"})
    budgets.hold(killed, budgets.purses(killed), [budgets.Most(1000, 0)])
    assert day() == (0, 0, 1000, 0)
    tasks.run(killed.pk)
    killed.refresh_from_db()
    assert (killed.state, day()) == ("done", (0, 0, 0, 0))
    Job.objects.filter(pk=killed.pk).update(state="running", lease_until="2000-01-01T00:00:00Z")
    killed.refresh_from_db()
    budgets.hold(killed, budgets.purses(killed), [budgets.Most(1000, 0)])
    code, _, err = dry_run(capsys, judge_server)  # the next command does the same where no worker runs
    assert (code, err) == (0, "")
    assert day() == (PAIRS * USED, 0, 0, 0)
    assert quiet()
