"""How likely a served model finds a given text, by the log-probabilities of prompts that vLLM tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leaderboard.contracts.values import Likelihood, Message
from workers.generators import calling
from workers.generators.errors import CallFailed, Fault
from workers.generators.http_transport import Transport


def likelihoods(params: Any, key: str, items: Sequence[tuple[Sequence[Message], str]]) -> list[Likelihood]:
    """How likely each text is as the answer to its messages, at the endpoint that `params` name.

    Raises GenerationFailed where one cannot be told.
    """

    async def send(transport: Transport, place: int) -> tuple[int, Likelihood]:
        return place, await _likelihood(transport, params.model, *items[place], params.timeout_seconds)

    limits = {"ceiling": params.concurrency, "attempts": params.attempts}
    made = calling.stream(range(len(items)), send, base_url=params.base_url, key=key, **limits)
    return [one for _, one in sorted(made, key=lambda told: told[0])]


async def _likelihood(
    transport: Transport, model: str, messages: Sequence[Message], text: str, seconds: float
) -> Likelihood:
    """Two calls: one for the length of the prompt alone, one for the prompt with the text as an unfinished answer.

    Raises CallFailed.
    """
    turns = [{"role": message.role, "content": message.content} for message in messages]
    fields: dict[str, Any] = {"model": model, "max_tokens": 1, "temperature": 0.0}
    alone = await transport.post("/chat/completions", {**fields, "messages": turns}, seconds)
    whole = {
        **fields,
        "messages": [*turns, {"role": "assistant", "content": text}],
        "add_generation_prompt": False,
        "continue_final_message": True,
        "prompt_logprobs": 0,
    }
    return _read(alone, await transport.post("/chat/completions", whole, seconds))


def _read(alone: Any, whole: Any) -> Likelihood:
    rows = getattr(whole, "prompt_logprobs", None)
    if not isinstance(rows, list):
        raise CallFailed("The server tells no log-probabilities of prompts (prompt_logprobs).", Fault.UNWANTED)
    try:
        start = int(alone.usage.prompt_tokens)
        told = [float(next(iter(row.values()))["logprob"]) for row in rows[start:]]
    except (AttributeError, TypeError, ValueError, KeyError, StopIteration):
        raise CallFailed("The server's log-probabilities of a prompt cannot be read.", Fault.GARBAGE) from None
    if start < 1 or not told:
        raise CallFailed("The server's prompt does not end where the answer begins.", Fault.UNWANTED)
    return Likelihood(sum(told), len(told), start)
