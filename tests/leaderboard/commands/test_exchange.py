"""Import and export as an operator runs them: what went out comes back, twice is once, and nothing is written over."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.benchmarks.exchange.formats import FORMATS
from leaderboard.benchmarks.exchange.items import PEOPLE
from leaderboard.benchmarks.exchange.preferences import Preferences
from leaderboard.contracts import registry
from leaderboard.contracts.values import Message, Outcome, VerdictState
from leaderboard.models import Board, Comparison, Entry, Judge, Judgment, Output, Score, Vote
from leaderboard.queries.exports import BoardSource, entry_names
from leaderboard.queries.turns import Talks
from leaderboard.services import catalog, facts
from tests.conversations import Chatty, talk_board
from tests.factories import FactBoard, fact_board, submit
from tests.leaderboard.benchmarks.exchange.test_layouts import FASTCHAT, fastchat_folder
from tests.leaderboard.commands.test_commands import run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _data(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


TEXTS = ["=1+1", "'quoted", "two\r\nlines\rof", "", "plain", "-5", 'a "b", c', "\u2028", "🙂", "\t"]


def filled() -> FactBoard:
    """Both orders, repeats, unscored states, evidence, credits that no sum of halves gives, answers that are odd."""
    made = fact_board(["x", "y", "z"], {f"k{i}": "ab"[i % 2] for i in range(5)}, judges=2)
    for i, key in enumerate(made.prompts):
        # The names come in another order than the ids of their outputs, so that sides must be kept on purpose.
        for name in ("z", "x", "y")[i % 3 :] + ("z", "x", "y")[: i % 3]:
            made.answer(name, key, TEXTS[(2 * i + ord(name)) % len(TEXTS)] + name * (i % 2))
    facts.add_outputs([Output(entry=made.entries["x"], prompt=made.prompts["k0"], sample=1, text="again")])
    pairs = [made.pair(a, b, key) for key in made.prompts for a, b in ("xy", "zx", "yz")]
    states = [VerdictState.SCORED, *list(VerdictState)]
    rows = [
        Judgment(
            judge=made.judges[n % 2],
            comparison=pair,
            swapped=n % 4 >= 2,
            repeat=n % 3 // 2,
            state=states[n % len(states)],
            credit_a=(n * 0.1234567891234 + 1e-9) % 1 if states[n % len(states)] == VerdictState.SCORED else None,
            raw=TEXTS[n % len(TEXTS)],
            evidence={"logprobs": [["A", -0.1 * n]], "note": "=x"} if n % 2 else {},
            prompt_tokens=n,
            output_tokens=n * 2,
            seconds=n / 7 if n % 5 else None,
            cost_usd=n / 11 if n % 3 else None,
            provenance={"device": "cpu"} if n % 2 else {},
        )
        for n, pair in enumerate(pairs * 4)
    ]
    facts.add_judgments(rows)
    return made


def content(board: Board, *, told=True) -> list:
    """All that exports can hold of a board's judgments, sides as they are stored; by name, never by id."""
    names = entry_names(board)
    rows = []
    for j in (
        Judgment.objects.filter(comparison__prompt__benchmark=board.benchmark_id)
        .select_related("judge", "comparison__prompt", "comparison__a", "comparison__b")
        .order_by("pk")
    ):
        pair = j.comparison
        sides = [(names[side.entry_id], side.text, side.sample) for side in (pair.a, pair.b)]
        prompt = (pair.prompt.key, pair.prompt.text, pair.prompt.category, pair.prompt.reference)
        own = (j.judge.name, j.swapped, j.repeat, j.state, j.credit_a)
        more = (j.raw, j.evidence, j.prompt_tokens, j.output_tokens, j.seconds, j.cost_usd)
        provenance = {name: value for name, value in j.provenance.items() if name != "imported"}
        rows.append((prompt, *sides, own, (more, provenance) if told else ()))
    return rows


def emptied() -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert not Judgment.objects.exists() and not Board.objects.exists()


def sizes() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Output, Comparison, Judgment, Score, Entry, Judge))


def export(capsys, name, board, path, *words):
    code, _, err = run(capsys, "export", name, "--board", board, "--out", str(path), *words)
    assert code == 0, err
    return path


def imported(capsys, name, path, *words):
    code, _, err = run(capsys, "import", name, str(path), "--board", "back", *words)
    assert code == 0, err
    return Board.objects.get(slug="back")


@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet"])
def test_a_table_in_an_empty_database_gives_the_same_facts(tmp_path, capsys, name):
    before = content(filled().board)
    path = export(capsys, name, "facts", tmp_path / f"x.{name}")
    emptied()
    back = imported(capsys, name, path)
    assert len(before) == 60
    assert content(back) == before
    count = sizes()
    imported(capsys, name, path)
    assert sizes() == count
    again = export(capsys, "jsonl", "back", tmp_path / "again.jsonl")
    emptied()
    assert content(imported(capsys, "jsonl", again)) == before


@pytest.mark.parametrize(
    ("name", "suffix"), [("battles", "json"), ("battles-csv", "csv"), ("battles-parquet", "parquet")]
)
def test_battles_in_an_empty_database_give_the_same_verdicts(tmp_path, capsys, name, suffix):
    made = filled()
    before = content(made.board, told=False)
    path = export(capsys, name, "facts", tmp_path / f"x.{suffix}")
    emptied()
    back = imported(capsys, "battles", path)
    # A battle does not hold which sample an answer is, nor references.
    assert content(back, told=False) == before
    count = sizes()
    imported(capsys, "battles", path)
    assert sizes() == count


def test_an_export_imported_where_it_came_from_adds_nothing(tmp_path, capsys):
    filled()
    path = export(capsys, "jsonl", "facts", tmp_path / "x.jsonl")
    count = sizes()
    code, out, err = run(capsys, "import", "jsonl", str(path), "--board", "facts")
    assert (code, sizes()) == (0, count), err
    assert "60 were there already" in out


def test_fastchat_comes_back_as_it_was(tmp_path, capsys):
    board = imported(capsys, "fastchat", fastchat_folder(tmp_path / "in"))
    assert board.metric is not None
    assert [(s.value, s.reason) for s in Score.objects.order_by("pk")] == [(0.77, ""), (None, "error")]
    export(capsys, "fastchat", "back", tmp_path / "out")
    for name, rows in FASTCHAT.items():
        file = name.replace("gpt-4_pair", "gpt-4__pair-v2_pair")
        got = [json.loads(line) for line in (tmp_path / "out" / file).read_text().splitlines()]
        assert got == rows, name
    count = sizes()
    imported(capsys, "fastchat", tmp_path / "out")
    assert sizes() == count


def test_a_model_goes_on_from_its_own_answers_on_an_imported_board_and_imported_ones_are_read_so(
    tmp_path, capsys, work
):
    with registry.generators.override(Chatty):
        board = imported(capsys, "fastchat", fastchat_folder(tmp_path / "in"))
        follows = board.benchmark.prompts.order_by("position").values_list("key", "follows__key")
        assert list(follows) == [("81", None), ("81:turn-2", "81"), ("101", None), ("101:turn-2", "101")]
        Board.objects.update(open_to_submissions=True)
        submit(board, {"model": "ann"})
        work()
    made = Output.objects.filter(entry__model__name="ann").order_by("pk")
    assert [output.prompt.key for output in made] == ["81", "101", "81:turn-2", "101:turn-2"]
    assert [len(request.messages) for request in Chatty.heard[-4:]] == [1, 1, 3, 3]
    old = Output.objects.select_related("prompt").get(entry__model__name="x", prompt__key="101:turn-2")
    turns = Talks.of_outputs([old]).messages(old.prompt, old.entry_id, old.sample)
    assert turns == (Message("user", "1+1?"), Message("assistant", "x101"))


def talking(work) -> Board:
    """Two entries with all their turns, and a judge who prefers side a."""
    board = talk_board()
    with registry.generators.override(Chatty):
        for name in ("ann", "bob"):
            submit(board, {"model": name, "same": name == "bob"})
        work()
    judge = catalog.imported_judge(name="referee")
    board.judges.add(judge)
    pairs = Comparison.objects.filter(prompt__benchmark=board.benchmark_id)
    facts.add_judgments([Judgment(judge=judge, comparison=one, state="scored", credit_a=1.0) for one in pairs])
    return board


@pytest.mark.parametrize(("form", "reader"), [("jsonl", "jsonl"), ("battles-jsonl", "battles")])
def test_conversations_go_out_whole_and_their_own_board_knows_them(tmp_path, capsys, work, form, reader):
    board = talking(work)
    path = export(capsys, form, board.slug, tmp_path / "out.jsonl")
    rows = {row.get("prompt_key") or row["question_id"]: row for row in map(json.loads, path.read_text().splitlines())}
    for side, name, second in (("a", "ann", "ann 0 on Second?"), ("b", "bob", "Yes.")):
        third = rows["q:turn-3"]
        assert name in third[f"model_{side}"]
        talk = third[f"conversation_{side}" if reader == "battles" else f"earlier_{side}"]
        assert [turn["role"] for turn in talk[:4]] == ["user", "assistant"] * 2
        assert [turn["content"] for turn in talk[:4]] == ["First?", f"{name} 0 on First?", "Second?", second]
    assert rows["q"].get("earlier_a") is None and rows["q:turn-2"].get("follows", "q") == "q"
    count = sizes()
    code, out, err = run(capsys, "import", reader, str(path), "--board", board.slug)
    assert (code, sizes()) == (0, count), err
    assert "5 were there already" in out


def test_a_table_makes_a_board_whose_turns_follow_each_other(tmp_path, capsys, work):
    path = export(capsys, "csv", talking(work).slug, tmp_path / "out.csv")
    board = imported(capsys, "csv", path)
    follows = dict(board.benchmark.prompts.exclude(follows=None).values_list("key", "follows__key"))
    assert follows == {"q:turn-2": "q", "q:turn-3": "q:turn-2", "r:turn-2": "r"}
    count = sizes()
    imported(capsys, "csv", path)
    assert sizes() == count


def test_answers_to_different_conversations_are_no_preference_pair(tmp_path, capsys, work):
    board = talking(work)
    wanted = Preferences(BoardSource(board, private=False))
    assert sorted(row["prompt_key"] for row in wanted) == ["q", "r"]
    assert wanted.left_out == {"after different conversations": 3}


def arena_folder(root, games):
    (root / "model_judgment" / "j").mkdir(parents=True)
    (root / "model_answer").mkdir()
    questions = [{"uid": f"u{i}", "category": "hard", "prompt": f"Q{i}"} for i in range(len(games))]
    (root / "question.jsonl").write_text("".join(json.dumps(row) + "\n" for row in questions))
    for model in ("base", "m"):
        rows = [
            {
                "uid": q["uid"],
                "ans_id": "i",
                "model": model,
                "messages": [
                    {"content": q["prompt"], "role": "user"},
                    {"content": {"answer": f"{model} {q['uid']}"}, "role": "assistant"},
                ],
                "tstamp": 1.5,
            }
            for q in questions
        ]
        (root / "model_answer" / f"{model}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    judged = [
        {
            "uid": q["uid"],
            "category": "hard",
            "judge": "j",
            "model": "m",
            "baseline": "base",
            "games": [label and {"score": label, "judgment": {"answer": f"So {label}"}} for label in pair],
        }
        for q, pair in zip(questions, games, strict=True)
    ]
    (root / "model_judgment" / "j" / "m.jsonl").write_text("".join(json.dumps(row) + "\n" for row in judged))
    return root


def test_arena_hard_comes_back_byte_for_byte(tmp_path, capsys):
    root = arena_folder(tmp_path / "in", [("A>>B", "B>A"), ("A=B", "B<<A"), (None, "A>B")])
    board = imported(capsys, "arena-hard", root)
    assert (board.baseline.model.name, board.rater, board.pairing) == ("base", "win-rate", "baseline")
    # m: 0 and 0, 0.5 and 1, none and 1: in the second game m is A; a strong label counts as one win.
    row = board.current.standings.get(entry__model__name="m")
    assert (row.n, row.unscored, row.win_rate) == (5, 1, pytest.approx(100 * 2.5 / 5))
    export(capsys, "arena-hard", "back", tmp_path / "out")
    for path in root.rglob("*.jsonl"):
        assert (tmp_path / "out" / path.relative_to(root)).read_bytes() == path.read_bytes(), path


def test_votes_of_people_go_out_and_come_back_as_verdicts_of_people(tmp_path, capsys):
    made = fact_board(["x", "y"], {"k": ""}, counts_votes=True)
    outcomes = [Outcome.A, Outcome.BOTH_BAD, Outcome.TIE, Outcome.SKIP]
    votes = [made.vote("x", "y", "k", outcome, voter=f"user:{i}") for i, outcome in enumerate(outcomes)]
    before = [(v.outcome == Outcome.BOTH_BAD, v.voter) for v in votes[:3]]
    path = export(capsys, "battles", "facts", tmp_path / "x.json")
    emptied()
    imported(capsys, "battles", path)
    assert not Vote.objects.exists()
    found = Judgment.objects.order_by("pk")
    assert {j.judge.name for j in found} == {PEOPLE}
    assert [("outcome" in j.evidence, j.provenance["voter"]) for j in found] == before
    assert [(j.comparison.entry_a.model.name, j.credit_a) for j in found] == [("x", 1.0), ("x", 0.5), ("x", 0.5)]
    private = list(BoardSource(Board.objects.get(slug="back"), private=True).verdicts())
    assert len({v.provenance["voter"] for v in private}) == 3
    assert not [v for v in private if "user:" in str(v.provenance)]


def test_preferences_say_what_was_left_out(tmp_path, capsys):
    made = fact_board(["x", "y"], {f"k{i}": "" for i in range(4)})
    for key, credit in zip(made.prompts, (1.0, 0.5, None, 0.55), strict=True):
        made.verdict("x", "y", key, credit)
    words = ("export", "preferences", "--board", "facts", "--out", str(tmp_path / "p.jsonl"), "--min-margin", "0.5")
    code, _, err = run(capsys, *words)
    assert code == 0
    assert "1 pairs; left out: 1 below the margin, 1 ties, 1 unscored." in " ".join(err.split())
    (row,) = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert (row["chosen_model"], row["rejected_model"], row["margin"], row["prompt"]) == ("x", "y", 1.0, "Say k0.")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_an_export_streams_in_a_constant_number_of_queries(name):
    made = fact_board(["x", "y"], {f"k{i}": "" for i in range(3)}, baseline="x")
    counts = []
    for key in made.prompts:
        for repeat in range(5):
            made.verdict("x", "y", key, 1.0, repeat=repeat)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            source = BoardSource(Board.objects.get(), private=True)
            assert b"".join(FORMATS[name].parts(source))
        counts.append(len(seen))
    assert len(set(counts)) == 1


def test_memory_does_not_grow_with_the_board(monkeypatch):
    """Of thousands of judgments never more than one chunk is fetched before the first are sent."""
    made = fact_board(["x", "y"], {"k": ""})
    pair = made.pair("x", "y", "k")
    rows = [
        Judgment(judge=made.judges[0], comparison=pair, repeat=n, state="scored", credit_a=1.0) for n in range(4000)
    ]
    facts.add_judgments(rows)
    taken = []
    from leaderboard.queries import exports

    whole = exports._question
    monkeypatch.setattr(exports, "_question", lambda row: taken.append(1) or whole(row))
    parts = FORMATS["jsonl"].parts(BoardSource(made.board, private=True))
    first = next(parts)
    assert 0 < len(taken) < 1000
    assert (first + b"".join(parts)).count(b"\n") == len(taken) == 4000
