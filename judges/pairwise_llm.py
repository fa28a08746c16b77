"""A language model as judge: one token names the better answer, its log-probabilities say how surely."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import Field

from judges.prompts import ALPACA_EVAL, PROMPTS, FilledPrompt, JudgePrompt, SlotNames, fill, random_names
from judges.verdicts import PARSER_VERSION, first_slot_share
from leaderboard.contracts.params import Params
from leaderboard.contracts.registry import generators
from leaderboard.contracts.values import (
    DecodingChoice,
    FinishReason,
    Generation,
    GenerationRequest,
    Pair,
    Verdict,
    VerdictState,
)

ONE_TOKEN = DecodingChoice("greedy", {"max_new_tokens": 1})


class PairwiseLLMParams(Params):
    """Which model judges, and how it is asked."""

    generator: str = Field(min_length=1, max_length=100, description="Generator plugin that runs the judge's model.")
    generator_params: dict[str, Any] = Field(default_factory=dict, description="Settings of that generator.")
    slot_names: Literal["random", "alpacaeval"] = Field(
        "random", description="How the two answers are called: names drawn for each pair, or AlpacaEval's m and M."
    )
    top_logprobs: int = Field(20, ge=2, le=20, description="How many log-probabilities are asked for.")
    prompt: Literal["quoted-1"] = Field("quoted-1", description="Wording of the question to the judge.")


class PairwiseLLMJudge:
    """Credit of the first slot is P(slot 1) / (P(slot 1) + P(slot 2)), as in AlpacaEval 2 (arXiv 2404.04475).

    Identical answers tie without a call. What is no number keeps its own state, never a tie.
    """

    name: ClassVar[str] = "pairwise-llm"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "A language model compares two answers"
    Params: ClassVar[type[Params]] = PairwiseLLMParams
    both_orders: ClassVar[bool] = True

    def __init__(self, params: PairwiseLLMParams) -> None:
        self.params = params

    def judge(self, pairs: Sequence[Pair]) -> Iterator[Verdict]:
        """One verdict a pair, as each is known.

        Raises: whatever the generator raises; RuntimeError where it leaves a request out or doubles one.
        """
        waiting: dict[str, tuple[Pair, FilledPrompt]] = {}
        for index, pair in enumerate(pairs):
            if pair.answer_a == pair.answer_b:
                yield Verdict(pair.key, VerdictState.SCORED, 0.5, evidence={"identical": True, **self._versions()})
            else:
                waiting[str(index)] = pair, fill(self._prompt, pair, self._names(pair))
        if not waiting:
            return
        requests = [self._request(key, filled) for key, (_, filled) in waiting.items()]
        for generation in self._generator.generate(requests):
            if generation.key not in waiting:
                raise RuntimeError(f"generator {self.params.generator} returned {generation.key!r} unasked or twice")
            yield self._verdict(*waiting.pop(generation.key), generation)
        if waiting:
            raise RuntimeError(f"generator {self.params.generator} left out {len(waiting)} of {len(requests)} requests")

    def provenance(self) -> Mapping[str, str]:
        """The judge's model, prompt and parser; loads nothing unless a verdict was asked for before."""
        kind = generators.get(self.params.generator)
        identity = kind.identity(generators.parse(self.params.generator, self.params.generator_params))
        own = {**self._versions(), "judge": self.name, "judge_version": self.version}
        model = {"model_source": identity.source, "model": identity.name, "model_revision": identity.revision}
        made = self.__dict__.get("_generator")
        return {**(made.provenance() if made else {}), "generator": f"{kind.name} {kind.version}", **model, **own}

    @cached_property
    def _generator(self) -> Any:
        return generators.build(self.params.generator, self.params.generator_params, "generator_params")

    @property
    def _prompt(self) -> JudgePrompt:
        return PROMPTS[self.params.prompt]

    def _versions(self) -> dict[str, str]:
        return {"prompt": self._prompt.name, "prompt_digest": self._prompt.digest, "parser_version": PARSER_VERSION}

    def _names(self, pair: Pair) -> SlotNames:
        return ALPACA_EVAL if self.params.slot_names == "alpacaeval" else random_names(pair)

    def _request(self, key: str, filled: FilledPrompt) -> GenerationRequest:
        return GenerationRequest(
            key=key,
            messages=filled.messages,
            decoding=ONE_TOKEN,
            noise_key=filled.nonce,
            top_logprobs=self.params.top_logprobs,
        )

    def _verdict(self, pair: Pair, filled: FilledPrompt, made: Generation) -> Verdict:
        state, share = _read(made, filled.names)
        credit = 1.0 - share if pair.swapped and share is not None else share
        return Verdict(
            pair.key,
            state,
            credit,
            raw=made.text,
            evidence={**self._versions(), **_evidence(pair, filled, made)},
            prompt_tokens=made.prompt_tokens,
            output_tokens=made.output_tokens,
            seconds=made.seconds,
            cost_usd=made.cost_usd,
        )


def _read(made: Generation, names: SlotNames) -> tuple[VerdictState, float | None]:
    """The state, and the first slot's share where it is SCORED."""
    if made.finish_reason is FinishReason.FILTER:
        return VerdictState.REFUSED, None
    if made.prompt_truncated:
        return VerdictState.TRUNCATED, None
    if not made.first_logprobs:
        return VerdictState.NO_LOGPROBS, None
    share = first_slot_share(made.first_logprobs, names)
    return (VerdictState.UNPARSED if share is None else VerdictState.SCORED), share


def _evidence(pair: Pair, filled: FilledPrompt, made: Generation) -> dict[str, Any]:
    """What a stranger needs to compute the verdict again; plain JSON."""
    return {
        "slot_names": list(filled.names),
        "slots": ["b", "a"] if pair.swapped else ["a", "b"],
        "logprobs": [[token, value if math.isfinite(value) else None] for token, value in made.first_logprobs or ()],
        "request_digest": filled.digest,
        "finish_reason": str(made.finish_reason),
    }
