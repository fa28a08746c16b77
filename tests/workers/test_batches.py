"""Judging through a Batch API: everything is judged once and paid once, whatever the endpoint does."""

from __future__ import annotations

import pytest

from leaderboard.models import BatchCall, BatchOrder, Comparison, Hold, Job, Judge, Judgment, Submission
from leaderboard.models.budgets import NANO
from leaderboard.services import budgets, prices, submissions
from tests.workers.batch_server import USUAL, serve
from tests.workers.judged import ask, board_of, expected, failed_jobs, judge_at, stored, submission_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bell")]
PROMPTS = 12
COST = (321 * 2_000 + 8_000) // 2
"""Billionths of a dollar of each call in a batch, at $2 and $8 a million and half of that."""


@pytest.fixture
def server(monkeypatch):
    with serve() as server:
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        yield server


@pytest.fixture
def once():
    """Run every job that is ready, once, as if its time had come."""
    from workers.tasks import run

    def once(times: int = 1) -> None:
        for _ in range(times):
            for job in Job.objects.filter(state="ready"):
                Job.objects.filter(pk=job.pk).update(not_before="2000-01-01T00:00:00Z")
                run(job.pk)

    return once


def start(server, prompts=PROMPTS, orders=(False,)):
    board = board_of(prompts)
    submission = submission_of(board)
    ask(board, judge_at(server.url, batch=True), submission, orders)
    return board, submission


def most_tokens(board):
    """Of one verdict."""
    from leaderboard.contracts import registry
    from leaderboard.queries.turns import Talks
    from workers.judging import pair_of

    judge = Judge.objects.get()
    plugin = registry.judges.build(judge.plugin, judge.params)
    found = Comparison.objects.filter(prompt__benchmark=board.benchmark)
    pairs = [pair_of(one, False, Talks([])) for one in found]
    return max(sum(plugin.most_tokens(pair)) for pair in pairs)


def judged_and_paid_once(server, board, orders=(False,)):
    assert stored(board) == expected(PROMPTS, orders)
    assert failed_jobs() == []
    assert set(server.billed.values()) == {1}
    assert server.live == 0
    assert not BatchCall.objects.exists()


def test_both_orders_are_judged_in_batches_while_no_worker_waits(server, once):
    board, submission = start(server, orders=(False, True))
    once()
    waiting = Job.objects.filter(kind=Job.Kind.JUDGE)
    assert {(job.state, job.attempts) for job in waiting} == {("ready", 0)}
    assert {job.error for job in waiting} == {f"Waiting for the batch: 0 of {PROMPTS} done."}
    once(len(USUAL))
    judged_and_paid_once(server, board, (False, True))
    assert server.calls["POST /batches"] == 2
    submission.refresh_from_db()
    assert submission.state == Submission.State.DONE


def test_the_calls_are_those_that_would_have_been_made_at_once(server, once):
    board, _ = start(server)
    once(1 + len(USUAL))
    batched = Judgment.objects.get(comparison__prompt__key="p3", judge__params__generator_params__batch=True)
    ask(board, judge_at(server.url))
    once()
    live = Judgment.objects.exclude(judge=batched.judge).get(comparison__prompt__key="p3")
    assert (live.credit_a, live.evidence, live.prompt_tokens) == (
        batched.credit_a,
        batched.evidence,
        batched.prompt_tokens,
    )
    assert server.live == PROMPTS


@pytest.mark.parametrize("script", [("validating", "expired"), ("in_progress", "cancelled"), ("validating", "failed")])
def test_calls_without_an_answer_are_ordered_again(server, once, script):
    server.scripts = [script]
    board, _ = start(server)
    once(3 + len(USUAL))
    judged_and_paid_once(server, board)
    assert server.calls["POST /batches"] == 2
    first, second = BatchOrder.objects.order_by("pk")
    answered = 0 if script[-1] == "failed" else PROMPTS // 2
    assert (first.status, first.done, second.status) == (script[-1], answered, "completed")
    assert len(server.lines(server.batches["batch_1"].input)) == PROMPTS - answered


@pytest.mark.parametrize("spoilt", [(500, {"error": {"message": "boom"}}), (429, {}), (200, {"choices": []}), "none"])
def test_lines_that_may_pass_are_ordered_again(server, once, spoilt):
    server.spoil = lambda batch, line: spoilt if batch == 0 and line % 3 == 0 else None
    board, _ = start(server)
    once(10)
    judged_and_paid_once(server, board)
    assert len(server.lines(server.batches["batch_1"].input)) == PROMPTS // 3


def test_a_call_that_is_refused_fails_alone_and_says_why(server, once):
    server.spoil = lambda batch, line: (400, {"error": {"message": "too long"}}) if line == 2 else None
    board, submission = start(server)
    once(3 + len(USUAL))
    assert len(stored(board)) == PROMPTS - 1
    [(items, error)] = failed_jobs()
    assert items == 1
    assert "1 of 1 batched calls failed. The first: The server answered 400: too long" in error
    assert server.calls["POST /batches"] == 1
    submission.refresh_from_db()
    assert submission.state == Submission.State.PARTIAL


def test_a_call_that_never_comes_fails_after_three_batches_and_can_be_tried_again(server, once):
    server.spoil = lambda batch, line: (500, {}) if batch < 3 and line == 0 else None
    board, submission = start(server, prompts=1)
    once(20)
    assert stored(board) == {}
    assert server.calls["POST /batches"] == 3
    submission.refresh_from_db()
    submissions.retry(submission)
    once(10)
    assert stored(board) == expected(1)


@pytest.mark.parametrize(
    "fault",
    [(500, b"boom"), (429, b"{}"), (200, b'{"id": "batch_0", "stat'), (200, b"[]"), (200, b'{"id": 1}')],
    ids=["500", "429", "half", "list", "wrong"],
)
@pytest.mark.parametrize("at", ["GET /batches", "POST /files", "GET /files", "POST /batches"])
def test_a_step_that_fails_is_looked_at_later(server, once, fault, at):
    method, place = at.split()

    def failing(verb, path, number):
        return fault if verb == method and path.startswith(place) and number == 0 else None

    server.fault = failing
    board, _ = start(server)
    once(8 + len(USUAL))
    judged_and_paid_once(server, board)


def test_a_batch_that_was_made_without_our_hearing_of_it_is_found(server, once):
    """The server makes the batch, but its answer is lost."""
    real, lost = server.answer, []

    def deaf(method, path, body, content_type):
        found = real(method, path, body, content_type)
        if method == "POST" and path == "/v1/batches" and not lost:
            lost.append(found)
            return b"{"
        return found

    server.answer = deaf
    board, _ = start(server)
    once(3 + len(USUAL))
    judged_and_paid_once(server, board)
    assert len(server.batches) == 1


def test_files_that_tell_less_than_is_counted_are_read_again(server, once):
    server.halved = 1
    board, _ = start(server)
    once(3 + len(USUAL))
    judged_and_paid_once(server, board)
    assert len(server.batches) == 1
    assert BatchOrder.objects.get().reads == 1


def test_large_files_are_split(server, once, monkeypatch):
    from workers.generators import batch_api

    monkeypatch.setattr(batch_api, "MOST_CALLS", 5)
    board, _ = start(server)
    once(1 + len(USUAL))
    judged_and_paid_once(server, board)
    assert [len(server.lines(batch.input)) for batch in server.batches.values()] == [5, 5, 2]


def test_a_cancelled_submission_ends_its_batch_and_pays_for_what_was_answered(server, once):
    prices.set_price(pattern="judge-*", input_usd="2", output_usd="8")
    board, submission = start(server)
    budgets.set_cap(f"submission:{submission.pk}", usd=1)
    once(2)
    assert Hold.objects.count() == 1
    submissions.cancel(submission)
    assert not Hold.objects.exists()
    once(3)
    assert server.batches["batch_0"].status == "cancelled"
    assert stored(board) == {}
    assert Job.objects.get(kind=Job.Kind.CLOSE).state == Job.State.DONE
    row = budgets.Budget.objects.get(key=f"submission:{submission.pk}")
    assert (row.spent_nano, row.held_nano) == (PROMPTS // 2 * COST, 0)
    assert not BatchCall.objects.exists()


def test_a_batch_costs_the_factor_of_the_price_and_is_held_back_for_while_it_runs(server, once):
    prices.set_price(pattern="judge-*", input_usd="2", output_usd="8")
    board, submission = start(server)
    key = f"submission:{submission.pk}"
    budgets.set_cap(key, usd=1)
    once(2)
    row = budgets.Budget.objects.get(key=key)
    assert row.held_nano == Hold.objects.get().nano > PROMPTS * COST
    once(len(USUAL))
    judged_and_paid_once(server, board)
    row.refresh_from_db()
    assert (row.spent_nano, row.held_nano) == (PROMPTS * COST, 0)
    assert {one.cost_usd for one in Judgment.objects.all()} == {COST / NANO}


def test_nothing_is_ordered_that_no_cap_allows(server, once):
    board, submission = start(server)
    budgets.set_cap(f"submission:{submission.pk}", tokens=10)
    once(3)
    assert server.calls.total() == 0
    assert Job.objects.get(kind=Job.Kind.JUDGE).error.startswith(budgets.WAITING)
    budgets.set_cap(f"submission:{submission.pk}", tokens=10**9)
    once(1 + len(USUAL))
    judged_and_paid_once(server, board)


def test_a_cap_lets_a_part_be_ordered_and_the_rest_after_it(server, once):
    board, submission = start(server)
    key = f"submission:{submission.pk}"
    budgets.set_cap(key, tokens=6 * most_tokens(board))
    once(1 + len(USUAL))
    assert 4 <= len(stored(board)) < PROMPTS
    budgets.set_cap(key, tokens=10**9)
    once(10)
    judged_and_paid_once(server, board)
    assert server.calls["POST /batches"] > 1


def test_a_worker_that_lost_the_job_orders_nothing(server, once):
    board, _ = start(server)
    real = server.answer

    def cancelling(method, path, body, content_type):
        if path == "/v1/files":
            Job.objects.filter(kind=Job.Kind.JUDGE).update(state=Job.State.CANCELLED)
        return real(method, path, body, content_type)

    server.answer = cancelling
    once()
    assert server.batches == {}
    assert stored(board) == {}


def test_the_submission_tells_how_far_its_batch_is(server, once, client):
    board, submission = start(server)
    once(2)
    BatchOrder.objects.update(done=5)
    page = client.get(f"/submissions/{submission.pk}/", follow=True).content.decode()
    assert f"Waiting for the batch, 5 of {PROMPTS} done." in page
    told = client.get(f"/api/v1/submissions/{submission.pk}").json()
    assert told["batch"] == {"done": 5, "failed": 0, "total": PROMPTS, "trouble": ""}
    server.fault = lambda method, path, number: (500, b"boom")
    once()
    page = client.get(f"/submissions/{submission.pk}/", follow=True).content.decode()
    assert "It could not be looked at last: The server answered 500: boom" in page
    server.fault = lambda method, path, number: None
    once(len(USUAL))
    assert stored(board) == expected(PROMPTS)
    assert client.get(f"/api/v1/submissions/{submission.pk}").json()["batch"] is None
    assert "Waiting for the batch" not in client.get(f"/submissions/{submission.pk}/", follow=True).content.decode()


def test_a_rating_judge_is_asked_in_two_batches_where_a_second_try_is_needed(server, once):
    from leaderboard.services import catalog
    from tests.judges.loopback import WritingJudge, written

    board = board_of(2)
    writing, first = WritingJudge(), []

    def reply(request):
        if request["messages"][-1]["content"] not in first:
            first.append(request["messages"][-1]["content"])
            return written(request, "I cannot say.")
        return writing.reply(request)

    server.judge.reply = reply
    model = {"base_url": server.url, "model": "judge-1", "batch": True}
    params = {"generator": "openai", "generator_params": model, "tries": 2}
    ask(board, catalog.judge(plugin="mt-bench-single", params=params), submission_of(board))
    once(2 + 2 * len(USUAL))
    assert {state for state, _ in stored(board).values()} == {"scored"}
    assert [len(server.lines(batch.input)) for batch in server.batches.values()] == [4, 4]
    assert set(server.billed.values()) == {1}


def test_a_jury_waits_with_all_its_members_or_with_none(server, once):
    from leaderboard.contracts import registry
    from leaderboard.contracts.params import InvalidInput

    def member(**more):
        model = {"base_url": server.url, "model": "judge-1", **more}
        return {"judge": "pairwise-llm", "settings": {"generator": "openai", "generator_params": model}}

    with pytest.raises(InvalidInput, match="Either all members"):
        registry.judges.build("jury", {"members": [member(), member(batch=True)]})
    jury = registry.judges.build("jury", {"members": [member(batch=True), {"judge": "reference"}]})
    assert jury.may_wait
