"""Judgments as a plain table with a row a verdict: CSV, JSONL or Parquet, with every stored column.

Only `model_a`, `model_b`, the prompt or its key, and `winner` or `credit` must be there.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from leaderboard.benchmarks.battle_files import WINNERS
from leaderboard.benchmarks.exchange.cells import MARK_COLUMN
from leaderboard.benchmarks.exchange.items import BOTH_BAD, Answer, Item, Question, Side, Source, Verdict
from leaderboard.benchmarks.exchange.options import ReadOptions
from leaderboard.benchmarks.exchange.reading import Record, records
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.values import VerdictState

TEXT, WHOLE, NUMBER, FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()
SCHEMA: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("prompt_key", "prompt", "category", "reference", "follows"), TEXT),
    **{"model_a": TEXT, "answer_a": TEXT, "sample_a": WHOLE, "output_a": WHOLE, "source_a": TEXT},
    **{"model_b": TEXT, "answer_b": TEXT, "sample_b": WHOLE, "output_b": WHOLE, "source_b": TEXT},
    **{"judge": TEXT, "swapped": FLAG, "repeat": WHOLE, "state": TEXT, "credit": NUMBER, "raw": TEXT},
    **{"evidence": TEXT, "prompt_tokens": WHOLE, "output_tokens": WHOLE, "seconds": NUMBER, "cost_usd": NUMBER},
    **{"provenance": TEXT, "identity": TEXT, "created_at": TEXT, "earlier_a": TEXT, "earlier_b": TEXT},
}
"""`credit` is that of side a. `output_a` and `output_b` order the outputs; `source_…`: provenance of the answers.

`follows`: key of the turn before. `earlier_…`: the turns before as that side had them, which are not read back, since
each answer among them is one to a prompt of its own.
"""

COLUMNS = (*SCHEMA, "winner", MARK_COLUMN)
_KNOWN = frozenset(COLUMNS)


def row_of(verdict: Verdict) -> dict[str, Any]:
    """The verdict as a row; what is empty is None, but for answers, of which "" is one."""
    question, plain = verdict.question, ("raw", "evidence", "identity", "provenance", "seconds", "cost_usd")
    return {
        "prompt_key": question.key,
        "prompt": question.text,
        "category": question.category or None,
        "reference": question.reference or None,
        "follows": question.follows or None,
        **_side("a", verdict.a),
        **_side("b", verdict.b),
        **{name: getattr(verdict, name) for name in ("judge", "swapped", "repeat", "credit")},
        **{name: getattr(verdict, name) for name in ("prompt_tokens", "output_tokens")},
        **{name: None if value in ("", {}) else value for name, value in _picked(verdict, plain)},
        "state": verdict.known_state,
        "created_at": verdict.created or None,
    }


def _picked(verdict: Verdict, names: Sequence[str]) -> list[tuple[str, Any]]:
    found = ((name, getattr(verdict, name)) for name in names)
    return [(name, dict(value) if isinstance(value, Mapping) else value) for name, value in found]


def _side(letter: str, side: Side) -> dict[str, Any]:
    own: dict[str, Any] = {"model": side.name, "answer": side.text, "sample": side.sample, "output": side.order}
    own["source"] = dict(side.provenance) or None
    own["earlier"] = [asdict(turn) for turn in side.earlier] or None
    return {f"{name}_{letter}": value for name, value in own.items()}


def rows(source: Source) -> Iterator[dict[str, Any]]:
    """Every verdict of the source as a row."""
    return ({name: row[name] for name in SCHEMA} for row in map(row_of, source.verdicts()))


def read(paths: Sequence[Path], options: ReadOptions) -> Iterator[Item]:
    """The verdicts of the files, and prompts and answers where a row has no second model. Raises InvalidInput."""
    for path in paths:
        for record in records(path):
            _check_columns(record)
            yield item_of(record, options)


def _check_columns(record: Record) -> None:
    if record.values.keys() <= _KNOWN:
        return
    for name in record.values:
        if name not in _KNOWN:
            close = difflib.get_close_matches(name, COLUMNS, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            raise record.fault(name, f"There is no such column.{hint} Columns: {', '.join(COLUMNS)}.")


def item_of(record: Record, options: ReadOptions) -> Item:
    """One row as a verdict; as an answer where there is no `model_b`."""
    question = _question(record)
    if not record.has("model_b"):
        return Answer(question, side_of(record, "a"))
    state, credit = _state_and_credit(record)
    evidence = record.data("evidence")
    if record.text("winner", "") in ("both_bad", "tie (bothbad)"):
        evidence = {"outcome": BOTH_BAD, **evidence}
    return Verdict(
        question,
        side_of(record, "a"),
        side_of(record, "b"),
        judge=record.text("judge", options.judge),
        credit=credit,
        swapped=record.flag("swapped"),
        state=state,
        repeat=record.whole("repeat"),
        identity=record.text("identity", ""),
        raw=record.text("raw", ""),
        evidence=evidence,
        provenance=record.data("provenance"),
        prompt_tokens=record.whole("prompt_tokens") or 0,
        output_tokens=record.whole("output_tokens") or 0,
        seconds=record.number("seconds", low=0.0),
        cost_usd=record.number("cost_usd", low=0.0),
    )


def _question(record: Record) -> Question:
    text = record.optional("prompt")
    if text is None and not record.has("prompt_key"):
        raise record.fault("prompt", "Give the prompt, its key in the column prompt_key, or both.")
    key = record.text("prompt_key", "" if text is None else fingerprint(text)[:24])
    category, reference, follows = (record.text(name, "") for name in ("category", "reference", "follows"))
    return Question(key, text, category, reference, record.place, follows)


def side_of(record: Record, letter: str) -> Side:
    """The answer on one side."""
    return Side(
        record.text(f"model_{letter}"),
        record.optional(f"answer_{letter}"),
        record.whole(f"sample_{letter}"),
        record.whole(f"output_{letter}"),
        record.data(f"source_{letter}"),
    )


def _state_and_credit(record: Record) -> tuple[str, float | None]:
    state, credit = record.text("state", ""), record.number("credit", low=0.0, high=1.0)
    if not record.has("credit") and record.has("winner"):
        credit = credit_of(record, "winner")
    if "credit" not in record.values and "winner" not in record.values:
        raise record.fault("credit", "Give the credit of model_a in [0, 1], or the winner.")
    if state and state not in [s.value for s in VerdictState]:
        raise record.fault("state", f"There is no state '{state[:40]}'. States: {', '.join(VerdictState)}.")
    if state and (state == VerdictState.SCORED) != (credit is not None):
        raise record.fault("credit", f"The state '{state}' does not go with the credit {credit}.")
    return state, credit


def credit_of(record: Record, field: str) -> float | None:
    """The credit of side a by the words that battle files use; None where the battle is unscored."""
    word = record.text(field, "")
    if word not in WINNERS:
        raise record.fault(field, f"'{word[:40]}' is none of {', '.join(filter(None, WINNERS))}.")
    return WINNERS[word] if word else None
