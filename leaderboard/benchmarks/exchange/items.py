"""What a file of judgments holds, whatever its format: prompts, answers, verdicts and grades. No files, no database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.values import Message, VerdictState

PEOPLE = "people"
"""The judge that stands for persons; who voted is in the provenance of each verdict."""
BOTH_BAD = "both_bad"


@dataclass(frozen=True)
class Question:
    """A prompt; `key` names it. `place` says where it was read. `follows`: the key of the turn before, "" for none."""

    key: str
    text: str | None = None
    category: str = ""
    reference: str = ""
    place: str = ""
    follows: str = ""


@dataclass(frozen=True)
class Side:
    """One answer. `text` None: the source does not hold it. `sample` None: told from others by its text.

    `order`: outputs are stored in ascending order of it, so that pairs keep their canonical sides. `earlier`: the turns
    before the prompt, as this side had them; only exports have any.
    """

    name: str
    text: str | None = None
    sample: int | None = None
    order: int | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    earlier: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Answer:
    """An entry's answer to a prompt."""

    question: Question
    side: Side


@dataclass(frozen=True)
class Verdict:
    """A judge's word on two answers. `credit` is that of `a`, None when unscored; `swapped`: b was shown first.

    `repeat` None: verdicts of one judge on one pair in one order are told apart by `identity`.
    """

    question: Question
    a: Side
    b: Side
    judge: str
    credit: float | None
    swapped: bool = False
    state: str = ""
    repeat: int | None = None
    identity: str = ""
    raw: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    prompt_tokens: int = 0
    output_tokens: int = 0
    seconds: float | None = None
    cost_usd: float | None = None
    created: str = ""

    @property
    def known_state(self) -> str:
        """The state; where the source has none, scored or unparsed."""
        plain = VerdictState.UNPARSED if self.credit is None else VerdictState.SCORED
        return self.state or str(plain)

    def shown(self) -> tuple[Side, Side]:
        """The two answers in the order in which the judge saw them."""
        return (self.b, self.a) if self.swapped else (self.a, self.b)


@dataclass(frozen=True)
class Grade:
    """A judge's number for one answer, in [0, 1]; None when unscored, and `reason` says why."""

    question: Question
    side: Side
    metric: str
    value: float | None
    reason: str = ""


Item = Question | Answer | Verdict | Grade


class Source(Protocol):
    """Where an export reads. Every method streams, in the order in which things were stored."""

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the entries."""

    @property
    def baseline(self) -> str:
        """The entry that others are compared with; "" for none."""

    @property
    def judges(self) -> tuple[str, ...]:
        """Names of the judges."""

    def questions(self) -> Iterator[Question]:
        """The prompts, by position."""

    def answers(self, model: str) -> Iterator[Answer]:
        """One entry's answers, by prompt and sample."""

    def verdicts(self, *, judge: str = "", model: str = "") -> Iterator[Verdict]:
        """Verdicts, of one judge or on one entry where it is named."""

    def pairs(self) -> Iterator[Verdict]:
        """All verdicts by judge and pair, so that those on one pair by one judge follow each other."""

    def grades(self) -> Iterator[Grade]:
        """The grades."""


def fault(place: str, message: str) -> InvalidInput:
    """An error that says where in which file."""
    return InvalidInput(FieldError((), f"{place}: {message}"))


def is_first(verdict: Verdict) -> bool:
    """Whether it is the first verdict in its order on first samples: all that formats without repeats can hold."""
    return not (verdict.repeat or verdict.a.sample or verdict.b.sample)
