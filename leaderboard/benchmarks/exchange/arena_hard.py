"""Arena-Hard's folder: `question.jsonl`, `model_answer/MODEL.jsonl`, `model_judgment/JUDGE/MODEL.jsonl`.

Both versions are read: 0.1 calls a prompt `question_id`, 2.0 calls it `uid` and names the baseline. In the first
game the baseline is answer A, in the second the model is. Labels such as `A>>B` give credit 1, as a win does; the
label is kept, since Arena-Hard weighs it three times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from leaderboard.benchmarks.exchange.items import Answer, Item, Question, Side, Source, Verdict, is_first
from leaderboard.benchmarks.exchange.layout import ANSWERS, JUDGMENTS, QUESTIONS, Folder, file_names
from leaderboard.benchmarks.exchange.options import ReadOptions
from leaderboard.benchmarks.exchange.reading import Record, records
from leaderboard.benchmarks.exchange.writing import json_lines

LABELS: Mapping[str, float] = {
    **dict.fromkeys(("A>B", "A>>B", "B<A", "B<<A"), 1.0),
    **dict.fromkeys(("A=B", "B=A"), 0.5),
    **dict.fromkeys(("B>A", "B>>A", "A<B", "A<<B"), 0.0),
}
"""Credit of the answer called A."""
GAMES = 2


def read(paths: Sequence[Path], options: ReadOptions) -> Iterator[Item]:
    """Prompts, answers and verdicts of the folders. Raises InvalidInput."""
    for path in paths:
        folder = Folder(path)
        folder.check()
        for record in folder.questions():
            yield _question(record)
        yield from _answers(folder)
        yield from _verdicts(folder, options)


def _question(record: Record) -> Question:
    text, category = record.optional("prompt"), record.text("category", "")
    if text is None:
        turns = record.values.get("turns")
        first = turns[0] if isinstance(turns, list) and turns else None
        text = _content(record, "turns", first)
    group = record.text("cluster", record.text("subcategory", ""))
    return Question(_key(record), text, (group or category)[:80], "", record.place)


def _key(record: Record) -> str:
    return record.text("uid") if record.has("uid") else record.text("question_id")


def _content(record: Record, field: str, turn: Any) -> str:
    """A turn's text; older files keep it under `content`, newer answers under `content.answer`."""
    for name in ("content", "answer"):
        turn = turn.get(name) if isinstance(turn, dict) and name in turn else turn
    if not isinstance(turn, str):
        raise record.fault(field, "There is no text here.")
    return str(record.clean(field, turn))


def _answers(folder: Folder) -> Iterator[Answer]:
    for path in folder.files(ANSWERS):
        for record in records(path):
            model = record.text("model") if record.has("model") else record.text("model_id")
            kept = record.clean("answer", {n: v for n, v in record.values.items() if n in ("ans_id", "tstamp")})
            side = Side(model, _answer_text(record), 0, None, kept)
            yield Answer(Question(_key(record), place=record.place), side)


def _answer_text(record: Record) -> str:
    messages = record.values.get("messages")
    if isinstance(messages, list) and messages:
        return _content(record, "messages", messages[-1])
    choices = record.values.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict) and choices[0].get("turns"):
        return _content(record, "choices", choices[0]["turns"][0])
    raise record.fault("messages", "There is no answer here.")


def _verdicts(folder: Folder, options: ReadOptions) -> Iterator[Verdict]:
    for path in folder.files(JUDGMENTS):
        for record in records(path):
            games = record.values.get("games")
            if not isinstance(games, list) or not 0 < len(games) <= GAMES:
                raise record.fault("games", "This must be a list of one or two games.")
            for place, game in enumerate(games):
                yield _verdict(record, options, place, game)


def _verdict(record: Record, options: ReadOptions, place: int, game: Any) -> Verdict:
    """Side a is the baseline, which the second game shows second. A game that is null was not judged."""
    if game is not None and not isinstance(game, dict):
        raise record.fault("games", f"Game {place + 1} must be an object or null.")
    label = (game or {}).get("score")
    if label is not None and label not in LABELS:
        raise record.fault("games", f"Game {place + 1}: '{str(label)[:20]}' is no label such as A>>B.")
    first = LABELS[label] if label is not None else None
    words = (game or {}).get("judgment")
    return Verdict(
        Question(_key(record), place=record.place),
        Side(record.text("baseline", options.baseline), None, 0),
        Side(record.text("model"), None, 0),
        judge=record.text("judge", options.judge),
        credit=first if place == 0 or first is None else 1.0 - first,
        swapped=place == 1,
        repeat=0,
        raw=_content(record, "games", words) if words else "",
        evidence={"label": label} if label is not None else {},
        provenance={} if game is not None else {"judged": False},
    )


def files(source: Source) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The files of version 2.0, each streamed on its own."""
    yield QUESTIONS, json_lines(map(_question_row, source.questions()), ascii_only=False)
    names = file_names(source.models)
    for model in source.models:
        rows = (
            _answer_row(answer)
            for answer in source.answers(model)
            if answer.side.text is not None and not answer.side.sample
        )
        yield f"{ANSWERS}/{names[model]}.jsonl", json_lines(rows, ascii_only=False)
    for judge, folder in file_names(source.judges).items():
        for model in source.models:
            if model != source.baseline:
                name = f"{JUDGMENTS}/{folder}/{names[model]}.jsonl"
                yield name, json_lines(_judged(source, judge, model), ascii_only=False)


def _question_row(question: Question) -> dict[str, Any]:
    return {"uid": question.key, "category": question.category, "prompt": question.text or ""}


def _answer_row(answer: Answer) -> dict[str, Any]:
    asked = {"content": answer.question.text or "", "role": "user"}
    said = {"content": {"answer": answer.side.text}, "role": "assistant"}
    told = answer.side.provenance
    return {
        "uid": answer.question.key,
        "ans_id": told.get("ans_id", ""),
        "model": answer.side.name,
        "messages": [asked, said],
        "tstamp": told.get("tstamp", 0.0),
    }


def _judged(source: Source, judge: str, model: str) -> Iterator[dict[str, Any]]:
    """A row a prompt and opponent; games that are not there are null; repeats and further samples are left out."""
    ours = (v for v in source.verdicts(judge=judge, model=model) if is_first(v) and _counts(source, v))
    for _, group in groupby(ours, key=lambda v: (v.question.key, v.a.name, v.b.name)):
        found = list(group)
        verdict = found[0]
        other = verdict.b.name if verdict.a.name == model else verdict.a.name
        games: list[dict[str, Any] | None] = [None, None]
        for one in found:
            games[one.shown()[0].name == model] = _game(one)
        yield {
            "uid": verdict.question.key,
            "category": verdict.question.category,
            "judge": judge,
            "model": model,
            "baseline": other,
            "games": games,
        }


def _counts(source: Source, verdict: Verdict) -> bool:
    return not source.baseline or source.baseline in (verdict.a.name, verdict.b.name)


def _game(verdict: Verdict) -> dict[str, Any] | None:
    if verdict.provenance.get("judged") is False:
        return None
    return {"score": _label(verdict), "judgment": {"answer": verdict.raw}}


def _label(verdict: Verdict) -> str | None:
    if verdict.credit is None:
        return None
    label = verdict.evidence.get("label")
    if isinstance(label, str) and label in LABELS:
        return label
    first = 1.0 - verdict.credit if verdict.swapped else verdict.credit
    return "A=B" if first == 0.5 else "A>B" if first > 0.5 else "B>A"
