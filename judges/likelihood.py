"""A judge that asks no question: the answer that a model finds more likely after the prompt, per token, wins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from judges.by_metric import logistic
from judges.core import AROUND, Asker, LLMParams
from leaderboard.contracts.params import FieldError, InvalidInput, Params
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.registry import generators
from leaderboard.contracts.said import said
from leaderboard.contracts.values import Likelihood, Message, Pair, Verdict, VerdictState

AT_ONCE = 64
"""Pairs whose texts are read together."""
Text = tuple[tuple[Message, ...], str]


class LikelihoodParams(LLMParams):
    """Whose likelihood, and how two of them become a credit."""

    credit: Literal["sign", "logistic"] = Field(
        "sign", description="sign: the likelier answer wins. logistic: 1 / (1 + exp(-difference / scale))."
    )
    scale: float = Field(
        1.0, gt=0, description="Difference in nats a token that makes the odds of winning e to 1, for logistic."
    )
    tie_within: float = Field(0.0, ge=0, description="A difference in nats a token no larger than this ties, for sign.")


class LikelihoodJudge:
    """Compares the mean log-probability of the answers' tokens; the end of an answer is not counted.

    The order makes no difference, so each pair is judged once. Identical answers tie. A text that does not fit the
    model's context is `truncated`, an empty one `unparsed`.
    """

    name: ClassVar[str] = "likelihood"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Likelihood: the answer that a model finds more likely, per token"
    Params: ClassVar[type[Params]] = LikelihoodParams
    both_orders: ClassVar[bool] = False
    cacheable: ClassVar[bool] = True

    def __init__(self, params: LikelihoodParams) -> None:
        """Raises InvalidInput where the generator cannot tell the likelihood of a given text."""
        self.params = params
        self._asker = Asker(params)
        kind = generators.get(params.generator)
        parsed = generators.parse(params.generator, params.generator_params, "generator_params")
        declared = frozenset(getattr(parsed, "extra_capabilities", ()))
        if Capability.PROMPT_LOGPROBS not in kind.capabilities | declared:
            message = said(
                "'{name}' is not known to tell how likely a given text is: prompt_logprobs in extra_capabilities.",
                name=params.generator,
            )
            raise InvalidInput(FieldError(("generator",), message))

    def judge(self, pairs: Sequence[Pair]) -> Iterator[Verdict]:
        """One verdict a pair; a text that meets several others in one part is read once. Raises what the model does."""
        differ = [pair for pair in pairs if not pair.identical]
        for pair in pairs:
            if pair.identical:
                yield Verdict(pair.key, VerdictState.SCORED, 0.5, evidence={"identical": True})
        for start in range(0, len(differ), AT_ONCE):
            part = [(pair, *_texts(pair)) for pair in differ[start : start + AT_ONCE]]
            wanted = list(dict.fromkeys(text for _, a, b in part for text in (a, b) if text[1].strip()))
            found = dict(zip(wanted, self._asker.likelihoods(wanted), strict=True))
            for pair, a, b in part:
                new = [found[one] for one in dict.fromkeys((a, b)) if one in found and one in wanted]
                wanted = [one for one in wanted if one not in (a, b)]
                yield self._verdict(pair, found.get(a), found.get(b), new)

    def most_tokens(self, pair: Pair) -> tuple[int, int]:
        """A server reads the prompt twice for each answer, and each answer once."""
        if pair.identical:
            return 0, 0
        sent = [_bytes(messages) * 2 + len(text.encode()) + AROUND for messages, text in _texts(pair)]
        return sum(sent), 2 * len(sent)

    def provenance(self) -> Mapping[str, str]:
        """The model."""
        return {**self._asker.provenance(), "judge": self.name, "judge_version": self.version}

    def _verdict(self, pair: Pair, a: Likelihood | None, b: Likelihood | None, new: Sequence[Likelihood]) -> Verdict:
        """`new`: those that no verdict before this one has counted the tokens of."""
        means = {side: one.mean if one else None for side, one in (("a", a), ("b", b))}
        evidence: dict[str, Any] = {"likelihood": {"a": _told(a), "b": _told(b)}}
        raw = " against ".join("none" if mean is None else f"{mean:.6g}" for mean in means.values())
        tokens = {"prompt_tokens": sum(one.prompt_tokens + one.tokens for one in new)}
        if means["a"] is None or means["b"] is None:
            state = VerdictState.UNPARSED if a is None or b is None else VerdictState.TRUNCATED
            return Verdict(pair.key, state, raw=raw, evidence=evidence, **tokens)
        credit = self._credit(means["a"] - means["b"])
        return Verdict(pair.key, VerdictState.SCORED, credit, raw=raw, evidence=evidence, **tokens)

    def _credit(self, difference: float) -> float:
        """Of side a, by how many nats a token it is likelier."""
        if self.params.credit == "logistic":
            return logistic(difference / self.params.scale)
        return 0.5 if abs(difference) <= self.params.tie_within else float(difference > 0)


def _texts(pair: Pair) -> tuple[Text, Text]:
    asked = Message("user", pair.prompt)
    return ((*pair.earlier_a, asked), pair.answer_a), ((*pair.earlier_b, asked), pair.answer_b)


def _bytes(messages: Sequence[Message]) -> int:
    return sum(len(message.content.encode()) + AROUND for message in messages)


def _told(one: Likelihood | None) -> dict[str, Any]:
    return {"logprob": one.logprob, "tokens": one.tokens, "mean": one.mean} if one else {}
