"""`manage.py rate`: numbers as the plugins give them, in three forms, without a database; each fault in one line."""

from __future__ import annotations

import csv
import io
import json

import pytest

from leaderboard.benchmarks.battle_files import BattleOptions, read_battles
from leaderboard.contracts.registry import ratings
from tests.leaderboard.commands.test_commands import run

ROWS = ["model_a,model_b,winner,question_id,tokens_a,tokens_b"] + [
    f"{a},{b},{winner},q{place % 7},{place % 5 * 10 + 1},{place % 3 * 20 + 1}"
    for place, (a, b, winner) in enumerate(
        [("x", "y", "model_a"), ("y", "x", "tie"), ("y", "z", "model_a"), ("z", "x", "model_a"), ("x", "z", "model_b")]
        * 9
    )
]


@pytest.fixture
def votes(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("\n".join(ROWS) + "\n")
    return path


@pytest.mark.parametrize("method", ["bradley-terry", "win-rate", "elo"])
def test_json_holds_what_the_plugin_gives_and_how_to_get_it_again(votes, capsys, method):
    code, out, _ = run(capsys, "rate", str(votes), "--method", method, "--json")
    found = json.loads(out)
    table = ratings.build(method, {}).rate(read_battles(votes, BattleOptions()).battles)
    assert code == 0
    assert {row["entry"]: (row["value"], row["low"]) for row in found["ratings"]} == {
        rating.name: (rating.value, rating.low) for rating in table.ratings
    }
    assert [row["value"] for row in found["ratings"]] == sorted((r.value for r in table.ratings), reverse=True)
    assert (found["method"], found["version"]) == (method, table.version)
    assert found["input"]["cluster"] == "question_id"
    assert (found["input"]["rows"], len(found["input"]["sha256"])) == (45, 64)


def test_csv_has_the_columns_and_full_precision(votes, capsys):
    _, out, _ = run(capsys, "rate", str(votes), "--csv")
    _, other, _ = run(capsys, "rate", str(votes), "--json")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert list(rows[0]) == ["entry", "value", "se", "low", "high", "rank_low", "rank_high", "n", "missing", "note"]
    assert [float(row["value"]) for row in rows] == [row["value"] for row in json.loads(other)["ratings"]]


def test_style_clusters_and_settings_reach_the_method(votes, capsys):
    words = ("--style", "tokens", "--cluster", "none", "--param", "anchor=x", "--param", "confidence=0.9")
    _, out, _ = run(capsys, "rate", str(votes), *words, "--json")
    found = json.loads(out)
    assert found["params"]["anchor"] == "x"
    assert found["params"]["style"] == ["tokens"]
    assert found["input"]["cluster"] is None
    assert found["extra"]["style"][0]["name"] == "tokens"
    assert next(row["value"] for row in found["ratings"] if row["entry"] == "x") == 1000


def test_people_see_a_table_and_how_much_was_read(votes, capsys):
    code, out, _ = run(capsys, "rate", str(votes), "--where", "question_id=q1")
    assert code == 0
    assert "rank" in out
    assert "battles of 45 rows; clusters by question_id." in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method", "eloo"], "no ratings plugin 'eloo'. Did you mean 'elo'?"),
        (["--param", "confidence=2"], "param.confidence: Input should be less than or equal to 0.999."),
        (["--param", "anchor=nobody"], "The anchor 'nobody' is not among the entrants."),
        (["--where", "judge"], "Write column=value instead of 'judge'."),
        (["--style", "emoji"], "There is no column 'emoji_a'."),
        (["--baseline", "x"], "The method 'bradley-terry' takes no baseline."),
        (["--method", "win-rate", "--baseline", "q"], "The baseline 'q' is not among the entrants."),
        (["--json", "--csv"], "not allowed with argument"),
        (["--difficulty", "none.csv"], "There is no file none.csv."),
    ],
)
def test_a_bad_option_is_one_line_and_exit_code_2(votes, capsys, words, message):
    code, out, err = run(capsys, "rate", str(votes), *words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.strip().count("\n") == 0
    assert message in err


def test_a_bad_row_is_named(votes, capsys):
    votes.write_text("\n".join([*ROWS[:4], "x,y,won,q1,1,1"]))
    code, _, err = run(capsys, "rate", str(votes))
    assert (code, err.strip()) == (
        2,
        "error: Row 4, column winner: 'won' is none of model_a, model_b, tie, both_bad, tie (bothbad).",
    )


@pytest.mark.reference
def test_published_judgments_give_the_length_controlled_rates(reference_path, capsys):
    folder = reference_path / "alpaca_eval"
    words = ["--method", "length-controlled", "--difficulty", str(folder / "instructions.parquet")]
    words += ["--regularise", str(folder / "gamed_baselines_surrogate.parquet"), "--param", "replicates=0"]
    code, out, _ = run(capsys, "rate", str(folder / "annotations.parquet"), *words, "--json")
    assert code == 0
    found = {row["entry"]: row["value"] for row in json.loads(out)["ratings"]}
    expected = {row["model"]: row for row in csv.DictReader((folder / "expected_lc.csv").open(encoding="utf-8"))}
    checked = 0
    for name, row in expected.items():
        # Our fixed C is the published choice of most models; theirs is told in the table.
        if row["C_identified"] and abs(float(row["C_identified"]) - 2.78) < 0.01 and found.get(name) is not None:
            assert found[name] == pytest.approx(float(row["lc_at_C_key_aligned"]), abs=0.02)
            checked += 1
    assert checked
