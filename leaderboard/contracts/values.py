"""Value types that cross between the service and its plugins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True)
class ModelIdentity:
    """Which weights or endpoint, pinned: rows of LanguageModel are unique on these three."""

    source: str
    name: str
    revision: str


@dataclass(frozen=True)
class DecodingChoice:
    """A decoding strategy by name with its settings, as stored; rebuild it from the registry."""

    strategy: str
    params: Mapping[str, Any] = field(default_factory=dict)


class FinishReason(StrEnum):
    """Why an output ended."""

    STOP = "stop"
    LENGTH = "length"
    FILTER = "filter"


@dataclass(frozen=True)
class GenerationRequest:
    """One output to make.

    `key` is the caller's name for it. The output depends on the weights, `messages`, `decoding`,
    `seed`, `noise_key` and `sample` alone, never on what else is in the batch.
    """

    key: str
    messages: tuple[Message, ...]
    decoding: DecodingChoice
    noise_key: str
    sample: int = 0
    seed: int = 0
    top_logprobs: int = 0
    """How many log-probabilities of the first new token to return."""
    schema: Mapping[str, Any] | None = None
    """JSON schema that the output must keep; a backend without JSON_SCHEMA fails the request."""


@dataclass(frozen=True)
class Generation:
    """One finished output. `seconds` is its share of the batch's wall time; log-probabilities are in nats."""

    key: str
    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    output_tokens: int
    seconds: float
    logprob: float | None = None
    """Sum of the log-probabilities of the chosen tokens under the untouched softmax."""
    first_logprobs: tuple[tuple[str, float], ...] | None = None
    """(token text, log-probability) of the first new token, best first; None where the backend gives none."""
    prompt_truncated: bool = False
    cost_usd: float | None = None
    model: str = ""
    """The name of the model that a server says it used; empty where none is told."""


@dataclass(frozen=True)
class Likelihood:
    """How likely a model finds a text after its prompt: the sum over its `tokens` in nats.

    None where it cannot be told, as where the text does not fit the model's context.
    """

    logprob: float | None
    tokens: int
    prompt_tokens: int = 0

    @property
    def mean(self) -> float | None:
        """Nats a token."""
        return None if self.logprob is None or not self.tokens else self.logprob / self.tokens


class Outcome(StrEnum):
    """What a person or judge said of two answers, seen from the canonical side a."""

    A = "a"
    B = "b"
    TIE = "tie"
    BOTH_BAD = "both_bad"
    SKIP = "skip"


CREDIT = {Outcome.A: 1.0, Outcome.B: 0.0, Outcome.TIE: 0.5, Outcome.BOTH_BAD: 0.5, Outcome.SKIP: None}
"""Credit of side a for each outcome; None counts nowhere."""


class VerdictState(StrEnum):
    """Whether a verdict is a number, and if not, why not."""

    SCORED = "scored"
    UNPARSED = "unparsed"
    NO_LOGPROBS = "no-logprobs"
    TRUNCATED = "truncated"
    REFUSED = "refused"
    NO_REFERENCE = "no-reference"


@dataclass(frozen=True)
class Pair:
    """Two answers to one prompt, as a judge gets them. `swapped` shows b in the first slot.

    `earlier_a` and `earlier_b`: the turns before the prompt, alike where both answer the same conversation.
    `checklist`: what a good answer to this prompt does, one item a line.
    """

    key: str
    prompt: str
    answer_a: str
    answer_b: str
    reference: str = ""
    swapped: bool = False
    earlier_a: tuple[Message, ...] = ()
    earlier_b: tuple[Message, ...] = ()
    checklist: tuple[str, ...] = ()

    @property
    def identical(self) -> bool:
        """Whether nothing tells the two apart."""
        return (self.answer_a, self.earlier_a) == (self.answer_b, self.earlier_b)


@dataclass(frozen=True)
class Verdict:
    """What a judge made of one Pair. `credit_a` is in [0, 1] for side a in either order; None when unscored."""

    key: str
    state: VerdictState
    credit_a: float | None = None
    raw: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    prompt_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    cost_usd: float | None = None

    def __post_init__(self) -> None:
        """Unscored and a number exclude each other."""
        scored = self.state is VerdictState.SCORED
        if scored != (self.credit_a is not None):
            raise ValueError(f"verdict {self.key}: state {self.state} with credit {self.credit_a}")
        if self.credit_a is not None and not 0.0 <= self.credit_a <= 1.0:
            raise ValueError(f"verdict {self.key}: credit {self.credit_a} is outside [0, 1]")


@dataclass(frozen=True)
class Scorable:
    """One output with its prompt, as a metric gets it."""

    prompt: str
    reference: str
    text: str


@dataclass(frozen=True)
class Scored:
    """A metric's value for one output; `value` is None when unscored, and `reason` says why."""

    value: float | None
    reason: str = ""
    extracted: str = ""


@dataclass(frozen=True)
class Candidate:
    """One of several outputs to a prompt, as a selector sees it.

    `logprob`: sum over its tokens in nats, None where the backend told none. `rating`: known from an earlier run.
    """

    text: str
    tokens: int = 0
    logprob: float | None = None
    rating: float | None = None


@dataclass(frozen=True)
class Chosen:
    """Which candidate is shown. `ratings` has one number a candidate, None where it could not be rated."""

    index: int
    ratings: tuple[float | None, ...]
    evidence: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    cost_usd: float | None = None


@dataclass(frozen=True)
class BenchmarkItem:
    """One prompt of a benchmark. `key` is unique in it; `reference` is "" where there is no exact answer.

    `earlier`: the turns before the text, which every entry is sent. `checklist`: what a good answer does, for judges.
    `follows`: the key of an item before it in the benchmark, whose turn comes before this one; an entry is sent that
    conversation with its own answers, so such an item has no `earlier`.
    """

    key: str
    text: str
    reference: str = ""
    category: str = ""
    earlier: tuple[Message, ...] = ()
    checklist: tuple[str, ...] = ()
    follows: str = ""


@dataclass(frozen=True)
class BenchmarkData:
    """A loaded benchmark, before it is stored."""

    name: str
    version: str
    items: tuple[BenchmarkItem, ...]
    description: str = ""
