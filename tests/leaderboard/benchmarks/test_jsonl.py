import gzip
import json

import pytest

from leaderboard.benchmarks import jsonl
from leaderboard.benchmarks.checks import clean_text
from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.registry import benchmarks


@pytest.fixture
def load(tmp_path):
    def load(content: bytes):
        path = tmp_path / "set.jsonl"
        path.write_bytes(content)
        return benchmarks.build("jsonl", {"path": str(path), "name": "mine"}).load()

    return load


def faults(load, content: bytes):
    with pytest.raises(InvalidInput) as caught:
        load(content)
    return [(fault.path, fault.message) for fault in caught.value.errors]


def test_fields_order_and_defaults(load):
    data = load(b'\xef\xbb\xbf{"text": "One?", "reference": "1", "category": "x"}\r\n\n{"key": 7, "text": "Two?"}')
    assert (data.name, data.version) == ("mine", "1")
    assert [(i.key, i.text, i.reference, i.category) for i in data.items] == [
        ("line-1", "One?", "1", "x"),
        ("7", "Two?", "", ""),
    ]


def test_only_a_line_feed_ends_a_line(load):
    text = "a\u2028b\u2029c\x85d\x0be\x1cf"
    data = load(f'{{"text": "{text}"}}\n'.replace("\x0b", "\\u000b").replace("\x1c", "\\u001c").encode())
    assert data.items[0].text == text


@pytest.mark.parametrize(
    ("line", "field", "words"),
    [
        (b"{oops}", (), "not JSON"),
        (b'{"text": "a"', (), "not JSON"),
        (b'"text"', (), "must be an object, not text"),
        (b'{"key": "k"}', ("text",), "The field 'text' is missing"),
        (b'{"text": null}', ("text",), "must be text, not null"),
        (b'{"text": "  "}', ("text",), "The text is empty"),
        (b'{"text": "x", "key": "ok"}', ("key",), "'ok' was used before"),
        (b'{"text": "x", "key": ""}', ("key",), "1 to 200 characters"),
        (b'{"text": "x", "key": true}', ("key",), "must be text, not true or false"),
        (b'{"text": "a\\u0000b"}', ("text",), "Character 2 is NUL"),
        (b'{"text": "a", "reference": "\\ud83d"}', ("reference",), "half of a surrogate pair"),
        (b'{"text": "\xff"}', (), "Byte 11 is not UTF-8"),
        (b'{"text": "x", "refernce": "1"}', ("refernce",), "Known fields: key, text, reference, category"),
        (b'{"text": ' + b"[" * 100_000, (), "cannot be read"),
        (b'{"text": ' + b"9" * 5000 + b"}", (), "cannot be read"),
    ],
)
def test_a_fault_names_its_line(load, line, field, words):
    ((path, message),) = faults(load, b'{"text": "fine", "key": "ok"}\n' + line + b"\n")
    assert path == ("lines", 2, *field)
    assert message.startswith("Line 2: ")
    assert words in message


def test_every_faulty_line_is_told_up_to_a_cap(load):
    found = faults(load, b"{}\n" * 3 + b'{"text": "fine"}\n' + b"{}\n" * 100)
    assert len(found) == jsonl.MAX_FAULTS
    assert [path[1] for path, _ in found[:4]] == [1, 2, 3, 5]


def test_caps_on_lines_and_items(load, monkeypatch):
    monkeypatch.setattr(jsonl, "MAX_LINE_BYTES", 30)
    monkeypatch.setattr(jsonl, "MAX_ITEMS", 2)
    exact = b'{"text": "%s"}' % (b"x" * 18)
    assert len(exact) == 30
    assert len(load(exact + b"\r\n" + exact).items) == 2
    ((path, message),) = faults(load, exact + b"\n" + exact[:-2] + b'x"}\n')
    assert path == ("lines", 2)
    assert "longer than 30 bytes" in message
    assert "at most 2 items" in faults(load, (exact + b"\n") * 3)[0][1]


def test_a_file_that_is_missing_or_empty(load, tmp_path):
    assert "holds no items" in faults(load, b"\n\n")[0][1]
    with pytest.raises(InvalidInput, match="There is no file"):
        benchmarks.build("jsonl", {"path": str(tmp_path), "name": "x"}).load()


@pytest.mark.parametrize("text", ["", "é 漢 🙂", "\u2028", "\n\t"])
def test_clean_text_lets_real_text_through(text):
    assert clean_text(text) is text


def test_earlier_turns_and_a_checklist_are_read(tmp_path):
    turns = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hello!"}]
    path = tmp_path / "items.jsonl"
    path.write_text(json.dumps({"text": "And now?", "earlier": turns, "checklist": ["It greets.", "It is short."]}))
    (item,) = jsonl.read_items(path)
    assert [(turn.role, turn.content) for turn in item.earlier] == [("user", "Hello?"), ("assistant", "Hello!")]
    assert item.checklist == ("It greets.", "It is short.")


@pytest.mark.parametrize(
    ("fields", "where", "words"),
    [
        ({"earlier": "Hello"}, ("earlier",), "must be a list, not text"),
        ({"earlier": ["Hello"]}, ("earlier", 0), "an object with 'role' and 'content'"),
        ({"earlier": [{"role": "bot", "content": "x"}]}, ("earlier", 0, "role"), "one of system, user, assistant"),
        ({"earlier": [{"role": "user", "content": 7}]}, ("earlier", 0, "content"), "must be text"),
        ({"earlier": [{"role": "user", "content": "a\x00"}]}, ("earlier", 0, "content"), "NUL"),
        ({"checklist": "one"}, ("checklist",), "must be a list"),
        ({"checklist": [1]}, ("checklist",), "a list of texts"),
    ],
)
def test_turns_or_items_that_are_none_are_told_with_their_line(tmp_path, fields, where, words):
    path = tmp_path / "items.jsonl"
    path.write_text(json.dumps({"text": "And now?", **fields}))
    with pytest.raises(InvalidInput) as caught:
        jsonl.read_items(path)
    (error,) = caught.value.errors
    assert error.path == ("lines", 1, *where)
    assert words in error.message


def one_line(tmp_path, **fields):
    path = tmp_path / "items.jsonl"
    path.write_text(json.dumps(fields))
    return jsonl.read_items(path)


def test_each_turn_of_a_conversation_follows_the_one_before(tmp_path):
    hello = [{"role": "system", "content": "Be short."}]
    asked = {"question_id": 81, "category": "talk", "turns": ["One?", "Two?", "Three?"], "earlier": hello}
    items = one_line(tmp_path, **asked, reference=["1", "2"], checklist=[[], ["It is two."]])
    assert [(item.key, item.text, item.follows) for item in items] == [
        ("81", "One?", ""),
        ("81:turn-2", "Two?", "81"),
        ("81:turn-3", "Three?", "81:turn-2"),
    ]
    assert {item.category for item in items} == {"talk"}
    assert [item.reference for item in items] == ["1", "2", ""]
    assert [item.checklist for item in items] == [(), ("It is two.",), ()]
    assert [len(item.earlier) for item in items] == [1, 0, 0]


@pytest.mark.parametrize(
    ("fields", "where", "words"),
    [
        ({"turns": "One?"}, ("turns",), "must be a list, not text"),
        ({"turns": []}, ("turns",), "at least 1 turn"),
        ({"turns": ["One?", ""]}, ("text",), "The text is empty"),
        ({"turns": ["One?", 2]}, ("text",), "must be text"),
        ({"turns": ["One?"], "text": "One?"}, ("turns",), "'text' or 'turns', not both"),
        ({"turns": ["One?"], "reference": "1"}, ("reference",), "must be a list, not text"),
        ({"turns": ["One?"], "reference": ["1", "2"]}, ("reference",), "There are 1 turns, but 2 parts"),
        ({"turns": ["One?"], "checklist": ["It is one."]}, ("checklist",), "must be a list, not text"),
        ({"text": "One?", "key": "a", "question_id": "a"}, ("question_id",), "not both"),
    ],
)
def test_turns_that_cannot_be_asked_are_told_with_their_line(tmp_path, fields, where, words):
    with pytest.raises(InvalidInput) as caught:
        one_line(tmp_path, **fields)
    (error,) = caught.value.errors
    assert error.path == ("lines", 1, *where)
    assert words in error.message


def test_mt_bench_is_read_as_it_is_published(reference_path, tmp_path):
    published = reference_path / "benchmarks" / "mt_bench" / "question.jsonl.gz"
    if not published.is_file():
        pytest.skip(f"The reference data has no {published.name}.")
    path = tmp_path / "question.jsonl"
    path.write_bytes(gzip.decompress(published.read_bytes()))
    items = jsonl.read_items(path)
    assert len(items) == 160
    assert [item.follows for item in items[:4]] == ["", "81", "", "82"]
    assert all(later.key == f"{first.key}:turn-2" for first, later in zip(items[::2], items[1::2], strict=True))
    assert sum(bool(item.reference) for item in items[::2]) > 20
