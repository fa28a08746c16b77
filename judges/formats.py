"""Formats of a judge's reply: what is asked of the model, and how the reply becomes a reading.

The formats are the published ones; `judges.verdicts` holds the parsers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from judges.core import Reading, stopped
from judges.frames import FilledPrompt
from judges.verdicts import (
    EXACT_VERSION,
    PARSER_VERSION,
    STEPS,
    choice,
    exact_share,
    first_slot_share,
    json_reply,
    number_in,
    rating,
    scale_step,
    share_of_samples,
)
from leaderboard.contracts.values import DecodingChoice, FinishReason, Generation, GenerationRequest, VerdictState

ONE_TOKEN = DecodingChoice("greedy", {"max_new_tokens": 1})
ONE_TOKEN_DRAWN = DecodingChoice("temperature", {"temperature": 1.0, "max_new_tokens": 1})


@dataclass(frozen=True)
class OneToken:
    """One token and its log-probabilities; the value is P(slot 1) / (P(slot 1) + P(slot 2)) (arXiv 2404.04475).

    `samples`: how many tokens are drawn instead where the server gives no log-probabilities, 0 for none.
    """

    top_logprobs: int = 20
    samples: int = 0
    version: ClassVar[str] = PARSER_VERSION

    @property
    def attempts(self) -> int:
        """How often is asked at most."""
        return 2 if self.samples else 1

    def requests(self, key: str, filled: FilledPrompt, attempt: int) -> list[GenerationRequest]:
        """The first attempt takes the likeliest token, the second draws."""
        if attempt == 0:
            return [_request(key, filled, ONE_TOKEN, top_logprobs=self.top_logprobs)]
        return [_request(f"{key}:{i}", filled, ONE_TOKEN_DRAWN, sample=i) for i in range(self.samples)]

    def read(self, filled: FilledPrompt, made: Sequence[Generation], attempt: int) -> Reading:
        """The share by log-probabilities, or of the tokens drawn."""
        if attempt:
            return self._drawn(filled, made)
        (one,) = made
        table = one.first_logprobs or ()
        told = {"logprobs": [[token, value if math.isfinite(value) else None] for token, value in table]}
        if state := stopped(one) or (None if table else VerdictState.NO_LOGPROBS):
            return Reading(state, None, told)
        return _scored(self.share(table, filled.names), told)

    def share(self, table: Sequence[tuple[str, float]], names: tuple[str, str]) -> float | None:
        """Of the first slot, spaces before a name aside."""
        return first_slot_share(table, names)

    def asks_again(self, reading: Reading, attempt: int) -> bool:
        """Only where log-probabilities were missing."""
        return attempt == 0 and self.samples > 0 and reading.state is VerdictState.NO_LOGPROBS

    def _drawn(self, filled: FilledPrompt, made: Sequence[Generation]) -> Reading:
        told: dict[str, Any] = {"logprobs": [], "samples": self.samples}
        if state := next((state for one in made if (state := stopped(one))), None):
            return Reading(state, None, told)
        share, counts = share_of_samples([one.text for one in made], filled.names)
        return _scored(share, told | {"counts": list(counts)})


@dataclass(frozen=True)
class ExactToken(OneToken):
    """As AlpacaEval reads the table: a name with a space before it is another token, unless there is no bare one."""

    version: ClassVar[str] = EXACT_VERSION

    def share(self, table: Sequence[tuple[str, float]], names: tuple[str, str]) -> float | None:
        """By bare names."""
        return exact_share(table, names)


@dataclass(frozen=True)
class Written:
    """A reply of many tokens that ends in a verdict. `parse` gives value and evidence, None where it finds none.

    `tries`: how often is asked before a reply without a verdict counts as unparsed; all but the first are drawn at
    temperature 1. A reply that was cut off is truncated, whatever stands in it. `schema`: a JSON schema of the reply,
    sent to a server that can hold to one.
    """

    parse: Callable[[str, FilledPrompt], tuple[float, Mapping[str, Any]] | None]
    max_new_tokens: int = 1024
    tries: int = 1
    schema: Mapping[str, Any] | None = None
    version: ClassVar[str] = PARSER_VERSION

    @property
    def attempts(self) -> int:
        """How often is asked at most."""
        return self.tries

    def requests(self, key: str, filled: FilledPrompt, attempt: int) -> list[GenerationRequest]:
        """One reply an attempt."""
        limit = {"max_new_tokens": self.max_new_tokens}
        choice = DecodingChoice("temperature", {"temperature": 1.0, **limit}) if attempt else None
        return [_request(key, filled, choice or DecodingChoice("greedy", limit), sample=attempt, schema=self.schema)]

    def read(self, filled: FilledPrompt, made: Sequence[Generation], attempt: int) -> Reading:
        """The verdict in the reply."""
        (one,) = made
        cut = VerdictState.TRUNCATED if one.finish_reason is FinishReason.LENGTH else None
        if state := stopped(one) or cut:
            return Reading(state)
        found = self.parse(one.text, filled)
        return Reading(VerdictState.UNPARSED) if found is None else Reading(VerdictState.SCORED, *found)

    def asks_again(self, reading: Reading, attempt: int) -> bool:
        """A reply that cannot be read may be readable the next time; a refusal stands."""
        return attempt + 1 < self.tries and reading.state in (VerdictState.UNPARSED, VerdictState.TRUNCATED)


def scale(text: str, filled: FilledPrompt) -> tuple[float, dict[str, Any]] | None:
    """Arena-Hard's five steps, as even steps of credit."""
    step = scale_step(text, filled.names, filled.code)
    return None if step is None else (STEPS[step], {"step": step})


def scale_wins(text: str, filled: FilledPrompt) -> tuple[float, dict[str, Any]] | None:
    """As `scale`, but better and much better both are a whole win; Arena-Hard gives the latter the weight 3."""
    found = scale(text, filled)
    return None if found is None else ((found[0] > 0.5) + 0.5 * (found[0] == 0.5), found[1])


TIE = "C"
"""MT-bench's name for a tie; no slot is ever called so, the published A and B aside."""


def chosen(text: str, filled: FilledPrompt) -> tuple[float, dict[str, Any]] | None:
    """MT-bench's choice of a slot or a tie."""
    found = choice(text, (*filled.names, TIE), filled.code)
    if found is None:
        return None
    return {filled.names[0]: 1.0, filled.names[1]: 0.0, TIE: 0.5}[found], {"choice": found}


REWARDS: Mapping[str, float] = {"++": 1.0, "+": 0.75}


def json_choice(text: str, filled: FilledPrompt) -> tuple[float, dict[str, Any]] | None:
    """WildBench's choice A++, A+, A=B, B+ or B++ under "choice" of a JSON object, as even steps of credit."""
    first, second = filled.names
    table = {f"{first}{sign}": value for sign, value in REWARDS.items()}
    table |= {f"{second}{sign}": 1.0 - value for sign, value in REWARDS.items()}
    table |= {f"{first}={second}": 0.5, f"{second}={first}": 0.5}
    found = json_reply(text, filled.code) or {}
    told = found.get("choice")
    picked = told.replace(" ", "") if isinstance(told, str) else ""
    return (table[picked], {"choice": picked}) if picked in table else None


def bracketed(low: float, high: float) -> Callable[[str, FilledPrompt], tuple[float, dict[str, Any]] | None]:
    """MT-bench's rating in double brackets."""

    def parse(text: str, filled: FilledPrompt) -> tuple[float, dict[str, Any]] | None:
        value = rating(text, low, high, filled.code)
        return None if value is None else (value, {})

    return parse


def json_score(low: float, high: float) -> Callable[[str, FilledPrompt], tuple[float, dict[str, Any]] | None]:
    """The number under "score" of a JSON object."""

    def parse(text: str, filled: FilledPrompt) -> tuple[float, dict[str, Any]] | None:
        value = number_in(json_reply(text, filled.code) or {}, "score", low, high)
        return None if value is None else (value, {})

    return parse


def _scored(value: float | None, told: Mapping[str, Any]) -> Reading:
    return Reading(VerdictState.UNPARSED if value is None else VerdictState.SCORED, value, told)


def _request(key: str, filled: FilledPrompt, decoding: DecodingChoice, **more: Any) -> GenerationRequest:
    return GenerationRequest(key=key, messages=filled.messages, decoding=decoding, noise_key=filled.nonce, **more)
