"""The commands, on good and on bad input."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil

import pytest
from django.core.management import ManagementUtility, call_command

from leaderboard.models import Board, Flag, Judgment, Output
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


def table(reference_path, name):
    """By model a row of a published table."""
    path = reference_path / "alpaca_eval" / name
    return {row["model"]: row for row in csv.DictReader(path.open(encoding="utf-8", newline=""))}


@pytest.mark.reference
def test_an_import_equals_the_published_figures_and_again_adds_nothing(results, reference_path, capsys):
    folder = reference_path / "alpaca_eval"
    words = ["--difficulty", str(folder / "instructions.parquet")]
    words += ["--regularise", str(folder / "gamed_baselines_surrogate.parquet")]
    sizes = set()
    for _ in range(2):
        assert run(capsys, "import", "alpaca-eval", str(results), *words)[0] == 0
        sizes.add((Output.objects.count(), Judgment.objects.count(), Flag.objects.count()))
    assert len(sizes) == 1
    published, lc = table(reference_path, "leaderboard.csv"), table(reference_path, "expected_lc.csv")
    board = Board.objects.get(slug="alpaca-eval")
    standings = list(board.current.standings.select_related("entry__model"))
    assert len(standings) == sum(path.is_dir() for path in results.iterdir())
    for row in standings:
        name = row.entry.model.name
        if name not in published:
            continue
        assert row.win_rate == pytest.approx(float(published[name]["win_rate"]), abs=1e-6)
        assert row.win_rate_se == pytest.approx(float(published[name]["standard_error"]), abs=1e-6)
        if row.entry_id == board.baseline_id:
            assert row.lc == 50
        elif row.lc is not None and lc.get(name, {}).get("C_identified"):
            # The board's C is fixed; where the published fit chose another, that moves the rate a little.
            same = abs(float(lc[name]["C_identified"]) - 2.782559402207126) < 1e-6
            assert row.lc == pytest.approx(float(lc[name]["lc_at_C_key_aligned"]), abs=0.02 if same else 1.5)


@pytest.mark.reference
def test_an_import_flags_who_repeats_itself_and_no_ordinary_model(results, reference_path, capsys):
    assert run(capsys, "import", "alpaca-eval", str(results))[0] == 0
    stats = table(reference_path, "output_stats.csv")
    board = Board.objects.get(slug="alpaca-eval")
    for row in board.current.standings.select_related("entry__model"):
        found = stats[row.entry.model.name]
        odd = float(found["n_unique_outputs"]) / float(found["n_outputs"]) < 0.9
        assert bool(row.flags) == odd
        assert (row.rank_low is None) == odd
        assert Flag.objects.filter(entry=row.entry).exists() == odd


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda rows: rows[7].pop("preference"), "item 7"),
        (lambda rows: rows[9].update(preference=5), "item 9"),
        (lambda rows: rows.insert(3, "text"), "item 3"),
    ],
)
@pytest.mark.reference
def test_a_malformed_file_names_its_item_and_stores_nothing_of_itself(results, tmp_path, capsys, spoil, word):
    good, bad = [path.parent.parent for path in sorted(results.glob("*/*/annotations.json.gz"))][:2]
    for model in (good, bad):
        shutil.copytree(model, tmp_path / model.name)
    path = next((tmp_path / bad.name).glob("*/annotations.json.gz"))
    path.chmod(0o644)
    rows = json.loads(gzip.decompress(path.read_bytes()))
    spoil(rows)
    path.write_bytes(gzip.compress(json.dumps(rows).encode()))
    code, _, err = run(capsys, "import", "alpaca-eval", str(tmp_path))
    assert (code, err.count("\n")) == (2, 1)
    assert word in err
    assert bad.name in err
    assert not Output.objects.filter(entry__model__name=bad.name).exists()
    assert Output.objects.filter(entry__model__name=good.name).exists()


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
