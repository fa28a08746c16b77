"""Judging against a server that misbehaves: each comparison ends judged once, or in a failed job that says why."""

from __future__ import annotations

import threading

import pytest

from leaderboard.models import Job, Judgment
from leaderboard.services import jobs
from tests.workers.judged import ask, board_of, expected, failed_jobs, judge_at, stored, submission_of
from tests.workers.rough_server import GOOD, Way, serve

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]
PROMPTS = 40


def every(nth: int, way: Way):
    """Answers every nth call in this way and the others well."""
    return lambda number, key: way if number % nth == 0 else GOOD


@pytest.fixture
def judged(work, monkeypatch):
    """Judges PROMPTS comparisons in both orders; the board, for what is stored."""

    def judged(server, prompts=PROMPTS, **params):
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        board = board_of(prompts)
        ask(board, judge_at(server.url, **params), orders=(False, True))
        work()
        return board

    return judged


BOTH = expected(PROMPTS, (False, True))


@pytest.mark.parametrize(
    "way",
    [
        Way(429, {"Retry-After": "0"}, b"{}"),
        Way(500, {}, b"boom"),
        Way(503, {}, b""),
        Way(408, {}, b""),
        Way(200, {}, b"<html>not json</html>"),
        Way(200, {}, b"{}"),
        Way(200, {}, b'{"choices": [{"message": {"content": 7}}], "usage": null}'),
        Way(200, {}, b'{"choices": [{"message": {"content": "m"}, "logprobs": {"content": [{"top_logprobs": [3]}]}}]}'),
        Way(200, {}, b'{"choices": [{"message"'),
        Way(half=True),
        Way(reset=True),
    ],
    ids=["429", "500", "503", "408", "html", "no-choices", "wrong-type", "wrong-logprobs", "half-json", "cut", "reset"],
)
def test_what_passes_is_tried_again_and_everything_is_judged_once(judged, way):
    with serve(every(3, way)) as server:
        board = judged(server)
    assert stored(board) == BOTH
    assert failed_jobs() == []
    assert set(server.good.values()) == {1}


def test_an_answer_that_never_ends_is_cut_and_asked_for_again(judged):
    with serve(every(9, Way(drip=0.2))) as server:
        board = judged(server, timeout_seconds=0.5)
    assert stored(board) == BOTH


def test_a_server_that_says_nothing_is_given_up_and_asked_again(judged):
    with serve(every(9, Way(wait=3.0))) as server:
        board = judged(server, timeout_seconds=0.5)
    assert stored(board) == BOTH


def test_a_huge_answer_is_not_read_and_its_comparison_fails_alone(judged, monkeypatch):
    from workers.generators import http_transport

    monkeypatch.setattr(http_transport, "MAX_ANSWER_BYTES", 10_000)
    chosen: list[str] = []

    def way(number: int, key: str) -> Way:
        if number == 0:
            chosen.append(key)
        return Way(body=b"x" * 50_000) if key in chosen else GOOD

    with serve(way) as server:
        board = judged(server)
    assert len(stored(board)) == 2 * PROMPTS - 1
    ((items, error),) = failed_jobs()
    assert items == 1
    assert "longer than 10,000 bytes" in error


def test_a_comparison_that_the_server_refuses_fails_alone_and_says_why(judged):
    chosen: list[str] = []

    def way(number: int, key: str) -> Way:
        if number == 5:
            chosen.append(key)
        return Way(400, {}, b'{"error": {"message": "context too long"}}') if key in chosen else GOOD

    with serve(way) as server:
        board = judged(server)
    assert len(stored(board)) == 2 * PROMPTS - 1
    assert failed_jobs() == [(1, "CallFailed: The server answered 400: context too long")]
    assert set(server.good.values()) == {1}
    # Once in its chunk, once alone: an answer that would be the same is not asked for over and over.
    assert server.calls[chosen[0]] == 2


@pytest.mark.parametrize(
    "usage", ['{"prompt_tokens": 1e30}', '{"prompt_tokens": Infinity}'], ids=["too-many", "infinitely-many"]
)
def test_figures_that_cannot_be_stored_fail_alone_and_nothing_else_is_paid_twice(judged, usage):
    chosen: list[str] = []
    body = f'{{"choices": [{{"message": {{"content": "m"}}, "logprobs": null}}], "usage": {usage}}}'.encode()

    def way(number: int, key: str) -> Way:
        if number == 5:
            chosen.append(key)
        return Way(body=body) if key in chosen else GOOD

    with serve(way) as server:
        board = judged(server, attempts=1)
    assert len(stored(board)) == 2 * PROMPTS - 1
    assert failed_jobs() == [(1, "CallFailed: The server's answer has members of a wrong type.")]
    assert set(server.good.values()) == {1}


def test_words_of_a_server_that_no_database_stores_are_mended_in_the_reason(judged):
    body = b'{"error": {"message": "\\u0000 \\ud800 is wrong"}}'
    with serve(lambda number, key: Way(400, {}, body)) as server:
        board = judged(server, prompts=1)
    assert stored(board) == {}
    assert failed_jobs() == [(1, "CallFailed: The server answered 400: \ufffd \ufffd is wrong")] * 2


def test_a_comparison_that_is_always_garbage_fails_alone_after_a_bounded_number_of_calls(judged):
    chosen: list[str] = []

    def way(number: int, key: str) -> Way:
        if number == 5:
            chosen.append(key)
        return Way(body=b'{"choices": ') if key in chosen else GOOD

    with serve(way) as server:
        board = judged(server)
    assert len(stored(board)) == 2 * PROMPTS - 1
    assert failed_jobs() == [(1, "CallFailed: The server's answer is not JSON.")]
    assert set(server.good.values()) == {1}
    # 4 attempts, in 3 tries of the chunk and 3 of the job of its own.
    assert server.calls[chosen[0]] == 24


def test_a_key_that_is_refused_fails_the_chunk_at_once_with_one_reason(judged):
    with serve(lambda number, key: Way(401, {}, b'{"error": {"message": "no such key"}}')) as server:
        board = judged(server)
    assert stored(board) == {}
    assert [items for items, _ in failed_jobs()] == [PROMPTS, PROMPTS]
    assert all("no such key" in error for _, error in failed_jobs())
    assert set(server.calls.values()) == {1}


def test_a_storm_of_429_holds_back_every_call_and_the_limit_is_found(judged):
    capacity = 3

    def way(number: int, key: str) -> Way:
        busy = server.in_flight > capacity
        return Way(429, {"Retry-After": "0.05"}, b"{}") if busy else Way(wait=0.02)

    with serve(way) as server:
        board = judged(server, concurrency=32, attempts=20)
    assert stored(board) == BOTH
    assert set(server.good.values()) == {1}


def test_nobody_calls_before_the_time_that_the_server_asked_for(judged):
    with serve(lambda number, key: Way(429, {"Retry-After": "1"}, b"{}") if number == 0 else GOOD) as server:
        board = judged(server, concurrency=1)
    assert stored(board) == BOTH
    assert server.times[1] - server.times[0] >= 1.0


def test_a_judge_that_fails_for_everything_leaves_no_verdict_and_no_tie(judged):
    with serve(lambda number, key: Way(500, {}, b"boom")) as server:
        board = judged(server, prompts=4, attempts=1)
    assert stored(board) == {}
    assert [items for items, _ in failed_jobs()] == [1] * 8


def test_a_cancelled_job_calls_no_more_and_keeps_what_it_has(bell, monkeypatch, settings):
    from workers.tasks import run

    settings.HEARTBEAT_SECONDS = 0.05
    reached = threading.Event()

    def way(number: int, key: str) -> Way:
        if number >= 10:
            reached.set()
        return Way(wait=0.1)

    with serve(way) as server:
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        board = board_of(200)
        submission = submission_of(board)
        ask(board, judge_at(server.url, concurrency=4), submission)
        job = Job.objects.get()

        def cancel() -> None:
            reached.wait(20)
            jobs.cancel_open(submission.pk)

        helper = threading.Thread(target=_closing(cancel))
        helper.start()
        run(job.pk)
        helper.join()
        calls = server.calls.total()
    assert 10 <= calls < 200
    assert calls - 4 <= Judgment.objects.count() <= calls
    assert Job.objects.get().state == "cancelled"


def _closing(act):
    from django.db import connection

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    return run


def test_verdicts_are_stored_before_the_last_one_is_there(bell, monkeypatch):
    """While one call hangs, a second reader sees all others."""
    from workers.tasks import run

    free, seen = threading.Event(), []

    with serve(lambda number, key: Way(until=free) if number == 0 else GOOD) as server:
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        board = board_of(PROMPTS)
        ask(board, judge_at(server.url))
        from leaderboard.services import facts

        store = facts.add_judgments

        def counting(rows):
            store(rows)
            seen.append(Judgment.objects.count())
            if seen[-1] == PROMPTS - 1:
                free.set()

        monkeypatch.setattr(facts, "add_judgments", counting)
        run(Job.objects.get().pk)
    assert PROMPTS - 1 in seen
    assert seen[-1] == PROMPTS
