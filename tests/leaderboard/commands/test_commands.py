"""The commands, on good and on bad input."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil

import pytest
from django.core.management import ManagementUtility, call_command

from leaderboard.models import Board, Judgment, Output
from tests.factories import submit, sums_board

pytestmark = pytest.mark.django_db(transaction=True)


def run(capsys, *words):
    """Exit code, stdout, stderr."""
    code = 0
    try:
        ManagementUtility(["manage.py", *words]).execute()
    except SystemExit as end:
        code = int(end.code or 0)
    done = capsys.readouterr()
    return code, done.out, done.err


@pytest.fixture
def results(reference_path):
    return reference_path / "alpaca_eval" / "results"


def test_an_import_equals_the_published_win_rates_and_again_adds_nothing(results, reference_path, capsys):
    for _ in range(2):
        assert run(capsys, "import", "alpaca-eval", str(results))[0] == 0
    published = {
        row["model"]: row
        for row in csv.DictReader((reference_path / "alpaca_eval" / "leaderboard.csv").open(encoding="utf-8"))
    }
    standings = list(Board.objects.get(slug="alpaca-eval").current.standings.select_related("entry__model"))
    assert len(standings) == 6
    for row in standings:
        expected = published[row.entry.model.name]
        assert row.win_rate == pytest.approx(float(expected["win_rate"]), abs=1e-6)
        assert row.win_rate_se == pytest.approx(float(expected["standard_error"]), abs=1e-6)
    assert {row.n for row in standings if row.entry.model.name != "gpt4_1106_preview"} == {805}
    assert (Output.objects.count(), Judgment.objects.count()) == (6 * 805, 5 * 805)


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda rows: rows[7].pop("preference"), "item 7"),
        (lambda rows: rows[9].update(preference=5), "item 9"),
        (lambda rows: rows.insert(3, "text"), "item 3"),
    ],
)
def test_a_malformed_file_names_its_item_and_stores_nothing_of_itself(results, tmp_path, capsys, spoil, word):
    for model in ("claude-2", "alpaca-7b"):
        shutil.copytree(results / model, tmp_path / model)
    path = tmp_path / "claude-2" / "weighted_alpaca_eval_gpt4_turbo" / "annotations.json.gz"
    path.chmod(0o644)
    rows = json.loads(gzip.decompress(path.read_bytes()))
    spoil(rows)
    path.write_bytes(gzip.compress(json.dumps(rows).encode()))
    code, _, err = run(capsys, "import", "alpaca-eval", str(tmp_path))
    assert (code, err.count("\n")) == (2, 1)
    assert word in err
    assert "claude-2" in err
    assert not Output.objects.filter(entry__model__name="claude-2").exists()
    assert Output.objects.filter(entry__model__name="alpaca-7b").count() == 805


@pytest.mark.parametrize(
    "words",
    [
        ("board", "nowhere"),
        ("import", "alpaca-eval", "/nowhere"),
        ("submit", "--board", "nowhere", "--model", "model=pebble-s"),
        ("submit", "--board", "x", "--model", "pebble-s"),
        ("plugins", "--family", "colours"),
        ("serve", "--port", "many"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(capsys, words):
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_board_prints_what_the_api_has(capsys, parrot, work):
    board = sums_board()
    submit(board, {"model": "right"})
    submit(board, {"model": "wrong", "wrong_every": 2})
    work()
    rows = json.loads(run(capsys, "board", "sums", "--json")[1])
    assert [(row["model"], row["win_rate"]) for row in rows] == [("right", 75.0), ("wrong", 25.0)]
    table = list(csv.DictReader(io.StringIO(run(capsys, "board", "sums", "--csv")[1])))
    assert [row["entry"] for row in table] == [row["entry"] for row in rows]
    assert "right" in run(capsys, "board", "sums")[1]


def test_plugins_lists_every_family(capsys):
    found = {row["name"] for row in json.loads(run(capsys, "plugins", "--json")[1])}
    assert {"transformers", "openai", "min-p", "reference", "pairwise-llm", "win-rate"} <= found


def test_submit_estimates_without_storing(capsys, parrot):
    sums_board()
    code, out, _ = run(capsys, "submit", "--board", "sums", "--generator", "parrot", "--model", "model=a", "--estimate")
    assert code == 0
    assert "outputs: 6" in out


def test_every_migration_is_there():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
