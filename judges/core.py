"""What all judges that ask a language model share: the settings of the model, its calls, and how they are counted.

A judge is prompt + generator + format + presentation. Calls, second tries, cost and the states of a reply that is no
number exist here once; prompts are in `judges.prompts` and `judges.frames`, formats in `judges.formats`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol

from pydantic import Field, ValidationInfo, field_validator

from judges.frames import FilledPrompt
from leaderboard.contracts.params import InvalidInput, Params
from leaderboard.contracts.registry import PluginError, generators
from leaderboard.contracts.values import (
    FinishReason,
    Generation,
    GenerationRequest,
    Likelihood,
    Message,
    Verdict,
    VerdictState,
)

AROUND = 32
"""Tokens that a chat template adds to a message, at most."""


class LLMParams(Params):
    """Which model judges. A folder's revision is filled in, so that verdicts name the weights that made them."""

    generator: str = Field(min_length=1, max_length=100, description="Generator plugin that runs the judge's model.")
    generator_params: dict[str, Any] = Field(default_factory=dict, description="Settings of that generator.")

    @field_validator("generator_params")
    @classmethod
    def _pinned(cls, given: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        """What is wrong with the settings is told where the generator is built."""
        try:
            parsed = generators.parse(str(info.data["generator"]), given)
        except (InvalidInput, PluginError, KeyError):
            return given
        revision = getattr(parsed, "revision", "")
        return {**given, "revision": revision} if revision else given


@dataclass(frozen=True)
class Reading:
    """What a format made of a reply; `value` is a number of the format's own scale, None unless SCORED.

    A comparing format's value is the credit of the first slot in [0, 1].
    """

    state: VerdictState
    value: float | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


class Format(Protocol):
    """What is asked of the model beside the messages, and how its reply is read."""

    version: ClassVar[str]

    @property
    def attempts(self) -> int:
        """How often is asked at most."""
        ...

    def requests(self, key: str, filled: FilledPrompt, attempt: int) -> Sequence[GenerationRequest]:
        """One request or more, with keys that begin with `key`. Attempt 0 is the first."""
        ...

    def read(self, filled: FilledPrompt, made: Sequence[Generation], attempt: int) -> Reading:
        """The reading of one attempt's replies, in the order of its requests."""
        ...

    def asks_again(self, reading: Reading, attempt: int) -> bool:
        """Whether another attempt may tell more."""
        ...


@dataclass
class Spent:
    """All replies to one question, over every attempt."""

    made: list[Generation] = field(default_factory=list)
    attempts: int = 0

    @property
    def raw(self) -> str:
        """The text of the last reply."""
        return self.made[-1].text if self.made else ""

    def counts(self) -> dict[str, Any]:
        """Tokens, seconds and cost as fields of a Verdict; the cost is None where no reply told one."""
        costs = [one.cost_usd for one in self.made if one.cost_usd is not None]
        return {
            "prompt_tokens": sum(one.prompt_tokens for one in self.made),
            "output_tokens": sum(one.output_tokens for one in self.made),
            "seconds": sum(one.seconds for one in self.made),
            "cost_usd": sum(costs) if costs else None,
        }

    def evidence(self) -> dict[str, Any]:
        """Why the last reply ended, how often was asked where that was more than once, and what answered."""
        again = {"attempts": self.attempts} if self.attempts > 1 else {}
        return {"finish_reason": str(self.made[-1].finish_reason), **again, **self.returned()}

    def returned(self) -> dict[str, str]:
        """The model that a server says it used, or the models, where it told."""
        names = sorted({one.model for one in self.made if one.model})
        return {"returned_model": ", ".join(names)} if names else {}


class Asker:
    """One generator, built when the first question is put."""

    def __init__(self, params: Any) -> None:
        self.name, self.params = params.generator, params.generator_params

    def run(self, form: Format, filled: Mapping[str, FilledPrompt]) -> Iterator[tuple[str, Reading, Spent]]:
        """Each question with its reading, as it is known; what may be told by asking again is asked again.

        Raises: whatever the generator raises; RuntimeError where it leaves a request out or doubles one.
        """
        spent = {key: Spent() for key in filled}
        waiting, attempt = dict(filled), 0
        while waiting:
            later: dict[str, FilledPrompt] = {}
            for key, made in self._ask({key: form.requests(key, one, attempt) for key, one in waiting.items()}):
                spent[key].made += made
                spent[key].attempts += 1
                reading = form.read(waiting[key], made, attempt)
                if form.asks_again(reading, attempt):
                    later[key] = waiting[key]
                else:
                    yield key, reading, spent[key]
            waiting, attempt = later, attempt + 1

    def likelihoods(self, items: Sequence[tuple[tuple[Message, ...], str]]) -> list[Likelihood]:
        """How likely the model finds each text after its messages. Raises what the generator raises."""
        return list(self._generator.likelihoods(items)) if items else []

    @property
    def may_wait(self) -> bool:
        """Whether its calls may be answered within a day, for less."""
        try:
            return bool(getattr(generators.parse(self.name, self.params), "batch", False))
        except (InvalidInput, PluginError):  # told where the generator is built
            return False

    def provenance(self) -> dict[str, str]:
        """Generator and model; what the loaded generator tells of itself only if something was asked before."""
        kind = generators.get(self.name)
        identity = kind.identity(generators.parse(self.name, self.params))
        model = {"model_source": identity.source, "model": identity.name, "model_revision": identity.revision}
        made = self.__dict__.get("_generator")
        return {**(made.provenance() if made else {}), "generator": f"{kind.name} {kind.version}", **model}

    @cached_property
    def _generator(self) -> Any:
        return generators.build(self.name, self.params, "generator_params")

    def _ask(self, calls: Mapping[str, Sequence[GenerationRequest]]) -> Iterator[tuple[str, list[Generation]]]:
        """Each key with its replies, in the order of its requests, once the last of them is in."""
        owner = {request.key: key for key, requests in calls.items() for request in requests}
        replies: dict[str, dict[str, Generation]] = {key: {} for key in calls}
        left = len(owner)
        for generation in self._generator.generate([one for requests in calls.values() for one in requests]):
            key = owner.pop(generation.key, None)
            if key is None:
                raise RuntimeError(f"generator {self.name} returned {generation.key!r} unasked or twice")
            replies[key][generation.key] = generation
            if len(replies[key]) == len(calls[key]):
                yield key, [replies[key][request.key] for request in calls[key]]
        if owner:
            raise RuntimeError(f"generator {self.name} left out {len(owner)} of {left} requests")


def most_tokens(form: Format, filled: FilledPrompt) -> tuple[int, int]:
    """Prompt and output tokens that one question takes at most, over every attempt.

    No tokenizer in use makes more tokens of a text than it has bytes; chat templates add a few to each message.
    """
    asked = [one for attempt in range(form.attempts) for one in form.requests("", filled, attempt)]
    sent = sum(len(message.content.encode()) + AROUND for one in asked for message in one.messages)
    return sent, sum(int(one.decoding.params["max_new_tokens"]) for one in asked)


def stopped(made: Generation) -> VerdictState | None:
    """The state of a reply that was refused, or whose prompt did not fit; None where it can be read."""
    if made.finish_reason is FinishReason.FILTER:
        return VerdictState.REFUSED
    return VerdictState.TRUNCATED if made.prompt_truncated else None


def verdict(key: str, reading: Reading, spent: Spent, *, swapped: bool, evidence: Mapping[str, Any]) -> Verdict:
    """The reading of a comparing format as a verdict: credit of side a, whichever slot it was in."""
    credit = reading.value
    if swapped and credit is not None:
        credit = 1.0 - credit
    told = {**evidence, **reading.evidence, **spent.evidence()}
    return Verdict(key, reading.state, credit, raw=spent.raw, evidence=told, **spent.counts())
