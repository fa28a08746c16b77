"""`manage.py submit`: a bad value is told in one line that names its field, and nothing is stored; then a good one."""

from __future__ import annotations

import json
import uuid

import pytest

from leaderboard.models import Submission
from tests.factories import sums_board
from tests.leaderboard.commands.test_commands import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot", "bell")]
GOOD = {
    "--board": ["sums"],
    "--generator": ["parrot"],
    "--model": ["model=polly"],
    "--strategy": ["temperature"],
    "--decoding": ["temperature=0.7"],
    "--samples": ["2"],
}


@pytest.fixture(autouse=True)
def board(db):
    return sums_board()


def submit(capsys, **change):
    options = {**GOOD, **{f"--{name}": value for name, value in change.items()}}
    words = [word for name, values in options.items() for word in (name, *values)]
    return run(capsys, "submit", *words)


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [
        ("board", ["nowhere"], "board:"),
        ("generator", ["parot"], "generator:"),
        ("model", ["colour=red"], "model.colour:"),
        ("model", ["wrong_every=often"], "model.wrong_every:"),
        ("model", ["polly"], "model:"),
        ("strategy", ["temperatur"], "strategy:"),
        ("decoding", ["temperature=-1"], "decoding.temperature:"),
        ("decoding", ["temperature=warm"], "decoding.temperature:"),
        ("samples", ["0"], "samples:"),
        ("samples", ["many"], "argument --samples:"),
        ("seed", ["-1"], "seed:"),
        ("seeds", ["1,x"], "seeds:"),
        ("seeds", ["1,1"], "seeds:"),
    ],
)
def test_a_bad_value_first_then_a_good_one(capsys, option, value, field):
    code, out, err = submit(capsys, **{option: value})
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: {field} ")
    assert "Traceback" not in err
    assert not Submission.objects.exists()
    code, out, err = submit(capsys)
    assert (code, err) == (0, "")
    stored = Submission.objects.get()
    assert out.split() == [str(stored.pk), stored.entry.slug]
    assert (stored.samples, stored.entry.decoding.params["temperature"]) == (2, 0.7)


def test_several_seeds(capsys):
    assert submit(capsys, seeds=["3,4"])[0] == 0
    assert (Submission.objects.get().all_seeds, Submission.objects.get().runs) == ([3, 4], 4)


def test_several_faults_are_told_together(capsys):
    _, _, err = submit(capsys, samples=["0"], decoding=["temperature=-1"])
    assert "samples:" in err and "decoding.temperature:" in err and err.count("\n") == 1


def test_waiting_for_one_that_fails_says_why(capsys, monkeypatch):
    from leaderboard.management.commands import submit as command

    def fail_now(_):
        Submission.objects.update(state="failed", error="cannot add 3+3")

    monkeypatch.setattr(command.time, "sleep", fail_now)
    code, out, err = run(capsys, *("submit", *[w for k, v in GOOD.items() for w in (k, *v)], "--wait"))
    assert code == 2
    assert uuid.UUID(out.split()[0]) == Submission.objects.get().pk
    assert err == "error: The submission ended as failed. cannot add 3+3\n"


def test_the_estimate_names_its_numbers(capsys):
    code, out, _ = run(capsys, *("submit", *[w for k, v in GOOD.items() for w in (k, *v)], "--estimate"))
    assert code == 0
    numbers = dict(line.split(": ") for line in out.splitlines())
    assert (json.loads(numbers["outputs"]), json.loads(numbers["prompts"])) == (12, 6)
