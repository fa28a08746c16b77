"""Boards of one's own prompts: from a file to rated entries, and what is refused."""

from __future__ import annotations

import json

import pytest

from leaderboard.models import Benchmark, Board
from tests.leaderboard.commands import test_commands

pytestmark = pytest.mark.django_db(transaction=True)
LINES = (
    {"key": "a", "text": "2+3", "reference": "5", "category": "sums"},
    {"key": "b", "text": "4+4", "reference": "8", "category": "sums"},
)


@pytest.fixture
def run(capsys):
    """Exit code, stdout, stderr of a command."""
    return lambda *words: test_commands.run(capsys, *words)


@pytest.fixture
def prompts(tmp_path):
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return str(path)


def test_a_file_of_prompts_becomes_a_board_that_rates_what_is_submitted(parrot, work, prompts, run):
    code, out, _ = run("make_board", "mine", "--prompts", prompts, "--metric", "exact-match", "--title", "My prompts")
    assert code == 0
    assert "/boards/mine/, with 2 prompts" in out
    assert run("judge", "--board", "mine", "--judge", "reference", "--add")[0] == 0
    for wrong in (0, 1):
        model = ["--model", f"model=parrot-{wrong}", f"wrong_every={wrong}"]
        assert run("submit", "--board", "mine", "--generator", "parrot", *model)[0] == 0
    work()
    board = Board.objects.get(slug="mine")
    rows = board.current.standings.order_by("position")
    assert (board.title, board.rater, board.pairing) == ("My prompts", "bradley-terry", "all")
    assert [(row.score, row.n) for row in rows] == [(100.0, 2), (0.0, 2)]


def test_with_a_baseline_every_entry_is_compared_with_it_alone(parrot, work, prompts, run):
    run("make_board", "first", "--prompts", prompts)
    run("submit", "--board", "first", "--generator", "parrot", "--model", "model=one")
    work()
    entry = Board.objects.get(slug="first").entries.get()
    assert run("make_board", "second", "--prompts", prompts, "--name", "first", "--baseline", entry.slug)[0] == 0
    board = Board.objects.get(slug="second")
    assert (board.baseline, board.pairing, board.rater) == (entry, "baseline", "win-rate")
    assert board.benchmark == Board.objects.get(slug="first").benchmark
    assert list(board.entries.all()) == [entry]


def test_a_benchmark_plugin_with_its_settings(prompts, run):
    assert (
        run("make_board", "other", "--benchmark", "jsonl", "--params", f"path={prompts}", "name=own", "--closed")[0]
        == 0
    )
    board = Board.objects.get(slug="other")
    assert (board.title, board.benchmark.name, board.open_to_submissions) == ("other", "own", False)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["Mine"], "slug: String should match pattern"),
        (["taken"], "slug: There is a board 'taken' already."),
        (["mine", "--title", "  "], "title: String should have at least 1 character."),
        (["mine", "--metric", "none"], "metric: There is no metrics plugin 'none'."),
        (["mine", "--rater", "none"], "rater: There is no ratings plugin 'none'."),
        (["mine", "--baseline", "none"], "baseline: There is no entry 'none'."),
        (["mine", "--params", "a=1"], "params: These go with --benchmark."),
        (["mine", "--name", "taken", "--prompts", "{other}"], "version: 'taken' 1 is stored with other prompts."),
        (["mine", "--prompts", "{none}"], "path: There is no file"),
        (["mine", "--benchmark", "none"], "argument --benchmark: not allowed with argument --prompts"),
    ],
)
def test_bad_input_is_one_line_and_stores_nothing(words, told, prompts, tmp_path, run):
    run("make_board", "taken", "--prompts", prompts)
    other = tmp_path / "other.jsonl"
    other.write_text('{"text": "other"}\n')
    words = [word.format(other=other, none=tmp_path / "none") for word in words]
    code, _, error = run("make_board", words[0], "--prompts", prompts, *words[1:])
    assert code == 2
    assert error.startswith(f"error: {told}")
    assert error.count("\n") == 1
    assert list(Board.objects.values_list("slug", flat=True)) == ["taken"]
    assert Benchmark.objects.count() == 1
