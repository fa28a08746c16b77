"""FastChat's folder for MT-bench: `question.jsonl`, `model_answer/MODEL.jsonl`, `model_judgment/*.jsonl`.

Each turn is a prompt of its own, since it is judged on its own, and follows the turn before: turn 2 of question 81 has
the key `81:turn-2`. Two games are two verdicts, the second with the sides swapped. Ratings of single answers, 1 to 10,
become grades in [0, 1].
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from leaderboard.benchmarks.exchange.items import Answer, Grade, Item, Question, Side, Source, Verdict, is_first
from leaderboard.benchmarks.exchange.layout import ANSWERS, JUDGMENTS, QUESTIONS, Folder, file_names
from leaderboard.benchmarks.exchange.options import ReadOptions
from leaderboard.benchmarks.exchange.reading import Record, records
from leaderboard.benchmarks.exchange.writing import json_lines
from leaderboard.benchmarks.turns import TURN, key_before, split_key, turn_key

POINTS = 10.0
"""The top of the scale of single ratings."""
DIGITS = 9
"""Decimals of a rating that come back exactly."""
WINNERS = {"model_1": 1.0, "model_2": 0.0, "tie": 0.5, "error": None}
WHOLE = re.compile(r"0|[1-9][0-9]{0,15}")
PAIRS, SINGLES = "pair.jsonl", "single.jsonl"


def _written_id(question: str) -> int | str:
    """As FastChat writes it: a number where it is one."""
    return int(question) if WHOLE.fullmatch(question) else question


def read(paths: Sequence[Path], options: ReadOptions) -> Iterator[Item]:
    """Prompts, answers, verdicts and grades of the folders. Raises InvalidInput."""
    for path in paths:
        folder = Folder(path)
        folder.check()
        for record in folder.questions():
            yield from _questions(record)
        for file in folder.files(ANSWERS):
            for record in records(file):
                yield from _answers(record)
        for file in folder.files(JUDGMENTS):
            for record in records(file):
                yield from _judged(record)


def _id(record: Record) -> str:
    found = record.text("question_id")
    if TURN.fullmatch(found):
        raise record.fault("question_id", f"'{found[:60]}' ends like a turn. Rename the question.")
    return found


def _questions(record: Record) -> Iterator[Question]:
    references = _texts(record, "reference", record.values.get("reference") or [])
    for turn, text in enumerate(_texts(record, "turns", record.values.get("turns")), 1):
        reference = references[turn - 1] if turn <= len(references) else ""
        key, before = turn_key(_id(record), turn), key_before(_id(record), turn)
        yield Question(key, text, record.text("category", ""), reference, record.place, before)


def _texts(record: Record, field: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise record.fault(field, "This must be a list of texts.")
    return [str(record.clean(field, text)) for text in value]


def _answers(record: Record) -> Iterator[Answer]:
    choices = record.values.get("choices")
    if (
        not isinstance(choices, list)
        or not choices
        or not all(isinstance(one, dict) and one.get("turns") for one in choices)
    ):
        raise record.fault("choices", "This must be a list of objects with turns.")
    kept = record.clean("answer", {n: v for n, v in record.values.items() if n in ("answer_id", "tstamp")})
    for sample, choice in enumerate(choices):
        for turn, text in enumerate(_texts(record, "choices", choice.get("turns")), 1):
            yield Answer(_asked(record, turn), Side(record.text("model_id"), text, sample, None, kept))


def _asked(record: Record, turn: int) -> Question:
    """A turn as answers and verdicts name it."""
    question = _id(record)
    return Question(turn_key(question, turn), place=record.place, follows=key_before(question, turn))


def _judged(record: Record) -> Iterator[Verdict | Grade]:
    question = _asked(record, record.whole("turn") or 1)
    if record.has("score"):
        yield _grade(record, question)
        return
    names = ("g1", "g2") if record.has("g1_winner") else ("",)
    for place, game in enumerate(names):
        yield _verdict(record, question, game, swapped=place == 1)


def _verdict(record: Record, question: Question, game: str, *, swapped: bool) -> Verdict:
    """One game. `winner` names model 1 or 2 in both games, whoever was shown first."""
    field = f"{game}_winner" if game else "winner"
    word = record.text(field)
    if word not in WINNERS:
        raise record.fault(field, f"'{word[:40]}' is none of {', '.join(WINNERS)}.")
    kept = record.clean("tstamp", {n: v for n, v in record.values.items() if n == "tstamp"})
    return Verdict(
        question,
        Side(record.text("model_1"), None, 0),
        Side(record.text("model_2"), None, 0),
        judge=_judge(record),
        credit=WINNERS[word],
        swapped=swapped,
        repeat=0,
        raw=record.text(f"{game}_judgment" if game else "judgment", ""),
        provenance=kept,
    )


def _judge(record: Record) -> str:
    """A judge is a model and the name of its prompt, as `gpt-4/pair-v2`."""
    value = record.values.get("judge")
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list) or not parts or not all(isinstance(part, str) and part for part in parts):
        raise record.fault("judge", "This must be a name, or the names of a model and its prompt.")
    return "/".join(str(record.clean("judge", part)) for part in parts)


def _grade(record: Record, question: Question) -> Grade:
    score = record.number("score", low=-1.0, high=POINTS)
    known = score is not None and score >= 0
    side = Side(record.text("model"), None, 0)
    return Grade(
        question,
        side,
        _judge(record),
        score / POINTS if known and score is not None else None,
        "" if known else "error",
    )


def files(source: Source) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The folder's files, each streamed on its own."""
    yield QUESTIONS, json_lines(_question_rows(source))
    for model, name in file_names(source.models).items():
        yield f"{ANSWERS}/{name}.jsonl", json_lines(_answer_rows(source, model))
    for judge, name in file_names(source.judges).items():
        yield f"{JUDGMENTS}/{name}_{PAIRS}", json_lines(_pair_rows(source, judge))
    yield f"{JUDGMENTS}/{SINGLES}", json_lines(map(_single_row, source.grades()))


def _question_rows(source: Source) -> Iterator[dict[str, Any]]:
    """A question with its turns, which follow each other among the prompts."""
    for key, group in groupby(source.questions(), key=lambda question: split_key(question.key)[0]):
        turns = list(group)
        row = {"question_id": _written_id(key), "category": turns[0].category, "turns": [t.text or "" for t in turns]}
        references = [turn.reference for turn in turns]
        yield {**row, "reference": references} if any(references) else row


def _answer_rows(source: Source, model: str) -> Iterator[dict[str, Any]]:
    """An answer to a question: choices are the samples, turns the prompts."""
    told = (a for a in source.answers(model) if a.side.text is not None)
    for key, group in groupby(told, key=lambda answer: split_key(answer.question.key)[0]):
        choices: dict[int, list[str]] = {}
        kept: dict[str, Any] = {}
        for answer in group:
            choices.setdefault(answer.side.sample or 0, []).append(answer.side.text or "")
            kept = dict(answer.side.provenance)
        yield {
            "question_id": _written_id(key),
            "answer_id": kept.get("answer_id", ""),
            "model_id": model,
            "choices": [{"index": index, "turns": turns} for index, turns in sorted(choices.items())],
            "tstamp": kept.get("tstamp", 0.0),
        }


def _pair_rows(source: Source, judge: str) -> Iterator[dict[str, Any]]:
    """Two games a row where both were judged; a pair judged in one order has a plain `winner`."""
    ours = (verdict for verdict in source.pairs() if verdict.judge == judge and is_first(verdict))
    for _, group in groupby(ours, key=lambda v: (v.question.key, v.a.name, v.b.name)):
        found = sorted(group, key=lambda verdict: verdict.swapped)
        verdict, turned = found[0], len(found) == 1 and found[0].swapped
        key, turn = split_key(verdict.question.key)
        models = (verdict.b.name, verdict.a.name) if turned else (verdict.a.name, verdict.b.name)
        games = [("g1", found[0]), ("g2", found[1])] if len(found) == 2 else [("", found[0])]
        row: dict[str, Any] = {"question_id": _written_id(key), "model_1": models[0], "model_2": models[1]}
        row |= {f"{game}_winner".strip("_"): _winner(one, turned=turned) for game, one in games}
        row |= {"judge": judge.split("/", 1)}
        row |= {f"{game}_judgment".strip("_"): one.raw for game, one in games}
        yield {**row, "turn": turn, "tstamp": verdict.provenance.get("tstamp", 0.0)}


def _winner(verdict: Verdict, *, turned: bool) -> str:
    if verdict.credit is None:
        return "error"
    credit = 1.0 - verdict.credit if turned else verdict.credit
    return "tie" if credit == 0.5 else "model_1" if credit > 0.5 else "model_2"


def _single_row(grade: Grade) -> dict[str, Any]:
    key, turn = split_key(grade.question.key)
    value = -1 if grade.value is None else round(grade.value * POINTS, DIGITS)
    return {
        "question_id": _written_id(key),
        "model": grade.side.name,
        "judge": grade.metric.split("/", 1),
        "score": int(value) if value == int(value) else value,
        "turn": turn,
    }
