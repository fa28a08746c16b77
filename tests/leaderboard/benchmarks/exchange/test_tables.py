"""Tables of verdicts: what is written is read back, in every kind of file, and nothing else is."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import json

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaderboard.benchmarks.exchange import reading, writing
from leaderboard.benchmarks.exchange.cells import FORMULA_STARTS, bare, guarded
from leaderboard.benchmarks.exchange.formats import FORMATS, READERS
from leaderboard.benchmarks.exchange.items import Answer, Question, Verdict
from leaderboard.benchmarks.exchange.options import ReadOptions
from leaderboard.benchmarks.exchange.reading import records
from leaderboard.contracts.params import InvalidInput
from tests.leaderboard.benchmarks.exchange.memory import SPREADSHEET, TEXT, MemorySource, verdicts

quiet = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(path, data):
    path.write_bytes(data)
    return path


def back(tmp_path, name, source, reader, **options):
    form = FORMATS[name]
    path = write(tmp_path / f"x.{form.suffix}", b"".join(form.parts(source)))
    return list(READERS[reader]([path], ReadOptions(**options)))


def plain(verdict):
    """The verdict without where it was read."""
    question = dataclasses.replace(verdict.question, place="")
    return dataclasses.replace(verdict, question=question, created="")


@given(found=st.lists(verdicts(), max_size=5))
@quiet
@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet"])
def test_a_table_gives_back_every_field(tmp_path, name, found):
    assert [plain(one) for one in back(tmp_path, name, MemorySource(found), name)] == found


@given(text=TEXT | SPREADSHEET)
def test_a_guarded_cell_is_no_formula_and_comes_back(text):
    assert not guarded(text).startswith(FORMULA_STARTS)
    assert guarded(text)
    assert bare(guarded(text)) == text


@given(found=st.lists(verdicts(), min_size=1, max_size=3))
@quiet
def test_no_cell_of_an_exported_csv_starts_a_formula(found):
    for name in ("csv", "battles-csv"):
        text = b"".join(FORMATS[name].parts(MemorySource(found))).decode()
        for row in csv.reader(io.StringIO(text, newline="")):
            assert not [cell for cell in row if cell.startswith(FORMULA_STARTS)]


def test_an_apostrophe_in_a_file_of_somebody_else_stays(tmp_path):
    text = "prompt,model_a,answer_a,model_b,answer_b,winner\nQ,x,'=1,y,',model_a\n"
    (found,) = READERS["csv"]([write(tmp_path / "x.csv", text.encode())], ReadOptions())
    assert (found.a.text, found.b.text, found.credit, found.judge) == ("'=1", "'", 1.0, "people")


def test_a_parquet_file_has_typed_columns_and_a_row_group_for_each_thousand(tmp_path):
    question = Question("k", "Q")
    source = MemorySource([dataclasses.replace(EXAMPLE, question=question, repeat=i) for i in range(2500)])
    path = write(tmp_path / "x.parquet", b"".join(FORMATS["parquet"].parts(source)))
    file = pq.ParquetFile(path)
    assert (file.num_row_groups, file.metadata.num_rows) == (3, 2500)
    assert file.read(["credit", "repeat", "swapped"]).to_pylist()[2400] == {
        "credit": 0.25,
        "repeat": 2400,
        "swapped": False,
    }


@pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if form.rows is not None])
def test_an_export_is_read_as_it_is_sent(name):
    """No more rows are taken from the source than have been sent, but for one group."""
    taken = 0

    class Counting(MemorySource):
        def verdicts(self, **_):
            nonlocal taken
            for repeat in range(5000):
                taken += 1
                yield dataclasses.replace(LONG, question=Question(f"k{repeat}", "Q"))

        pairs = verdicts

    next(iter(FORMATS[name].parts(Counting())))
    assert 0 < taken <= 1001


def test_a_json_list_is_read_item_by_item(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK", 64)
    rows = [{"n": i, "text": 'a"]}{[' * (i % 40), "deep": [{"x": [i]}]} for i in range(300)]
    path = write(tmp_path / "x.json", json.dumps(rows, indent=3).encode())
    assert [record.values for record in records(path)] == rows
    assert b"".join(writing.json_list(iter(rows))) and json.loads(b"".join(writing.json_list(iter(rows)))) == rows
    assert json.loads(b"".join(writing.json_list(iter([])))) == []


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("x.jsonl", b'{"a": 1}\n{"a": \n', ["x.jsonl, line 2", "not JSON"]),
        ("x.jsonl", b'{"a": 1}\n\n[1]\n', ["x.jsonl, line 3", "object"]),
        ("x.jsonl", b'{"a": "\xff"}\n', ["line 1", "UTF-8"]),
        ("x.jsonl", b"[" * 100_000, ["line 1", "JSON"]),
        ("x.json", b'[{"a": 1} {"a": 2}]', [", or ]", "missing"]),
        ("x.json", b'[{"a": 1}', ["the file ends"]),
        ("x.json", b"[1]", ["must be an object"]),
        ("x.json", b"[] x", ["after the end"]),
        ("x.csv", b"a,b\n1,2\n1\n", ["x.csv, line 3", "1 cells", "2"]),
        ("x.csv", b"a,a\n", ["line 1", "each once"]),
        ("x.csv", b'a,b\n"1"2,3\n', ["line 2", "not CSV"]),
        ("x.csv", b"a\n\xff\n", ["UTF-8"]),
        ("x.csv.gz", gzip.compress(b"a,b\n1,2\n" * 999, mtime=0)[:40], ["gzip"]),
        ("x.parquet", b"PAR1nothing", ["cannot be read"]),
        ("x.txt", b"", [".jsonl"]),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path, name, data, words):
    with pytest.raises(InvalidInput) as caught:
        list(records(write(tmp_path / name, data)))
    assert all(word in str(caught.value) for word in words), caught.value


GOOD = {"prompt": "Q", "model_a": "x", "answer_a": "1", "model_b": "y", "answer_b": "2", "winner": "tie"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"winner": "both"}, ["winner", "both"]),
        ({"credit": 1.5}, ["credit", "outside"]),
        ({"credit": float("inf")}, ["credit", "outside"]),
        ({"credit": "high"}, ["credit", "number"]),
        ({"state": "guessed", "credit": 1}, ["state", "guessed"]),
        ({"state": "scored", "winner": ""}, ["credit", "scored"]),
        ({"creditt": 1}, ["creditt", "Did you mean 'credit'"]),
        ({"answer_a": "a\x00b"}, ["answer_a", "NUL"]),
        ({"answer_b": "\ud800"}, ["answer_b", "surrogate"]),
        ({"model_a": ""}, []),
        ({"model_b": None, "model_a": None}, ["model_a"]),
        ({"prompt": None}, ["prompt_key"]),
        ({"sample_a": 1.5}, ["sample_a", "whole"]),
        ({"swapped": "maybe"}, ["swapped", "true or false"]),
        ({"evidence": "{"}, ["evidence", "JSON"]),
        ({"evidence": {"x": float("inf")}}, ["evidence", "finite"]),
        ({"evidence": {"x": "\x00"}}, ["evidence", "NUL"]),
        ({"evidence": json.loads("[" * 60 + "]" * 60)}, ["evidence"]),
        ({"provenance": {"x": json.loads("[" * 60 + "]" * 60)}}, ["provenance", "deeper"]),
    ],
)
def test_a_bad_field_is_named_with_its_line(tmp_path, change, words):
    row = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    path = write(tmp_path / "x.jsonl", json.dumps(GOOD).encode() + b"\n" + json.dumps(row).encode())
    if not words:
        assert len(list(READERS["jsonl"]([path], ReadOptions()))) == 2  # the service names empty names
        return
    with pytest.raises(InvalidInput) as caught:
        list(READERS["jsonl"]([path], ReadOptions()))
    assert "line 2" in str(caught.value)
    assert all(word in str(caught.value) for word in words), caught.value


def test_nan_is_unscored_and_a_row_without_an_opponent_is_an_answer(tmp_path):
    rows = [{**GOOD, "winner": None, "credit": float("nan")}, {"prompt": "Q", "model_a": "z", "answer_a": ""}]
    path = write(tmp_path / "x.jsonl", b"\n".join(json.dumps(row).encode() for row in rows))
    verdict, answer = READERS["jsonl"]([path], ReadOptions(judge="me"))
    assert isinstance(verdict, Verdict)
    assert (verdict.credit, verdict.known_state, verdict.judge) == (None, "unparsed", "me")
    assert isinstance(answer, Answer)
    assert answer.side.text == ""


def _example(text):
    from leaderboard.benchmarks.exchange.items import Side

    return Verdict(Question("k", "Q"), Side("x", text, 0), Side("y", text + "!", 0), "j", 0.25, repeat=0)


EXAMPLE = _example("answer")
LONG = _example("a" * 400)
