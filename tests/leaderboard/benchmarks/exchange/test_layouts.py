"""Battles, FastChat's and Arena-Hard's folders, AlpacaEval's files and preference pairs, written and read back."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaderboard.benchmarks.alpaca_eval import ModelFiles, read_model
from leaderboard.benchmarks.exchange import arena_hard, fastchat
from leaderboard.benchmarks.exchange.formats import FORMATS, READERS
from leaderboard.benchmarks.exchange.items import Answer, Grade, Question, Side, Verdict
from leaderboard.benchmarks.exchange.options import ReadOptions
from leaderboard.benchmarks.exchange.preferences import Preferences
from leaderboard.contracts.params import InvalidInput
from tests.leaderboard.benchmarks.exchange.memory import CREDIT, NAME, SPREADSHEET, TEXT, MemorySource, verdicts
from tests.leaderboard.benchmarks.exchange.test_tables import back, plain, write

quiet = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = TEXT | SPREADSHEET


def by_content(verdict):
    """The verdict with the answer that stands first in the alphabet as side a, as battles do not keep the sides."""
    told = plain(verdict)
    return dataclasses.replace(told, raw="", evidence={}, provenance={}, prompt_tokens=0, output_tokens=0)


def battle(verdict):
    """What a battle holds of a verdict: conversations only where both texts are known, no cost, no raw words."""
    question = dataclasses.replace(verdict.question, reference="", category=verdict.question.category)
    known = question.text is not None

    def side(one):
        return Side(one.name, one.text if known else None, None, one.order)

    a, b = side(verdict.a), side(verdict.b)
    fields = {"judge": verdict.judge, "credit": verdict.credit, "swapped": verdict.swapped}
    state = "" if verdict.known_state in ("scored", "unparsed") else verdict.known_state
    return Verdict(question, a, b, **fields, state=state, repeat=verdict.repeat or None)


def shown(verdict):
    """The same verdict with the side shown first as side a, where that loses nothing."""
    if not verdict.swapped or verdict.credit not in (0.0, 0.5, 1.0, None):
        return verdict
    credit = None if verdict.credit is None else 1.0 - verdict.credit
    return dataclasses.replace(verdict, a=verdict.b, b=verdict.a, credit=credit, swapped=False)


@given(found=st.lists(verdicts(texts=TEXTS, credit=CREDIT | st.sampled_from([0.0, 0.5, 1.0])), max_size=4))
@quiet
@pytest.mark.parametrize("name", ["battles", "battles-jsonl", "battles-csv", "battles-parquet"])
def test_battles_give_back_who_met_whom_in_which_order_and_the_exact_credit(tmp_path, name, found):
    found = [dataclasses.replace(one, provenance={}, evidence={}) for one in found]
    got = [plain(one) for one in back(tmp_path, name, MemorySource(found), "battles")]
    assert got == [shown(battle(one)) for one in found]


@given(extra=st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-9, 9) | TEXTS, max_size=3), voter=NAME)
@quiet
@pytest.mark.parametrize("name", ["battles", "battles-jsonl", "battles-csv", "battles-parquet"])
def test_battles_keep_columns_that_mean_nothing_here(tmp_path, name, extra, voter):
    taken = {*"format more tstamp".split()} | set(ROW)
    row = {**ROW, **{k: v for k, v in extra.items() if k not in taken}, "judge": voter, "winner": "tie (bothbad)"}
    path = write(tmp_path / "in.jsonl", json.dumps(row).encode())
    (first,) = READERS["battles"]([path], ReadOptions(voters=True))
    assert (first.judge, first.provenance["voter"], first.evidence) == ("people", voter, {"outcome": "both_bad"})
    (again,) = back(tmp_path, name, MemorySource([first]), "battles")
    assert plain(again) == plain(first)
    told = json.loads(b"".join(FORMATS["battles-jsonl"].parts(MemorySource([first]))))
    kept = {name: value for name, value in row.items() if value is not None and name != "judge"}
    assert {name: told.get(name) for name in kept} == kept
    assert told["voter"] == voter


ROW = {
    "question_id": "q1",
    "model_a": "x",
    "model_b": "y",
    "winner": "model_a",
    "judge": "j",
    "conversation_a": [
        {"role": "user", "content": "Hi\n\n"},
        {"role": "assistant", "content": "\n\nHo"},
        {"role": "user", "content": "More?"},
        {"role": "assistant", "content": ""},
    ],
    "conversation_b": [
        {"role": "user", "content": "Hi\n\n"},
        {"role": "assistant", "content": "No"},
        {"role": "user", "content": "More?"},
        {"role": "assistant", "content": "Yes"},
    ],
    "turn": 2,
    "anony": True,
    "language": "English",
    "tstamp": 1682351591.1322,
}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"winner": "model_c"}, "winner"),
        ({"conversation_a": []}, "conversation_a"),
        ({"conversation_a": "hi"}, "JSON"),
        ({"conversation_b": [{"role": "user", "content": "Hi"}]}, "conversation_b"),
        ({"conversation_b": [{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "x"}]}, "Message 1"),
        ({"conversation_b": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}, "user turns"),
        ({"model_a": None}, "model_a"),
        ({"language": "\x00"}, "language"),
        ({"credit_a": 2}, "credit_a"),
        ({"state": "no-verdict"}, "state"),
    ],
)
def test_a_bad_battle_is_named_with_its_line(tmp_path, change, word):
    path = write(tmp_path / "x.jsonl", json.dumps(ROW).encode() + b"\n" + json.dumps({**ROW, **change}).encode())
    with pytest.raises(InvalidInput, match="line 2") as caught:
        list(READERS["battles"]([path], ReadOptions()))
    assert word in str(caught.value)


def test_many_judges_must_be_called_people(tmp_path):
    rows = b"\n".join(json.dumps({**ROW, "judge": f"user-{i}"}).encode() for i in range(60))
    path = write(tmp_path / "x.jsonl", rows)
    with pytest.raises(InvalidInput, match="--voters"):
        list(READERS["battles"]([path], ReadOptions()))
    assert {one.judge for one in READERS["battles"]([path], ReadOptions(voters=True))} == {"people"}


def test_battles_without_a_question_have_a_prompt_each(tmp_path):
    rows = [{"model_a": "x", "model_b": "y", "winner": "tie"}] * 2
    path = write(tmp_path / "x.jsonl", b"\n".join(json.dumps(row).encode() for row in rows))
    keys = [[one.question.key for one in READERS["battles"]([path], ReadOptions())] for _ in range(2)]
    assert len(set(keys[0])) == 2
    assert keys[0] == keys[1]


def unpacked(tmp_path, name, source):
    with zipfile.ZipFile(io.BytesIO(b"".join(FORMATS[name].parts(source)))) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    return tmp_path


def folder_of(items):
    answers = [item for item in items if isinstance(item, Answer)]
    return [[plain(i) for i in items if isinstance(i, kind)] for kind in (Verdict, Grade)], answers


@given(
    games=st.lists(st.tuples(st.sampled_from(sorted(arena_hard.LABELS)) | st.none(), TEXTS), min_size=2, max_size=2),
    texts=st.tuples(TEXTS, TEXTS, TEXTS),
)
@quiet
def test_arena_hard_gives_back_both_games_and_their_labels(tmp_path_factory, games, texts):
    tmp_path = tmp_path_factory.mktemp("arena")
    (tmp_path / "model_judgment" / "j").mkdir(parents=True)
    (tmp_path / "model_answer").mkdir()
    rows = {
        "question.jsonl": [{"uid": "u", "category": "hard", "prompt": texts[0]}],
        "model_answer/base.jsonl": [{"uid": "u", "model": "base", "messages": [{"content": {"answer": texts[1]}}]}],
        "model_answer/m.jsonl": [
            {"question_id": "u", "model_id": "m", "choices": [{"turns": [{"content": texts[2]}]}]}
        ],
        "model_judgment/j/m.jsonl": [
            {
                "uid": "u",
                "judge": "j",
                "model": "m",
                "baseline": "base",
                "games": [{"score": label, "judgment": {"answer": words}} for label, words in games],
            }
        ],
    }
    for name, lines in rows.items():
        write(tmp_path / name, b"\n".join(json.dumps(line).encode() for line in lines))
    first = list(READERS["arena-hard"]([tmp_path], ReadOptions()))
    found = [item for item in first if isinstance(item, Verdict)]
    for verdict, (label, words) in zip(found, games, strict=True):
        credit = None if label is None else arena_hard.LABELS[label]
        shown_first = credit if not verdict.swapped or credit is None else 1.0 - credit
        assert (verdict.a.name, verdict.b.name, verdict.credit, verdict.raw) == ("base", "m", shown_first, words)
    source = MemorySource(found, [item for item in first if isinstance(item, Answer)], baseline="base")
    again = list(READERS["arena-hard"]([unpacked(tmp_path / "out", "arena-hard", source)], ReadOptions()))
    assert [plain(item) for item in again if isinstance(item, Verdict)] == [plain(item) for item in found]
    assert {i.side.name: i.side.text for i in again if isinstance(i, Answer)} == {"base": texts[1], "m": texts[2]}


def test_arena_hard_tells_a_bad_label_and_takes_a_game_that_was_not_judged(tmp_path):
    (tmp_path / "model_judgment").mkdir()
    row = {"uid": "u", "judge": "j", "model": "m", "games": [None, {"score": "B>>A", "judgment": "words"}]}
    path = write(tmp_path / "model_judgment" / "m.jsonl", json.dumps(row).encode())
    lost, won = READERS["arena-hard"]([tmp_path], ReadOptions(baseline="old"))
    assert (lost.a.name, lost.credit, lost.known_state) == ("old", None, "unparsed")
    assert (won.credit, won.swapped, won.evidence, won.raw) == (1.0, True, {"label": "B>>A"}, "words")
    write(path, json.dumps({**row, "games": [{"score": "A>>>B"}]}).encode())
    with pytest.raises(InvalidInput, match=r"line 1.*A>>>B"):
        list(READERS["arena-hard"]([tmp_path], ReadOptions()))


FASTCHAT = {
    "question.jsonl": [
        {"question_id": 81, "category": "writing", "turns": ["One", "Two"]},
        {"question_id": 101, "category": "math", "turns": ["1+1?", "And 2+2?"], "reference": ["2", "4"]},
    ],
    "model_answer/x.jsonl": [
        {"question_id": q, "answer_id": "i", "model_id": "x", "tstamp": 1.5,
         "choices": [{"index": 0, "turns": [f"x{q}", "="]}]}
        for q in (81, 101)
    ],
    "model_answer/y.jsonl": [
        {"question_id": q, "answer_id": "i", "model_id": "y", "tstamp": 2.5,
         "choices": [{"index": 0, "turns": [f"y{q}", ""]}]}
        for q in (81, 101)
    ],
    "model_judgment/gpt-4_pair.jsonl": [
        {
            "question_id": 81, "model_1": "x", "model_2": "y", "g1_winner": one, "g2_winner": two,
            "judge": ["gpt-4", "pair-v2"], "g1_judgment": "first", "g2_judgment": "second", "turn": turn, "tstamp": 3.5,
        }
        for turn, (one, two) in enumerate([("model_1", "model_2"), ("tie", "error")], 1)
    ],
    "model_judgment/single.jsonl": [
        {"question_id": 101, "model": "x", "judge": ["gpt-4", "single-v1"], "score": score, "turn": turn}
        for turn, score in enumerate([7.7, -1], 1)
    ],
}  # fmt: skip


def fastchat_folder(root):
    for name, rows in FASTCHAT.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    return root


def test_fastchat_turns_are_prompts_games_are_orders_and_ratings_are_grades(tmp_path):
    items = list(READERS["fastchat"]([fastchat_folder(tmp_path)], ReadOptions()))
    found = [item for item in items if isinstance(item, Verdict)]
    assert [(v.question.key, v.judge, v.credit, v.swapped, v.raw) for v in found] == [
        ("81", "gpt-4/pair-v2", 1.0, False, "first"),
        ("81", "gpt-4/pair-v2", 0.0, True, "second"),
        ("81:turn-2", "gpt-4/pair-v2", 0.5, False, "first"),
        ("81:turn-2", "gpt-4/pair-v2", None, True, "second"),
    ]
    grades = [(g.question.key, g.metric, g.value, g.reason) for g in items if isinstance(g, Grade)]
    assert grades == [("101", "gpt-4/single-v1", 0.77, ""), ("101:turn-2", "gpt-4/single-v1", None, "error")]
    assert [i.text for i in items if isinstance(i, Question)] == ["One", "Two", "1+1?", "And 2+2?"]


@given(score=st.integers(10, 100).map(lambda n: n / 10) | st.integers(100, 1000).map(lambda n: n / 100))
def test_a_rating_of_ten_comes_back_exactly(score):
    grade = Grade(Question("1"), Side("x", "t", 0), "j/p", score / fastchat.POINTS)
    row = json.loads(b"".join(dict(fastchat.files(MemorySource(marks=[grade])))["model_judgment/single.jsonl"]))
    assert row["score"] == score


@given(question=NAME, turn=st.integers(1, 30))
def test_a_key_tells_question_and_turn(question, turn):
    if fastchat.TURN.fullmatch(question) is None:
        assert fastchat.split_key(fastchat.turn_key(question, turn)) == (question, turn)


@given(
    credits=st.lists(st.none() | st.integers(0, 2**52).map(lambda n: n / 2**52), min_size=1, max_size=4),
    ours=st.booleans(),
)
@quiet
def test_alpaca_eval_gives_back_texts_and_credits(tmp_path_factory, credits, ours):
    tmp_path = tmp_path_factory.mktemp("alpaca")
    items = []
    for place, credit in enumerate(credits):
        sides = [Side("m/1", f"=m{place}", 0), Side("base", f"b{place}", 0)]
        a, b = sides if ours else sides[::-1]
        items.append(Verdict(Question(f"k{place}", f"Q{place}", "set"), a, b, "j", credit, seconds=0.5, cost_usd=0.01))
    source = MemorySource(items, [Answer(v.question, s) for v in items for s in (v.a, v.b)], baseline="base")
    root = unpacked(tmp_path, "alpaca-eval", source) / "m__1"
    files = ModelFiles("m/1", tmp_path, root / "model_outputs.json", root / "j" / "annotations.json")
    found = read_model(files, baseline="base")
    assert [(o.instruction, o.dataset, o.text) for o in found.outputs] == [
        (f"Q{i}", "set", f"=m{i}") for i in range(len(items))
    ]
    mine = [c if ours or c is None else 1.0 - c for c in credits]
    assert [row.credit for row in found.annotations] == mine
    assert {(row.price_usd, row.seconds) for row in found.annotations} == {(0.01, 0.5)}
    assert [row.output_baseline for row in found.annotations] == [f"b{i}" for i in range(len(items))]


def test_alpaca_eval_needs_a_baseline():
    with pytest.raises(InvalidInput, match="baseline"):
        FORMATS["alpaca-eval"].parts(MemorySource())


def one(credit, *, swapped=False, judge="j", repeat=0, a="A", b="B", key="k", prompt="Q"):
    return Verdict(
        Question(key, prompt), Side("x", a, 0), Side("y", b, 0), judge, credit, swapped=swapped, repeat=repeat
    )


@pytest.mark.parametrize(
    ("found", "row", "reason"),
    [
        ([one(1.0), one(0.75, swapped=True)], ("A", "B", 0.75, 2), ""),
        ([one(0.0), one(0.25, swapped=True)], ("B", "A", 0.75, 2), ""),
        ([one(1.0), one(0.0, swapped=True)], None, "ties"),
        ([one(1.0), one(None, swapped=True)], None, "unscored"),
        ([one(1.0), one(0.5, repeat=1), one(1.0, swapped=True)], ("A", "B", 0.75, 3), ""),
        ([one(0.5)], None, "ties"),
        ([one(1.0, b="A")], None, "without two different texts"),
        ([one(1.0, b=None)], None, "without two different texts"),
        ([one(1.0, prompt=None)], None, "without two different texts"),
        ([one(0.52)], None, "below the margin"),
    ],
)
def test_a_preference_is_the_mean_over_both_orders(found, row, reason):
    pairs = Preferences(MemorySource(found), min_margin=0.1)
    got = [(r["chosen"], r["rejected"], r["margin"], r["verdicts"]) for r in pairs]
    assert got == ([row] if row else [])
    assert dict(pairs.left_out) == ({reason: 1} if reason else {})


@given(found=st.lists(verdicts(), max_size=8))
@quiet
def test_every_pair_is_written_or_counted(found):
    pairs = Preferences(MemorySource(found))
    rows = list(pairs)
    kinds = {(v.judge, v.question.key, *((s.name, s.sample, s.order) for s in (v.a, v.b))) for v in found}
    assert len(rows) == pairs.written
    assert pairs.written + sum(pairs.left_out.values()) == len(kinds)
    assert all(0 < row["margin"] <= 1 and row["chosen"] != row["rejected"] for row in rows)
