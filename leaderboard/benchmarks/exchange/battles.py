"""Battles as LMArena and FastChat's `clean_battle` publish them: the model shown first is `model_a`.

Columns without a meaning here are kept with the verdict, and written back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from leaderboard.benchmarks.checks import plain_type
from leaderboard.benchmarks.exchange.cells import MARK_COLUMN
from leaderboard.benchmarks.exchange.items import BOTH_BAD, Question, Side, Source, Verdict
from leaderboard.benchmarks.exchange.options import ReadOptions
from leaderboard.benchmarks.exchange.plain import credit_of
from leaderboard.benchmarks.exchange.reading import Record, parse, records
from leaderboard.contracts.fingerprint import canonical_json, fingerprint
from leaderboard.contracts.values import Message, Role, VerdictState

MOST_JUDGES = 50
"""Different names of judges above which they must be people."""
BOTH_BAD_WORDS = ("tie (bothbad)", "both_bad")
TURN_GAP = "\n\n"
ROLES: tuple[Role, Role] = ("user", "assistant")
OWN = (
    *("question_id", "category", "prompt", "model_a", "model_b", "winner", "judge", "voter", "conversation_a"),
    *("conversation_b", "credit_a", "credit_b", "state", "output_a", "output_b", "repeat", "earlier"),
    MARK_COLUMN,
)
"""Columns with a meaning. `credit_…`: of the canonical side, only where the winner does not tell it.

`earlier`: how many messages at the start of both conversations stand before the prompt, which are not read back.
"""
SCHEMA: Mapping[str, pa.DataType] = {
    **dict.fromkeys((name for name in OWN if name != MARK_COLUMN), pa.string()),
    **dict.fromkeys(("credit_a", "credit_b"), pa.float64()),
    **dict.fromkeys(("output_a", "output_b", "repeat", "earlier"), pa.int64()),
    "tstamp": pa.float64(),
    "more": pa.string(),
}
"""Of a table, where the other columns are one JSON object in the column `more`."""


def read(paths: Sequence[Path], options: ReadOptions) -> Iterator[Verdict]:
    """The battles. Raises InvalidInput."""
    seen: Counter[str] = Counter()
    judges: set[str] = set()
    for path in paths:
        for record in records(path):
            found = _battle(record, options, seen)
            judges.add(found.judge)
            if len(judges) > MOST_JUDGES:
                message = f"The files name more than {MOST_JUDGES} judges. If they are people, add --voters."
                raise record.fault("judge", message)
            yield found


def _battle(record: Record, options: ReadOptions, seen: Counter[str]) -> Verdict:
    judge, voter = _who(record, options)
    question, sides = _answers(record, seen)
    extras = _extras(record)
    word, state, credit = record.text("winner", ""), record.text("state", ""), credit_of(record, "winner")
    turned = record.has("credit_b")
    if turned or record.has("credit_a"):
        credit = record.number("credit_b" if turned else "credit_a", low=0.0, high=1.0)
    told = {"voter": voter, "battle": extras, "winner": word if word == BOTH_BAD_WORDS[1] else ""}
    identity = fingerprint(voter, extras)[:16] if voter or "tstamp" in extras else ""
    return Verdict(
        question,
        sides[1] if turned else sides[0],
        sides[0] if turned else sides[1],
        judge=judge,
        credit=credit,
        swapped=turned,
        state=_state(record, state, credit),
        repeat=record.whole("repeat"),
        identity=identity,
        evidence={"outcome": BOTH_BAD} if word in BOTH_BAD_WORDS else {},
        provenance={name: value for name, value in told.items() if value},
    )


def _state(record: Record, state: str, credit: float | None) -> str:
    if state and (state not in list(VerdictState) or (state == VerdictState.SCORED) != (credit is not None)):
        raise record.fault("state", f"The state '{state[:40]}' is unknown, or does not go with the winner.")
    return state


def _who(record: Record, options: ReadOptions) -> tuple[str, str]:
    """The judge, and the person where it stands for several."""
    judge, voter = record.text("judge", ""), record.text("voter", "")
    if options.voters and not voter:
        return options.judge, judge
    return judge or options.judge, voter


def _extras(record: Record) -> dict[str, Any]:
    """All other columns as they are; those of a table's column `more` among them."""
    names = [name for name in record.values if name not in (*OWN, "more") and record.has(name)]
    kept = {name: record.clean(name, _bare(record, name)) for name in names}
    return {**kept, **record.data("more")}


def _bare(record: Record, name: str) -> Any:
    value = record.values[name]
    if name == "tstamp" and isinstance(value, str):
        with suppress(ValueError):
            return float(value)
    return record.optional(name) if isinstance(value, str) else value


def _answers(record: Record, seen: Counter[str]) -> tuple[Question, tuple[Side, Side]]:
    turns = {letter: _turns(record, f"conversation_{letter}") for letter in "ab"}
    asked, other = ([user for user, _ in turns[letter]] for letter in "ab")
    if asked and other and asked != other:
        raise record.fault("conversation_b", "Its user turns differ from those of conversation_a.")
    text = TURN_GAP.join(asked or other) if asked or other else record.optional("prompt")
    question = Question(_key(record, text, seen), text, record.text("category", ""), "", record.place)
    first, second = (_side(record, letter, turns[letter]) for letter in "ab")
    return question, (first, second)


def _key(record: Record, text: str | None, seen: Counter[str]) -> str:
    """The question's id; else by its text; else by the whole row, since every battle then has a prompt of its own."""
    if record.has("question_id"):
        return record.text("question_id")
    if text is not None:
        return fingerprint(text)[:24]
    digest = fingerprint(canonical_json(record.clean("battle", dict(record.values))))[:24]
    seen[digest] += 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def _turns(record: Record, field: str) -> list[tuple[str, str]]:
    """(user, assistant) of each turn; none where the file has no conversation."""
    if not record.has(field):
        return []
    value: Any = record.values[field]
    if isinstance(value, str):
        value = parse(record.text(field), f"{record.place}, {field}")
    if not isinstance(value, list):
        raise record.fault(field, f"This must be a list of messages, not {plain_type(value)}.")
    own = value[record.whole("earlier") or 0 :]
    texts = [_turn(record, field, message, place) for place, message in enumerate(own)]
    if not texts or len(texts) % 2:
        raise record.fault(field, "A conversation takes turns of user and assistant, and ends with the assistant.")
    return list(zip(texts[::2], texts[1::2], strict=True))


def _turn(record: Record, field: str, message: Any, place: int) -> str:
    role = "user" if place % 2 == 0 else "assistant"
    if not isinstance(message, dict) or message.get("role") != role or not isinstance(message.get("content"), str):
        raise record.fault(field, f"Message {place + 1} must be a text by the {role}.")
    return str(record.clean(field, message["content"]))


def _side(record: Record, letter: str, turns: Sequence[tuple[str, str]]) -> Side:
    text = TURN_GAP.join(answer for _, answer in turns) if turns else None
    lengths = [[len(user), len(answer)] for user, answer in turns]
    more = {"turns": lengths} if len(turns) > 1 else {}
    return Side(record.text(f"model_{letter}"), text, None, record.whole(f"output_{letter}"), more)


def rows(source: Source) -> Iterator[dict[str, Any]]:
    """Every verdict as a battle; a field that says nothing is left out."""
    return map(row_of, source.verdicts())


def table_rows(source: Source) -> Iterator[dict[str, Any]]:
    """The same for tables: what is not a column of `SCHEMA` is in the column `more`."""
    for row in rows(source):
        more = {name: row.pop(name) for name in list(row) if name not in SCHEMA or not _fits(name, row[name])}
        yield {**row, **({"more": more} if more else {})}


def _fits(name: str, value: Any) -> bool:
    return name != "tstamp" or isinstance(value, float)


def row_of(verdict: Verdict) -> dict[str, Any]:
    """One battle, the answer shown first as `model_a`."""
    first, second = verdict.shown()
    told, kept = verdict.provenance, verdict.provenance.get("battle")
    exact = verdict.credit in (0.0, 0.5, 1.0, None)
    row = {
        "question_id": verdict.question.key,
        "model_a": first.name,
        "model_b": second.name,
        "winner": _winner(verdict),
        "judge": verdict.judge,
        "voter": str(told["voter"]) if told.get("voter") else None,
        "category": verdict.question.category or None,
        "conversation_a": _conversation(verdict.question, first),
        "conversation_b": _conversation(verdict.question, second),
        "credit_b" if verdict.swapped else "credit_a": None if exact else verdict.credit,
        "state": None if verdict.known_state in ("scored", "unparsed") else verdict.known_state,
        "repeat": None if told.get("voter") else verdict.repeat or None,
        "output_a": first.order,
        "output_b": second.order,
    }
    row["earlier"] = len(first.earlier) or None if row["conversation_a"] or row["conversation_b"] else None
    row["prompt"] = None if row["conversation_a"] or row["conversation_b"] else verdict.question.text
    return {
        **(kept if isinstance(kept, dict) else {}),
        **{name: value for name, value in row.items() if value is not None},
    }


def _winner(verdict: Verdict) -> str:
    if verdict.credit is None:
        return ""
    if verdict.evidence.get("outcome") == BOTH_BAD:
        return BOTH_BAD_WORDS[verdict.provenance.get("winner") == BOTH_BAD_WORDS[1]]
    if verdict.credit == 0.5:
        return "tie"
    return "model_a" if (verdict.credit > 0.5) != verdict.swapped else "model_b"


def _conversation(question: Question, side: Side) -> list[dict[str, str]] | None:
    """Turns of user and assistant; None where prompt or answer are not known."""
    if question.text is None or side.text is None:
        return None
    lengths = _lengths(question.text, side)
    users = _cut(question.text, [user for user, _ in lengths])
    answers = _cut(side.text, [answer for _, answer in lengths])
    pairs = zip(users, answers, strict=True)
    own = [Message(role, text) for pair in pairs for role, text in zip(ROLES, pair, strict=True)]
    return [{"role": turn.role, "content": turn.content} for turn in (*side.earlier, *own)]


def _lengths(asked: str, side: Side) -> list[list[int]]:
    """[user, assistant] of each turn in code points; one turn where what is stored does not fit the texts."""
    found, texts = side.provenance.get("turns"), (asked, side.text or "")
    try:
        turns = [[int(user), int(answer)] for user, answer in found or []]
    except (TypeError, ValueError):
        turns = []
    ends = [sum(turn[place] for turn in turns) + len(TURN_GAP) * (len(turns) - 1) for place in (0, 1)]
    fits = ends == [len(text) for text in texts] and min(map(min, turns), default=-1) >= 0
    return turns if fits else [[len(text) for text in texts]]


def _cut(text: str, lengths: Sequence[int]) -> list[str]:
    """The texts that were joined by `TURN_GAP`."""
    found, at = [], 0
    for length in lengths:
        found.append(text[at : at + length])
        at += length + len(TURN_GAP)
    return found
