"""Checks of generators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from leaderboard.contracts.conformance.shared import (
    SLUG,
    Given,
    build,
    check_capabilities,
    check_plugin,
    check_texts,
    expect,
    params_of,
    storable,
)
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.values import (
    DecodingChoice,
    FinishReason,
    Generation,
    GenerationRequest,
    Message,
    ModelIdentity,
)


def check_generator(cls: Any, params: Given = None, decoding: DecodingChoice | None = None, exact: bool = True) -> None:
    """A generator: a pinned identity, every request once, and outputs that do not depend on the batch.

    `exact`: False for a server that does not promise the same output for the same request.
    """
    check_plugin(cls)
    check_capabilities(cls.capabilities, f"{cls.__name__}.capabilities")
    expect(bool(SLUG.fullmatch(cls.backend)), f"{cls.__name__}.backend must be like 'cuda', for it names a queue.")
    parsed = params_of(cls, params)
    identity = cls.identity(parsed)
    expect(isinstance(identity, ModelIdentity), f"{cls.__name__}.identity() must give a ModelIdentity.")
    expect(bool(identity.source and identity.name), f"{cls.__name__}.identity() must name source and model.")
    generator, who = build(cls, params)
    choice = decoding or DecodingChoice("greedy", {"max_new_tokens": 8})
    requests = [_request(f"r{i}", text, choice) for i, text in enumerate(("Hi.", "Tell me a story.", "What is 2 + 2?"))]
    expect(list(generator.generate([])) == [], f"{who} makes outputs where none were asked for.")
    batch = _generations(generator, requests, who)
    if Capability.LOGPROBS in cls.capabilities:
        asking = replace(requests[0], top_logprobs=3)
        _check_logprobs(_generations(generator, [asking], who)[asking.key].first_logprobs, who)
    if exact:
        for request in requests:
            alone = _generations(generator, [request], who)[request.key]
            same = alone.text == batch[request.key].text
            expect(same, f"{who} gives {request.key!r} another output alone than in a batch.")
    check_texts(generator.provenance(), f"{who}.provenance()")


def _request(key: str, text: str, choice: DecodingChoice) -> GenerationRequest:
    return GenerationRequest(key, (Message("user", text),), choice, noise_key=f"conformance {key}")


def _generations(generator: Any, requests: Sequence[GenerationRequest], who: str) -> dict[str, Generation]:
    made = list(generator.generate(requests))
    expect(all(isinstance(g, Generation) for g in made), f"{who}.generate() must yield Generations.")
    asked, told = sorted(request.key for request in requests), sorted(generation.key for generation in made)
    expect(asked == told, f"{who} must make every output once: asked for {asked}, got {told}.")
    for one in made:
        sound = min(one.prompt_tokens, one.output_tokens, one.seconds) >= 0 and isinstance(
            one.finish_reason, FinishReason
        )
        expect(sound, f"{who}: output {one.key!r} has a negative count or no FinishReason.")
        expect(storable(one.text), f"{who}: output {one.key!r} holds NUL or half a surrogate pair.")
    return {generation.key: generation for generation in made}


def _check_logprobs(table: Any, who: str) -> None:
    expect(bool(table), f"{who} says it gives log-probabilities and gives none.")
    values = [value for _, value in table]
    expect(len(table) <= 3, f"{who} gives {len(table)} log-probabilities where 3 were asked for.")
    expect(values == sorted(values, reverse=True), f"{who} must give log-probabilities best first: {values}.")
    expect(all(value <= 1e-6 for value in values), f"{who} gives log-probabilities above 0: {values}.")
