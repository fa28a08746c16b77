"""Files of votes and verdicts: which rows are of one comparison, in which order they were shown, faults by place."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.benchmarks.verdict_files import VerdictOptions, read_verdicts
from leaderboard.contracts.params import InvalidInput

VOTES = [
    {"pair_id": "p1", "question_id": "q1", "model_a": "x", "model_b": "y", "winner": "model_a", "judge": "ann"},
    {"pair_id": "p1", "question_id": "q1", "model_a": "x", "model_b": "y", "winner": "tie", "judge": "bob"},
    {"pair_id": "p2", "question_id": "q2", "model_a": "y", "model_b": "z", "winner": "model_b", "judge": "ann"},
    {"pair_id": "p3", "question_id": "q2", "model_a": "x", "model_b": "z", "winner": "", "judge": "bob"},
]
JUDGES = [
    {"pair_id": "p1", "model_a": "x", "model_b": "y", "winner": "model_b", "judge": "j"},
    {"pair_id": "p1", "model_a": "y", "model_b": "x", "winner": "model_b", "judge": "j"},
    {"pair_id": "p2", "model_a": "y", "model_b": "z", "winner": "", "judge": "j"},
    {"pair_id": "p9", "model_a": "y", "model_b": "z", "winner": "tie", "judge": "j"},
    {"pair_id": "p1", "model_a": "x", "model_b": "y", "winner": "model_b", "judge": "k"},
]


def written(path: Path, rows: list[dict]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def files(tmp_path):
    return written(tmp_path / "votes.csv", VOTES), written(tmp_path / "judges.csv", JUDGES)


def test_rows_of_a_pair_are_one_comparison_and_a_turned_row_is_the_other_order(files):
    found = read_verdicts(*files, VerdictOptions())
    assert (len(found.items), found.rows, found.unscored, found.cluster) == (3, 4, 1, "pair_id")
    assert found.votes.item.tolist() == [0, 0, 1] and found.votes.credit.tolist() == [1, 0.5, 0]
    calls = found.judges["j"].calls
    assert calls.item.tolist() == [0, 0, 1] and calls.swapped.tolist() == [False, True, False]
    # In both rows y was preferred to … in the first, and x to y in the second, which turned the sides.
    assert calls.credit[:2].tolist() == [0, 1] and np.isnan(calls.credit[2])
    assert calls.first[:2].tolist() == [0, 0]
    assert found.judges["j"].unknown == 1 and list(found.judges) == ["j", "k"]


def test_without_a_pair_the_prompt_and_both_models_name_a_comparison(tmp_path):
    def bare(rows, prompt):
        return [{**{k: v for k, v in row.items() if k != "pair_id"}, "question_id": prompt} for row in rows]

    votes = written(tmp_path / "v.csv", bare(VOTES[:2], "q"))
    judges = written(tmp_path / "j.csv", bare(JUDGES[:2], "q"))
    found = read_verdicts(votes, judges, VerdictOptions())
    assert len(found.items) == 1 and found.judges["j"].calls.swapped.tolist() == [False, True]


def test_rows_in_one_order_are_repeats(tmp_path, files):
    again = written(tmp_path / "again.csv", [JUDGES[0], JUDGES[0], JUDGES[1], JUDGES[0]])
    calls = read_verdicts(files[0], again, VerdictOptions()).judges["j"].calls
    assert calls.repeat.tolist() == [0, 1, 0, 2]


def test_a_column_holds_a_judge_that_rows_of_several_voters_repeat(tmp_path):
    rows = [{**row, "mine": "0.9" if row["pair_id"] == "p1" else "model_b"} for row in VOTES]
    found = read_verdicts(written(tmp_path / "v.csv", rows), None, VerdictOptions(judge_columns=("mine",)))
    assert found.judges["mine"].calls.credit.tolist() == [0.9, 0, 0]


def test_a_column_that_contradicts_itself_is_refused_with_its_place(tmp_path):
    rows = [{**row, "mine": str(place % 2)} for place, row in enumerate(VOTES)]
    with pytest.raises(InvalidInput, match=r"Row 2, column mine.*row 1"):
        read_verdicts(written(tmp_path / "v.csv", rows), None, VerdictOptions(judge_columns=("mine",)))


def test_measures_voters_and_costs_are_read_where_they_are(tmp_path):
    votes = [{**row, "chars_a": "3", "chars_b": "5", "tokens_a": "1"} for row in VOTES]
    judges = [{**row, "price_usd": "0.5", "time_s": ""} for row in JUDGES]
    found = read_verdicts(
        written(tmp_path / "v.csv", votes), written(tmp_path / "j.csv", judges), VerdictOptions(judges=("k",))
    )
    assert list(found.items.measures) == ["chars"] and found.items.length[1].tolist() == [5, 5, 5]
    assert len(set(found.votes.voter.tolist())) == 2
    assert found.judges["k"].cost.tolist() == [0.5] and np.isnan(found.judges["k"].seconds).all()


def test_filters_and_clusters(files):
    found = read_verdicts(*files, VerdictOptions(where=(("question_id", "Q1"),), cluster="question_id"))
    assert len(found.items) == 1 and found.cluster == "question_id"
    alone = read_verdicts(*files, VerdictOptions(cluster="none"))
    assert alone.cluster == "" and len(set(alone.items.cluster.tolist())) == 3


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        ({"winner": "me"}, {}, r"Row 1, column winner: 'me'"),
        ({"winner": "1.5"}, {}, r"Row 1, column winner"),
        ({}, {"cluster": "nosuch"}, r"no column 'nosuch'"),
        ({}, {"where": (("judge", "zed"),)}, r"No row has judge = 'zed'"),
        ({}, {"judges": ("zed",)}, r"no judge 'zed'. Judges: j, k"),
        ({}, {"judge_columns": ("zed",)}, r"no column 'zed'"),
        ({"model_a": "w"}, {}, r"Row 2, column model_a: Another row of this comparison names other models"),
    ],
)
def test_faults_name_row_and_column(tmp_path, change, options, told):
    votes = written(tmp_path / "v.csv", [{**VOTES[0], **change}, *VOTES[1:]])
    with pytest.raises(InvalidInput, match=told):
        read_verdicts(votes, written(tmp_path / "j.csv", JUDGES), VerdictOptions(**options))


def test_a_file_without_names_of_comparisons_or_without_a_judge_says_what_is_needed(tmp_path, files):
    bare = written(tmp_path / "v.csv", [{"model_a": "x", "model_b": "y", "winner": "tie"}])
    with pytest.raises(InvalidInput, match="pair_id"):
        read_verdicts(bare, files[1], VerdictOptions())
    with pytest.raises(InvalidInput, match="No judge is named"):
        read_verdicts(files[0], None, VerdictOptions())


@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.sampled_from(["model_a", "model_b", "tie"])), min_size=1)
)
def test_turning_a_row_and_its_winner_changes_no_vote(tmp_path_factory, rows):
    """The same opinions, whichever side each row calls a; only the order in which they were shown differs."""
    folder = tmp_path_factory.mktemp("turned")
    turn = {"model_a": "model_b", "model_b": "model_a", "tie": "tie"}
    plain = [{"prompt": f"q{q}", "model_a": "x", "model_b": "y", "winner": w} for q, _, w in rows]
    turned = [
        {**row, "model_a": "y", "model_b": "x", "winner": turn[row["winner"]]} if way else row
        for row, (_, way, _) in zip(plain, rows, strict=True)
    ]
    one, two = (
        read_verdicts(written(folder / "p.csv", plain), written(folder / f"{name}.csv", own), VerdictOptions())
        for name, own in (("a", plain), ("b", turned))
    )
    assert one.judges["a"].calls.credit.tolist() == two.judges["b"].calls.credit.tolist()
    assert two.judges["b"].calls.swapped.tolist() == [way for _, way, _ in rows]


def test_jsonl_and_packed_files_are_read_alike(tmp_path, files):
    lines = "".join(json.dumps(row) + "\n" for row in VOTES)
    packed = tmp_path / "votes.jsonl.gz"
    packed.write_bytes(gzip.compress(lines.encode()))
    one, two = (read_verdicts(path, files[1], VerdictOptions()) for path in (files[0], packed))
    assert one.votes.credit.tolist() == two.votes.credit.tolist() and one.rows == two.rows
