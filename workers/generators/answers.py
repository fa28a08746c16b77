"""Reads the answer to a chat completion call, whichever way it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.values import FinishReason, Generation, GenerationRequest
from workers.generators.batch_api import BatchApi, Desk
from workers.generators.errors import CallFailed, Fault

FINISH = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH, "content_filter": FinishReason.FILTER}
LONGEST_NAME = 200
MOST_NATS = 0.01
"""A log-probability is at most 0, which servers may miss by their rounding. What is above that is none, but a logit."""
MOST_TOLD = 100
"""Log-probabilities that are kept of one token; more were never asked for."""
LONGEST_TOKEN = 200
MOST_TOKENS = 10**9
MOST_USD = 1000.0
"""What one call may take at most to be believed."""


def ordered(
    desk: Desk,
    api: BatchApi,
    requests: Sequence[GenerationRequest],
    body: Callable[[GenerationRequest], Mapping[str, Any]],
) -> Iterator[Generation]:
    """The outputs that a desk has answers for; the others are ordered. Calls of one content are ordered once.

    Raises as `Desk.take`.
    """
    asked: dict[str, list[GenerationRequest]] = {}
    calls: dict[str, Mapping[str, Any]] = {}
    for request in requests:
        sent = body(request)
        key = fingerprint("call", sent)
        calls[key] = sent
        asked.setdefault(key, []).append(request)
    for key, answer in desk.take(api, calls):
        try:
            made = [generation_of(request, answer, 0.0) for request in asked[key]]
        except CallFailed as problem:
            desk.refuse(key, str(problem))
        else:
            yield from made


def generation_of(request: GenerationRequest, answer: Any, seconds: float) -> Generation:
    """The output in a server's answer. Raises CallFailed where it cannot be read."""
    try:
        choice = answer.choices[0]
        refusal = choice.message.refusal if not choice.message.content else None
        text, usage = choice.message.content or refusal or "", answer.usage
    except (AttributeError, LookupError, TypeError):
        raise CallFailed("The server's answer has no choices.", Fault.GARBAGE) from None
    try:
        return Generation(
            key=request.key,
            text=_text(text),
            finish_reason=FinishReason.FILTER if refusal else FINISH.get(choice.finish_reason, FinishReason.STOP),
            prompt_tokens=_count(usage and usage.prompt_tokens),
            output_tokens=_count(usage and usage.completion_tokens),
            seconds=seconds,
            first_logprobs=_first(choice) if request.top_logprobs else None,
            cost_usd=_cost(usage),
            model=_model(answer),
        )
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError):
        raise CallFailed("The server's answer has members of a wrong type.", Fault.GARBAGE) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _count(value: Any) -> int:
    number = int(value or 0)
    if number > MOST_TOKENS:
        raise ValueError(value)
    return max(0, number)


def _first(choice: Any) -> tuple[tuple[str, float], ...] | None:
    """Log-probabilities of the first token; None where the server tells none."""
    content = choice.logprobs and choice.logprobs.content
    if not content:
        return None
    told = tuple((_text(top.token)[:LONGEST_TOKEN], _nats(top.logprob)) for top in content[0].top_logprobs)
    return told if len(told) <= MOST_TOLD else tuple(sorted(told, key=lambda one: -one[1])[:MOST_TOLD])


def _nats(value: Any) -> float:
    """A log-probability; minus infinity is one. Raises ValueError for NaN and what is above 0."""
    if isinstance(value, bool) or not float(value) <= MOST_NATS:
        raise ValueError(value)
    return float(value)


def _cost(usage: Any) -> float | None:
    """US dollars, where the server tells them, as OpenRouter does; an amount that no call can cost is none."""
    cost = getattr(usage, "cost", None)
    if isinstance(cost, bool) or not isinstance(cost, (int, float)):
        return None
    return float(cost) if 0 <= cost <= MOST_USD else None


def _model(answer: Any) -> str:
    """What the server calls the model that answered; a name that cannot be one is none."""
    name = getattr(answer, "model", None)
    return name if isinstance(name, str) and len(name) <= LONGEST_NAME else ""
