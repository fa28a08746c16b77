"""Battles from files: what each column means, what is left out and counted, and what is refused with its place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from leaderboard.benchmarks.battle_files import BattleOptions, read_battles
from leaderboard.benchmarks.length_files import read_difficulty, read_regulariser, with_difficulty
from leaderboard.contracts.params import InvalidInput
from leaderboard.ratings.text_measures import measure

VOTES = """\
question_id,model_a,model_b,winner,judge,tokens_a,tokens_b
q1,x,y,model_a,ann,10,20
q1,y,x,model_b,bob,20,10
q2,x,z,tie,ann,5,5
q3,z,y,both_bad,ann,1,2
q3,z,y,,bob,1,2
"""


@pytest.fixture
def votes(tmp_path):
    def write(text=VOTES, name="votes.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def read(path: Path, **options):
    return read_battles(path, BattleOptions(**options))


def test_a_table_of_votes(votes):
    found = read(votes(), measures=("tokens",))
    b = found.battles
    assert b.names == ("x", "y", "z")
    assert (b.a.tolist(), b.b.tolist()) == ([0, 1, 0, 2], [1, 0, 2, 1])
    assert b.credit.tolist() == [1.0, 0.0, 0.5, 0.5]
    assert b.cluster.tolist() == [0, 0, 1, 2]
    assert [side.tolist() for side in b.measures["tokens"]] == [[10, 20, 5, 1], [20, 10, 5, 2]]
    assert (found.rows, found.left_out, found.both_bad, found.cluster) == (5, 0, 1, "question_id")
    assert found.unscored == {"y": 1, "z": 1}
    assert (found.prompts, found.prompt_column) == (("q1", "q2", "q3"), "question_id")


def test_filters_and_clusters_are_chosen(votes):
    found = read(votes(), where=(("judge", "Ann"),), cluster="judge")
    assert (len(found.battles.credit), found.left_out, found.cluster) == (3, 2, "judge")
    assert len(set(found.battles.cluster)) == 1
    assert read(votes(), cluster="none").battles.cluster is None


def test_a_column_of_credits(votes):
    found = read(votes("model_a,model_b,credit\nx,y,0.25\ny,x,\n"))
    assert found.battles.credit.tolist() == [0.25]
    assert found.unscored == {"x": 1, "y": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (VOTES.replace("tie", "draw"), "Row 3, column winner: 'draw' is none of model_a, model_b, tie"),
        (VOTES.replace("q2,x,z", "q2,,z"), "Row 3, column model_a: The name is empty."),
        ("model_a,model_b,credit\nx,y,1.5\n", "Row 1, column credit: It must lie between 0 and 1."),
        ("model_a,winner\nx,tie\n", "There is no column 'model_b'. Did you mean 'model_a'?"),
        ("model_a,model_b\nx,y\n", "There is no column 'winner'."),
    ],
)
def test_a_bad_row_names_its_row_and_column(votes, text, message):
    with pytest.raises(InvalidInput) as found:
        read(votes(text))
    assert message in str(found.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"where": (("judge", "eve"),)}, "No row has judge = 'eve'. Values: 'ann', 'bob'."),
        ({"where": (("jugde", "ann"),)}, "Did you mean 'judge'?"),
        ({"cluster": "voter"}, "There is no column 'voter'."),
        ({"measures": ("emoji",)}, "There is no column 'emoji_a'."),
    ],
)
def test_a_bad_option_is_told(votes, options, message):
    with pytest.raises(InvalidInput) as found:
        read(votes(), **options)
    assert message in str(found.value)


def test_an_entrant_against_itself_says_nothing_and_is_counted(votes):
    found = read(votes(VOTES.replace("q2,x,z", "q2,x,x")))
    assert (found.itself, found.rows, len(found.battles.credit)) == (1, 5, 3)


TALL = """\
model,instruction_index,preference,len_output,len_baseline
m,0,2,100,300
m,1,1.25,50,40
k,0,1.5,10,300
k,10,1,20,30
"""


def test_a_tall_table_against_one_baseline(votes):
    found = read(votes(TALL), baseline="base")
    b = found.battles
    assert b.names == ("base", "k", "m")
    assert b.credit.tolist() == [1.0, 0.25, 0.5, 0.0]
    assert b.b.tolist() == [0, 0, 0, 0]
    assert [side.tolist() for side in b.measures["chars"]] == [[100, 50, 10, 20], [300, 40, 300, 30]]
    assert (found.prompts, b.prompt.tolist(), found.baseline) == (("0", "1", "10"), [0, 1, 0, 2], "base")


def test_difficulties_are_joined_by_prompt_and_set_the_order(votes, tmp_path):
    (tmp_path / "d.csv").write_text("instruction_index,difficulty\n10,0.5\n1,\n0,-2\n7,1\n")
    found = with_difficulty(read(votes(TALL)), read_difficulty(tmp_path / "d.csv"))
    assert found.prompts == ("10", "1", "0", "7")
    assert found.battles.prompt.tolist() == [2, 1, 2, 0]
    assert found.battles.difficulty == pytest.approx([0.5, np.nan, -2, 1], nan_ok=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("instruction_index,difficulty\n0,1\n1,1\n", "1 prompts of the battles have no row in d.csv, as '10'."),
        (
            "instruction_index,difficulty\n0,1\n1,1\n1,2\n10,1\n",
            "Row 3, column instruction_index: The prompt '1' occurs twice.",
        ),
        ("prompt,difficulty\n0,1\n", "d.csv has no column 'instruction_index'. Columns: prompt."),
        ("name,difficulty\n0,1\n", "must name each prompt in one of the columns prompt, question_id"),
    ],
)
def test_difficulties_that_do_not_fit_are_refused(votes, tmp_path, text, message):
    (tmp_path / "d.csv").write_text(text)
    with pytest.raises(InvalidInput) as found:
        with_difficulty(read(votes(TALL)), read_difficulty(tmp_path / "d.csv"))
    assert message in str(found.value)


def test_regularising_rows(votes, tmp_path):
    (tmp_path / "d.csv").write_text("instruction_index,difficulty\n0,1\n1,2\n10,3\n")
    (tmp_path / "r.csv").write_text(
        "model,instruction_index,len_output,len_baseline,preference\nv,0,10,30,1.5\nv,1,30,10,2\n"
    )
    found = read_regulariser(tmp_path / "r.csv", read_difficulty(tmp_path / "d.csv"))
    spread = np.std([20, -20], ddof=1)
    assert found.length == pytest.approx(np.tanh([20 / spread, -20 / spread]))
    assert (found.difficulty.tolist(), found.target.tolist()) == ([1, 2], [0.5, 1])


def annotation(**change):
    row = {
        "instruction": "Say hi",
        "generator_1": "base",
        "output_1": "hi",
        "generator_2": "m",
        "output_2": "# hi\n- you",
        "preference": 1.75,
    }
    return {**row, **change}


def test_alpaca_annotations_are_read_and_measured(votes):
    rows = [
        annotation(),
        annotation(instruction="Again", preference=None),
        annotation(instruction="A third", preference=1.0),
    ]
    found = read(votes(json.dumps(rows), "annotations.json"), measures=("chars", "header", "list"))
    b = found.battles
    assert (b.names, b.a.tolist(), b.credit.tolist()) == (("base", "m"), [0, 0], [0.25, 1.0])
    assert found.unscored == {"base": 1, "m": 1}
    assert found.prompts == ("Say hi", "Again", "A third")
    assert [side.tolist() for side in b.measures["chars"]] == [[2, 2], [10, 10]]
    assert b.measures["header"][1].tolist() == [1, 1]


def test_a_bad_annotation_names_its_item_and_field(votes):
    rows = [annotation(), annotation(preference=3.0)]
    with pytest.raises(InvalidInput, match=r"annotations\.json, item 1, field preference"):
        read(votes(json.dumps(rows), "annotations.json"))


def test_text_measures_by_hand():
    text = "# Head\n\n1. one\n- two\n**bold** and __bold__\n```\n# not a head\n- nor this\n```\n"
    chars, tokens, header, items, bold = measure(text)
    assert (chars, header, items, bold) == (len(text), 1, 2, 2)
    assert measure("It's 3.5%")[1] == 7
    assert tokens > 20


@pytest.mark.reference
def test_every_published_file_of_votes_is_read_whole(reference_path):
    for path in sorted((reference_path / "arena").glob("*.csv.gz")):
        found = read(path)
        assert len(found.battles.credit) + sum(found.unscored.values()) / 2 + found.itself == found.rows
