"""Which models a server says that it used, through a real server, a worker and the submission's page."""

from __future__ import annotations

import pytest

from leaderboard.models import Judgment, Output, Submission
from leaderboard.queries import served
from leaderboard.services import facts
from tests.judges.loopback import LengthJudge, serve
from tests.workers.judged import ask, board_of, judge_at, submission_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bell")]


class Renamed(LengthJudge):
    """Answers under the names of `told` in turn, where there are any."""

    told: tuple[str, ...] = ()

    def reply(self, request):
        answer = super().reply(request)
        if self.told:
            answer["model"] = self.told[(len(self.requests) - 1) % len(self.told)]
        return answer


@pytest.fixture
def judged(monkeypatch, work):
    def judged(*told):
        with serve(Renamed()) as server:
            server.told = told
            monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
            board = board_of(6)
            submission = submission_of(board)
            judge = judge_at(server.url)
            board.judges.add(judge)
            ask(board, judge, submission)
            work()
        submission.refresh_from_db()
        assert submission.state == Submission.State.DONE
        return submission

    return judged


def test_the_name_that_was_asked_for_is_no_news(judged, client):
    submission = judged("judge-1")
    assert set(Judgment.objects.values_list("evidence__returned_model", flat=True)) == {"judge-1"}
    assert served.others(submission) == []
    assert "Other models" not in client.get(f"/submissions/{submission.pk}/").content.decode()


def test_another_name_is_told_on_the_page_and_in_the_api(judged, client):
    submission = judged("judge-1-2026-01-31")
    [one] = served.others(submission)
    assert (one.requested, one.returned, one.n) == ("judge-1", "judge-1-2026-01-31", 6)
    page = client.get(f"/submissions/{submission.pk}/").content.decode()
    assert "<code>judge-1</code> was asked for, <code>judge-1-2026-01-31</code> answered, 6 times" in page
    assert client.get(f"/api/v1/submissions/{submission.pk}").json()["served"] == [vars(one)]


def test_a_model_that_changes_in_the_middle_is_told_with_the_one_before(judged):
    found = served.others(judged("judge-1", "judge-2"))
    assert [(one.returned, one.n) for one in found] == [("judge-1", 3), ("judge-2", 3)]


def test_outputs_keep_the_name_and_are_told_apart_from_verdicts(judged):
    from leaderboard.contracts.values import FinishReason, Generation

    submission = judged()
    assert served.others(submission) == []
    prompt = submission.board.benchmark.prompts.first()
    made = Generation("k", "text", FinishReason.STOP, 1, 1, 0.1, model="other-1")
    place = {"entry": submission.entry, "prompt": prompt, "sample": 7, "seed": 0, "provenance": {"engine": "x"}}
    facts.add_outputs([facts.output_row(made, **place)])
    assert Output.objects.get(sample=7).provenance == {"engine": "x", "returned_model": "other-1"}
    [one] = served.others(submission)
    assert (one.judge, one.requested, one.returned, one.n) == ("", str(submission.entry.model), "other-1", 1)


def test_names_that_are_none_are_not_kept(judged):
    submission = judged("x" * 300)
    assert not Judgment.objects.filter(evidence__has_key="returned_model").exists()
    assert served.others(submission) == []
