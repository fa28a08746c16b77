"""`manage.py judge` on good and on bad input."""

from __future__ import annotations

import json

import pytest

from leaderboard.models import Judge, JudgeTrial, Judgment
from tests.judges.loopback import WritingJudge, serve
from tests.leaderboard.commands.test_commands import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]


@pytest.fixture
def board(right_and_wrong):
    return right_and_wrong


@pytest.fixture
def params(monkeypatch):
    def params(server):
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        model = {"base_url": server.url, "model": "judge-1", "attempts": 1}
        return ["--params", "generator=openai", f"generator_params={json.dumps(model)}"]

    return params


def test_a_dry_run_shows_prompt_reply_and_verdict_and_stores_nothing(board, capsys, params):
    before = Judgment.objects.count()
    with serve(WritingJudge()) as server:
        words = ["--board", "sums", "--judge", "arena-hard", "--dry-run", "--pairs", "2", *params(server)]
        code, out, _ = run(capsys, "judge", *words)
        assert len(server.requests) == 2
    assert code == 0
    assert out.count("-- sent as user") == 2
    assert out.count("-- raw reply\nI weigh them. [[") == 2
    assert out.count("-- verdict\nscored, credit of ") == 2
    assert "marker lines" in out
    assert (Judgment.objects.count(), JudgeTrial.objects.count(), Judge.objects.count()) == (before, 0, 1)


def test_a_prompt_can_come_from_a_file(board, capsys, params, tmp_path):
    user = "{{question}} {{first}} {{second}} Say [[{{name_1}}{{mark}}]] or [[{{name_2}}{{mark}}]]."
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"user": user, "reply": "choice"}))
    with serve(WritingJudge()) as server:
        words = ["--board", "sums", "--judge", "custom", "--dry-run", "--params-file", str(file), "--json"]
        code, out, err = run(capsys, "judge", *words, *params(server))
    assert (code, err) == (0, "")
    rows = json.loads(out)
    assert len(rows) == 5
    assert all(" Say [[" in row["messages"][0]["content"] for row in rows)


def test_a_judge_is_added_and_its_verdicts_are_asked_for(board, capsys, work):
    words = ["--board", "sums", "--judge", "metric", "--params", "metric=rouge-l", "--add", "--name", "rouge"]
    code, out, _ = run(capsys, "judge", *words)
    assert (code, out) == (0, "rouge: 6 verdicts are asked for\n")
    work()
    assert Judgment.objects.filter(judge__name="rouge").count() == 6


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--board", "nowhere", "--judge", "reference", "--dry-run"], "There is no board 'nowhere'"),
        (["--board", "sums", "--judge", "refrence", "--dry-run"], "Did you mean 'reference'?"),
        (["--board", "sums", "--judge", "arena-hard", "--dry-run"], "generator: Field required"),
        (["--board", "sums", "--judge", "reference"], "--dry-run --add is required"),
        (["--board", "sums", "--judge", "reference", "--dry-run", "--pairs", "0"], "Between 1 and 50."),
        (["--board", "sums", "--judge", "reference", "--dry-run", "--params", "marker"], "Write name=value"),
        (["--board", "sums", "--judge", "custom", "--dry-run", "--params-file", "/no/file"], "cannot be read"),
        (["--board", "sums", "--judge", "reference", "--add", "--name", "a b"], "letters, digits"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(board, capsys, words, told):
    code, out, err = run(capsys, "judge", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err


def test_a_server_that_is_down_is_told_in_one_line(board, capsys, params):
    with serve(WritingJudge()) as server:
        settings = params(server)
    code, _, err = run(capsys, "judge", "--board", "sums", "--judge", "mt-bench", "--dry-run", *settings)
    assert (code, err.count("\n")) == (2, 1)
    assert "The judge could not be asked." in err
