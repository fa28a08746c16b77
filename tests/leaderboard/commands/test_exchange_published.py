"""Published files go in, rate as they should, and come out value for value."""

from __future__ import annotations

import csv
import gzip
import io
import json

import pytest

from leaderboard.benchmarks.exchange.items import PEOPLE
from leaderboard.models import Board
from tests.leaderboard.commands.test_commands import run
from tests.leaderboard.commands.test_exchange import emptied, export, imported

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _data(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


def win_rates(board):
    return {row.entry.model.name: row.win_rate for row in board.current.standings.select_related("entry__model")}


def rated(capsys, path, method, *words):
    code, out, err = run(capsys, "rate", str(path), "--method", method, "--csv", *words)
    assert code == 0, err
    return {row["entry"]: float(row["value"]) for row in csv.DictReader(io.StringIO(out)) if row["value"]}


def battle_files(reference_path):
    """Tables of battles whose prompts are named."""
    for path in sorted((reference_path / "arena").glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            names = next(csv.reader(file))
        if {"model_a", "model_b", "winner", "question_id"} <= set(names) and path.stat().st_size < 200_000:
            yield path


@pytest.mark.reference
def test_published_battles_rate_as_the_file_and_come_back_value_for_value(reference_path, tmp_path, capsys):
    paths = list(battle_files(reference_path))
    assert paths
    for place, path in enumerate(paths):
        slug = f"b{place}"
        code, _, err = run(capsys, "import", "battles", str(path), "--board", slug, "--voters")
        assert code == 0, err
        board = Board.objects.get(slug=slug)
        assert win_rates(board) == pytest.approx(rated(capsys, path, "win-rate"), abs=1e-9)
        out = export(capsys, "battles-jsonl", slug, tmp_path / f"{slug}.jsonl")
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            source = list(csv.DictReader(file))
        back = [json.loads(line) for line in out.read_text(encoding="utf-8").split("\n")[:-1]]
        assert len(back) == len(source)
        for row, got in zip(source, back, strict=True):
            told = {**row, "judge": PEOPLE, "voter": row["judge"], "tstamp": row.get("tstamp")}
            for name, value in told.items():
                assert str(got.get(name, "")) == str(value or ""), (path.name, name)


@pytest.mark.reference
def test_published_alpaca_eval_files_come_back_value_for_value(reference_path, tmp_path, capsys):
    results = reference_path / "alpaca_eval" / "results"
    assert run(capsys, "import", "alpaca-eval", str(results))[0] == 0
    rates, baseline = win_rates(Board.objects.get()), Board.objects.get().baseline.model.name
    out = export(capsys, "alpaca-eval", "alpaca-eval", tmp_path / "out")
    seen = 0
    for path in sorted(results.rglob("*.json.gz")):
        if path.name.startswith("annotations") and path.parent.parent.name == baseline:
            continue  # the baseline against itself
        source = json.loads(gzip.decompress(path.read_bytes()))
        back = json.loads((out / path.relative_to(results)).with_suffix("").read_text(encoding="utf-8"))
        if path.name.startswith("annotations"):
            seen += 1
            for row, got in zip(source, back, strict=True):
                # Names inside the files can be wrong: the model is called as its folder.
                same = [name for name in got if name not in ("annotator", "generator_2")]
                assert {name: row.get(name) for name in same} == {name: got[name] for name in same}
        else:
            by_prompt = {(row["instruction"], row["output"]) for row in source}
            assert {(row["instruction"], row["output"]) for row in back} >= by_prompt
    assert seen
    emptied()
    assert run(capsys, "import", "alpaca-eval", str(out))[0] == 0
    assert win_rates(Board.objects.get()) == rates


@pytest.mark.reference
def test_published_arena_hard_answers_come_back_value_for_value(reference_path, tmp_path, capsys):
    benchmark = reference_path / "benchmarks" / "arena_hard"
    root = tmp_path / "in"
    (root / "model_answer").mkdir(parents=True)
    for path in benchmark.glob("v0.1_model_answer/*.jsonl.gz"):
        (root / "model_answer" / path.name).write_bytes(path.read_bytes())
    (root / "question.jsonl.gz").write_bytes((benchmark / "v0.1_question.jsonl.gz").read_bytes())
    imported(capsys, "arena-hard", root)
    out = export(capsys, "arena-hard", "back", tmp_path / "out")
    for path in (root / "model_answer").iterdir():
        source = [json.loads(line) for line in gzip.decompress(path.read_bytes()).split(b"\n") if line]
        back = {row["uid"]: row for row in map(json.loads, (out / "model_answer" / path.stem).open("rb"))}
        assert len(source) == len(back)
        for row in source:
            got = back[row["uid"]]
            assert {name: row[name] for name in got} == got


@pytest.mark.reference
def test_published_mt_bench_files_come_back_value_for_value(reference_path, tmp_path, capsys):
    folder = reference_path / "benchmarks" / "mt_bench"
    root = tmp_path / "in"
    (root / "model_answer").mkdir(parents=True)
    (root / "question.jsonl.gz").write_bytes((folder / "question.jsonl.gz").read_bytes())
    answers = next(folder.glob("reference_answer_*.jsonl.gz"))
    (root / "model_answer" / "reference.jsonl.gz").write_bytes(answers.read_bytes())
    imported(capsys, "fastchat", root)
    out = export(capsys, "fastchat", "back", tmp_path / "out")
    for source, got in (
        (folder / "question.jsonl.gz", out / "question.jsonl"),
        (answers, next((out / "model_answer").iterdir())),
    ):
        rows = [json.loads(line) for line in gzip.decompress(source.read_bytes()).split(b"\n") if line]
        back = {row["question_id"]: row for row in map(json.loads, got.open("rb"))}
        assert len(rows) == len(back)
        for row in rows:
            assert back[row["question_id"]] == {
                **row,
                **({} if "reference" not in row else {"reference": row["reference"]}),
            }
