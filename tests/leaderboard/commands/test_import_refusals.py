"""What an import refuses, tells or leaves out, and that nothing is ever written over."""

from __future__ import annotations

import json

import pytest

from leaderboard.contracts.values import ModelIdentity
from leaderboard.models import Board, Comparison, Judgment, Output
from leaderboard.services import catalog, facts
from tests.factories import fact_board, sums_board
from tests.leaderboard.commands.test_commands import run
from tests.leaderboard.commands.test_exchange import export, imported, sizes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _data(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


GOOD = {"prompt": "Q", "model_a": "x", "answer_a": "1", "model_b": "y", "answer_b": "2", "judge": "j", "credit": 1.0}


def lines(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ({"credit": 2}, ["line 2", "credit"]),
        ({"model_a": "m" * 201}, ["line 2", "1 to 200"]),
        ({"judge": "j" * 90}, ["line 2", "1 to 70"]),
        ({"category": "c" * 90}, ["line 2", "1 to 80"]),
        ({"prompt_key": "k" * 130}, ["line 2", "1 to 120"]),
        ({"sample_a": 0, "answer_a": "other", "sample_b": 0}, None),
    ],
)
def test_a_bad_row_stores_nothing_of_its_file(tmp_path, capsys, second, words):
    path = lines(tmp_path / "x.jsonl", GOOD, {**GOOD, **second})
    code, _, err = run(capsys, "import", "jsonl", str(path), "--board", "b")
    if words is None:
        # One answer has the number 0 and the other is told by its text: both are kept, as two samples.
        assert code == 0, err
        assert sorted(Output.objects.filter(entry__model__name="x").values_list("sample", "text")) == [
            (0, "other"),
            (1, "1"),
        ]
        return
    assert (code, err.count("\n")) == (2, 1)
    assert all(word in err for word in words), err
    assert sizes() == (0, 0, 0, 0, 0, 0)
    assert not Board.objects.exists()


def test_a_verdict_that_differs_is_told_and_never_written_over(tmp_path, capsys):
    other = {**GOOD, "prompt": "R"}
    imported(capsys, "jsonl", lines(tmp_path / "a.jsonl", GOOD, other))
    changed = lines(tmp_path / "b.jsonl", {**GOOD, "credit": 0.25}, other, {**GOOD, "judge": "k"})
    code, out, err = run(capsys, "import", "jsonl", str(changed), "--board", "back")
    assert code == 2
    assert "b.jsonl, line 1: 'j' is stored as 1 here, the file says 0.25" in err
    assert "Stored 1 verdicts" in out
    assert sorted(Judgment.objects.values_list("judge__name", "credit_a")) == [("j", 1.0), ("j", 1.0), ("k", 1.0)]


def test_the_same_pair_the_other_way_round_is_the_other_order(tmp_path, capsys):
    turned = {**GOOD, "model_a": "y", "answer_a": "2", "model_b": "x", "answer_b": "1", "credit": 0.25}
    imported(capsys, "jsonl", lines(tmp_path / "a.jsonl", GOOD, turned))
    assert Comparison.objects.count() == 1
    assert sorted(Judgment.objects.values_list("swapped", "credit_a")) == [(False, 1.0), (True, 0.75)]


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({**GOOD, "prompt": "new"}, "has no prompt"),
        ({**GOOD, "prompt_key": "KEY", "prompt": "other"}, "another text"),
        ({**GOOD, "sample_a": 0, "answer_a": "other"}, "Another answer"),
    ],
)
def test_a_board_is_not_mixed_with_other_prompts_or_answers(tmp_path, capsys, row, word):
    first = {**GOOD, "prompt_key": "KEY"}
    imported(capsys, "jsonl", lines(tmp_path / "a.jsonl", first))
    row = {"prompt_key": "KEY", **row} if row["prompt"] == "Q" else row
    count = sizes()
    code, _, err = run(capsys, "import", "jsonl", str(lines(tmp_path / "b.jsonl", row)), "--board", "back")
    assert code == 2
    assert "line 1" in err and word in err
    assert sizes() == count


def test_no_file_speaks_for_entries_and_judges_of_this_place(tmp_path, capsys):
    board = sums_board(prompts=1)
    entry = catalog.entry(
        model=catalog.named_model(generator="parrot", identity=ModelIdentity("test", "own", "1"), params={}),
        decoding=catalog.decoding_config(strategy="greedy", params={}),
        template=catalog.prompt_template(),
    )
    board.entries.add(entry)
    prompt = board.benchmark.prompts.get()
    facts.add_outputs([Output(entry=entry, prompt=prompt, text="2")])
    row = {**GOOD, "prompt": prompt.text, "prompt_key": prompt.key, "model_a": entry.slug, "judge": "j"}
    code, _, err = run(capsys, "import", "jsonl", str(lines(tmp_path / "a.jsonl", row)), "--board", "sums")
    assert code == 2 and "did not give this answer" in err
    own = board.judges.get().name
    path = lines(tmp_path / "b.jsonl", {**row, "answer_a": "2", "judge": own}, {**row, "answer_a": "2"})
    code, _, err = run(capsys, "import", "jsonl", str(path), "--board", "sums")
    assert code == 2 and f"The judge '{own}' did not say this here." in err
    assert list(Judgment.objects.values_list("judge__name", flat=True)) == ["j"]


def test_battles_without_texts_are_ranked_without_flags_lengths_or_length_control(tmp_path, capsys):
    rows = [
        {
            "question_id": f"q{i}",
            "model_a": a,
            "model_b": b,
            "winner": "model_a" if (i + ord(a)) % 3 else "tie",
            "judge": "g",
        }
        for i in range(20)
        for a, b in ("xy", "yz", "zx")
    ]
    board = imported(capsys, "battles", lines(tmp_path / "a.jsonl", *rows), "--baseline", "x")
    assert all(output.provenance["text_unknown"] for output in Output.objects.all())
    for row in board.current.standings.all():
        assert (row.flags, row.mean_length, row.rank_low is not None) == ([], None, True)
        assert row.lc in (None, 50)
    path = export(capsys, "battles-jsonl", "back", tmp_path / "b.jsonl")
    assert "conversation" not in path.read_text()


def test_an_entry_against_itself_is_left_out_and_counted(tmp_path, capsys):
    rows = [{"question_id": "q", "model_a": "x", "model_b": name, "winner": "tie"} for name in "xy"]
    code, out, _ = run(capsys, "import", "battles", str(lines(tmp_path / "a.jsonl", *rows)), "--board", "b")
    assert code == 0
    assert "1 had one answer on both sides" in out
    assert Judgment.objects.count() == 1


@pytest.mark.parametrize(
    "words",
    [
        ("export", "jsonl", "--board", "nowhere", "--out", "x"),
        ("export", "colours", "--board", "facts", "--out", "x"),
        ("export", "alpaca-eval", "--board", "facts", "--out", "x"),
        ("export", "preferences", "--board", "facts", "--out", "x", "--min-margin", "2"),
        ("export", "jsonl", "--board", "facts", "--out", "."),
        ("export", "jsonl", "--board", "facts", "--out", "/nowhere/x"),
        ("import", "battles", "nowhere.csv"),
        ("import", "fastchat", "."),
        ("import", "fastchat", ".", "--board", "no short name"),
        ("import", "arena-hard", "nowhere"),
    ],
)
def test_bad_words_are_one_line_and_exit_code_2(tmp_path, capsys, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    fact_board(["x", "y"], {"k": ""})
    code, out, err = run(capsys, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: ")
    assert not list(tmp_path.glob("x"))
