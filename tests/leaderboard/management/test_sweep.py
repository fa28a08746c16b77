"""`manage.py sweep`: a bad value is told in one line and nothing is stored; then a good one, by options and by file."""

from __future__ import annotations

import json

import pytest

from leaderboard.models import Sweep
from tests.factories import sums_board
from tests.leaderboard.commands.test_commands import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot", "bell")]
GOOD = {
    "--board": ["sums"],
    "--generator": ["parrot"],
    "--model": ["model=polly"],
    "--arm": ["min-p temperature=1,2 min_p=0.05,0.1"],
    "--samples": ["3"],
    "--seeds": ["1,2"],
}


@pytest.fixture(autouse=True)
def board(db):
    return sums_board()


def declare(capsys, *more, **change):
    options = {**GOOD, **{f"--{name}": values for name, values in change.items()}}
    return run(capsys, "sweep", *(word for name, values in options.items() for word in (name, *values)), *more)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("board", ["nowhere"], "board:"),
        ("model", ["size=3"], "model.size:"),
        ("arm", ["min-p temperature=1,hot"], "arms.0.grid.temperature.1:"),
        ("arm", ["min-p min_p"], "arms.0: Write settings as name=value"),
        ("arm", ["min-q"], "arms.0.strategy:"),
        ("seeds", ["1,x"], "seeds:"),
        ("samples", ["33"], "samples:"),
        ("tune", ["2"], "tune:"),
        ("decoding", ["max_new_tokens=0"], "decoding.max_new_tokens:"),
        ("baseline", ["beam"], "baseline:"),
        ("file", ["/none.json"], "file:"),
    ],
)
def test_a_bad_value_first_then_a_good_one(capsys, option, value, words):
    code, out, err = declare(capsys, **{option: value})
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: {words}")
    assert not Sweep.objects.exists()
    code, out, err = declare(capsys)
    assert (code, err) == (0, "")
    stored = Sweep.objects.get()
    assert out.split()[0] == str(stored.pk) and len(out.splitlines()) == 1 + 4
    assert (stored.seeds, stored.samples, [arm["runs"] for arm in stored.arms]) == ([1, 2], 3, [6] * 4)


def test_the_estimate_says_what_it_does_not_know(capsys):
    code, out, _ = declare(capsys, "--estimate")
    numbers = dict(line.split(": ") for line in out.splitlines())
    assert (code, numbers["arms"], numbers["outputs"], numbers["seconds"]) == (0, "4", "144", "not known")
    assert not Sweep.objects.exists()


def test_a_file_declares_and_options_override_it(capsys, tmp_path):
    body = {
        "board": "sums",
        "generator": "parrot",
        "model": {"model": "polly"},
        "arms": [{"strategy": "greedy"}, {"strategy": "top-k", "grid": {"k": [5, 9]}}],
        "seeds": [1],
        "tune": 0.5,
    }
    (tmp_path / "sweep.json").write_text(json.dumps(body))
    code, _, err = run(capsys, "sweep", "--file", str(tmp_path / "sweep.json"), "--samples", "2")
    assert (code, err) == (0, "")
    assert [arm["runs"] for arm in Sweep.objects.get().arms] == [1, 2, 2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "file:"),
        ("[]", "file:"),
        ('{"colour": 1}', "colour:"),
        ('{"board": "sums", "arms": {}}', "arms: This must be a list"),
        ('{"board": "sums", "arms": [3]}', "arms.0:"),
        ('{"board": "sums", "seeds": [true]}', "seeds:"),
        ('{"board": 3}', "board: This must be a text"),
        ("{}", "board: Name a board"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(capsys, tmp_path, text, words):
    (tmp_path / "sweep.json").write_text(text)
    code, out, err = run(capsys, "sweep", "--file", str(tmp_path / "sweep.json"))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: {words}")


def test_waiting_ends_when_every_arm_has(capsys, monkeypatch):
    from leaderboard.management.commands import sweep as command
    from leaderboard.models import Submission

    def end(_):
        Submission.objects.update(state="done")
        Submission.objects.filter(arm=2).update(state="failed", error="cannot add")

    monkeypatch.setattr(command.time, "sleep", end)
    code, _, err = declare(capsys, "--wait")
    assert (code, err) == (2, "error: T 2 · min-p 0.05 ended as failed. cannot add\n")
