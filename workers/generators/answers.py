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
        text, usage = choice.message.content or "", answer.usage
    except (AttributeError, IndexError, TypeError):
        raise CallFailed("The server's answer has no choices.", Fault.GARBAGE) from None
    try:
        return Generation(
            key=request.key,
            text=_text(text),
            finish_reason=FINISH.get(choice.finish_reason, FinishReason.STOP),
            prompt_tokens=_count(usage and usage.prompt_tokens),
            output_tokens=_count(usage and usage.completion_tokens),
            seconds=seconds,
            first_logprobs=_first(choice) if request.top_logprobs else None,
            cost_usd=_cost(usage),
            model=_model(answer),
        )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise CallFailed("The server's answer has members of a wrong type.", Fault.GARBAGE) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _count(value: Any) -> int:
    return max(0, int(value or 0))


def _first(choice: Any) -> tuple[tuple[str, float], ...] | None:
    """Log-probabilities of the first token; None where the server tells none."""
    content = choice.logprobs and choice.logprobs.content
    return tuple((_text(top.token), float(top.logprob)) for top in content[0].top_logprobs) if content else None


def _cost(usage: Any) -> float | None:
    """US dollars, where the server tells them, as OpenRouter does."""
    cost = getattr(usage, "cost", None)
    return float(cost) if isinstance(cost, (int, float)) and cost >= 0 else None


def _model(answer: Any) -> str:
    """What the server calls the model that answered; a name that cannot be one is none."""
    name = getattr(answer, "model", None)
    return name if isinstance(name, str) and len(name) <= LONGEST_NAME else ""
