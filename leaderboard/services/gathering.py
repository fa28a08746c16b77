"""The first reading of an import: checks every row and gathers prompts, names and answers. Nothing is stored here.

Texts wait in a file on disk, so that memory grows with the number of answers and not with their length.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from leaderboard.benchmarks.exchange.items import Grade, Item, Question, Side, Verdict, fault

MAX_KEY, MAX_CATEGORY, MAX_MODEL, MAX_JUDGE = 120, 80, 200, 70
"""Characters that the tables take."""

Slot = tuple[str, Any]
"""Which of an entry's answers to a prompt: ("sample", number) or ("text", digest)."""
Owner = tuple[str, str]
"""(entry's name, prompt's key)."""


@dataclass
class Found:
    """One answer. `order`: rank among all new ones. `digest` None: the text is not known."""

    order: tuple[bool, int, int]
    place: str
    digest: bytes | None = None
    at: int = 0
    size: int = 0
    provenance: dict[str, Any] = field(default_factory=dict)


def slot_of(side: Side) -> Slot:
    """By number where there is one, or no text; else by the text."""
    if side.sample is not None or side.text is None:
        return "sample", side.sample or 0
    return "text", digest_of(side.text)


def digest_of(text: str) -> bytes:
    """What tells texts apart."""
    return blake2b(text.encode(), digest_size=16).digest()


class Gathered:
    """What the rows of an import hold. `answers` by owner and slot; `verdicts` and `grades` are counts.

    `firsts`: names that stand on side a of a verdict.
    """

    def __init__(self) -> None:
        self.questions: dict[str, Question] = {}
        self.answers: dict[Owner, dict[Slot, Found]] = {}
        self.models: dict[str, None] = {}
        self.judges: dict[str, None] = {}
        self.metrics: dict[str, None] = {}
        self.firsts: dict[str, None] = {}
        self.verdicts = self.grades = 0
        self._texts = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the import)
        self._end = self._count = 0

    def take(self, items: Iterable[Item]) -> None:
        """Check and note every item. Raises InvalidInput."""
        for item in items:
            if isinstance(item, Question):
                self._question(item)
                continue
            self._question(item.question)
            if isinstance(item, Verdict):
                self._verdict(item)
            else:
                self._answer(item.question, item.side)
            if isinstance(item, Grade):
                self.grades += 1
                self.metrics[_short(item.metric, MAX_JUDGE, "judge", item.question)] = None

    def text(self, found: Found) -> str:
        """The answer's text; "" where it is not known."""
        self._texts.seek(found.at)
        return self._texts.read(found.size).decode()

    def close(self) -> None:
        """Let go of the texts."""
        self._texts.close()

    def owners(self) -> Iterator[tuple[Owner, dict[Slot, Found]]]:
        """All answers by owner."""
        return iter(self.answers.items())

    def _question(self, new: Question) -> None:
        _short(new.key, MAX_KEY, "prompt's key", new)
        _short(new.category or "-", MAX_CATEGORY, "category", new)
        old = self.questions.get(new.key)
        if old and old.text is not None and new.text not in (None, old.text):
            raise fault(new.place, f"The prompt '{new.key}' has another text than before.")
        self.questions[new.key] = new if old is None else _merged(old, new)

    def _verdict(self, verdict: Verdict) -> None:
        self.verdicts += 1
        self.judges[_short(verdict.judge, MAX_JUDGE, "judge's name", verdict.question)] = None
        self.firsts[verdict.a.name] = None
        self._answer(verdict.question, verdict.a)
        self._answer(verdict.question, verdict.b)

    def _answer(self, question: Question, side: Side) -> None:
        self.models[_short(side.name, MAX_MODEL, "model's name", question)] = None
        slots = self.answers.setdefault((side.name, question.key), {})
        slot, digest = slot_of(side), None if side.text is None else digest_of(side.text)
        found = slots.get(slot)
        if found is None:
            self._count += 1
            order = (side.order is None, side.order or 0, self._count)
            found = slots[slot] = Found(order, question.place, provenance=dict(side.provenance))
        if digest is None or found.digest == digest:
            return
        if found.digest is not None:
            raise fault(question.place, f"'{side.name}' answers the prompt '{question.key}' otherwise than before.")
        self._keep(found, side, digest)

    def _keep(self, found: Found, side: Side, digest: bytes) -> None:
        data = (side.text or "").encode()
        self._texts.seek(self._end)
        self._texts.write(data)
        found.digest, found.at, found.size, found.provenance = digest, self._end, len(data), dict(side.provenance)
        self._end += len(data)


def _merged(old: Question, new: Question) -> Question:
    text = new.text if old.text is None else old.text
    told = {name: getattr(old, name) or getattr(new, name) for name in ("category", "reference", "follows")}
    return Question(old.key, text, place=old.place, **told)


def _short(text: str, limit: int, what: str, question: Question) -> str:
    if not 0 < len(text) <= limit:
        raise fault(question.place, f"The {what} must have 1 to {limit} characters, not {len(text)}.")
    return text
