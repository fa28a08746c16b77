"""Junk: readers tell every fault in words, and writers write whatever was stored."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaderboard.benchmarks.exchange.formats import FORMATS, READERS
from leaderboard.benchmarks.exchange.items import Answer
from leaderboard.benchmarks.exchange.options import ReadOptions
from leaderboard.benchmarks.exchange.reading import KINDS, records
from leaderboard.contracts.params import InvalidInput
from tests.leaderboard.benchmarks.exchange.memory import TEXT, MemorySource, verdicts
from tests.leaderboard.benchmarks.exchange.test_layouts import FASTCHAT, ROW
from tests.leaderboard.benchmarks.exchange.test_tables import GOOD, write

quiet = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXT
    | st.sampled_from(["\x00", "\ud800", "model_1", "tie"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | st.sampled_from(["content", "turns"]), inner),
    max_leaves=6,
)
ARENA = {"uid": "u", "judge": "j", "model": "m", "baseline": "b", "games": [{"score": "A>B", "judgment": "w"}, None]}
ASKED = {"uid": "u", "question_id": "u", "prompt": "Q", "category": "c", "cluster": "d", "turns": ["Q"]}
SAID = {
    "uid": "u",
    "model": "m",
    "messages": [{"content": {"answer": "x"}}],
    "choices": [{"turns": ["x"]}],
    "tstamp": 1,
}
PAIR, SINGLE = FASTCHAT["model_judgment/gpt-4_pair.jsonl"][0], FASTCHAT["model_judgment/single.jsonl"][0]
SHAPES = [
    ("jsonl", "x.jsonl", GOOD),
    ("battles", "x.jsonl", ROW),
    ("arena-hard", "model_judgment/x.jsonl", ARENA),
    ("arena-hard", "model_answer/x.jsonl", SAID),
    ("fastchat", "model_judgment/x.jsonl", PAIR),
    ("fastchat", "model_judgment/x.jsonl", SINGLE),
    ("fastchat", "model_answer/x.jsonl", FASTCHAT["model_answer/x.jsonl"][0]),
]


@pytest.mark.parametrize(("name", "file", "row"), SHAPES)
@given(data=st.data())
@quiet
def test_a_row_with_junk_is_taken_or_refused_in_words(tmp_path, name, file, row, data):
    fields = data.draw(st.lists(st.sampled_from(sorted(row)), max_size=3, unique=True))
    spoilt = {**row, **{field: data.draw(JUNK) for field in fields}}
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    write(path, json.dumps(spoilt).encode())
    given_path = path if path.parent == tmp_path else tmp_path
    try:
        items = list(READERS[name]([given_path], ReadOptions()))
    except InvalidInput as refused:
        assert "x.jsonl" in str(refused)
    else:
        assert items


@given(data=st.binary(max_size=200), kind=st.sampled_from(KINDS))
@quiet
def test_any_bytes_are_rows_or_refused_in_words(tmp_path, data, kind):
    path = write(tmp_path / f"x{kind}", data)
    try:
        list(records(path))
    except InvalidInput as refused:
        assert str(refused)


@pytest.mark.parametrize("name", sorted(FORMATS))
@given(found=st.lists(verdicts(), max_size=3), junk=JUNK)
@quiet
def test_whatever_provenance_holds_can_be_written(name, found, junk):
    try:
        junk = json.loads(json.dumps(junk, allow_nan=False).replace("\\u0000", "").replace("\\ud800", ""))
    except ValueError:
        return
    notes = dict.fromkeys(
        ("battle", "voter", "winner", "turns", "tstamp", "ans_id", "judged", "label", "outcome"), junk
    )
    found = [
        dataclasses.replace(
            one,
            provenance=notes,
            evidence=notes,
            a=dataclasses.replace(one.a, provenance=notes),
            b=dataclasses.replace(one.b, provenance=notes),
        )
        for one in found
    ]
    answers = [Answer(one.question, one.a) for one in found]
    source = MemorySource(found, answers, baseline=found[0].a.name if found else "base")
    b"".join(FORMATS[name].parts(source))
