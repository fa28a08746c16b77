"""Judges of one token: it names the better answer, and its log-probabilities say how surely (AlpacaEval 2)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from judges.core import LLMParams
from judges.formats import ExactToken, OneToken
from judges.frames import FilledPrompt, JudgePrompt
from judges.pairwise import PairwiseJudge
from judges.prompts import ALPACA_EVAL, PROMPTS, fill, random_names
from leaderboard.benchmarks.alpaca_eval import model_shown_first
from leaderboard.contracts.params import Params
from leaderboard.contracts.values import Pair


class PairwiseLLMParams(LLMParams):
    """Which model judges, and how it is asked."""

    slot_names: Literal["random", "alpacaeval"] = Field(
        "random", description="How the two answers are called: names drawn for each pair, or AlpacaEval's m and M."
    )
    top_logprobs: int = Field(20, ge=2, le=20, description="How many log-probabilities are asked for.")
    prompt: Literal["quoted-1", "short-1"] = Field(
        "quoted-1",
        description="Wording of the question: short-1 is for small judges trained on it (pebble-judge).",
    )


class AlpacaEvalParams(PairwiseLLMParams):
    """As `pairwise-llm`, with a way out where a server gives no log-probabilities."""

    samples: int = Field(
        0, ge=0, le=64, description="Tokens drawn where the server gives no log-probabilities; 0 leaves that unscored."
    )


class PairwiseLLMJudge(PairwiseJudge):
    """Credit of the first slot is P(slot 1) / (P(slot 1) + P(slot 2)), as in AlpacaEval 2 (arXiv 2404.04475).

    Stored judges name it. `alpacaeval` can draw tokens too, and reads the table as AlpacaEval does: here a token with
    a space before the name counts for the name.
    """

    name: ClassVar[str] = "pairwise-llm"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "A language model compares two answers"
    Params: ClassVar[type[Params]] = PairwiseLLMParams

    @property
    def cacheable(self) -> bool:
        """Log-probabilities of one token are the same each time, but for noise."""
        return True

    @property
    def form(self) -> OneToken:
        """One token with log-probabilities."""
        return OneToken(self.params.top_logprobs)

    @property
    def wordings(self) -> tuple[JudgePrompt, ...]:
        """The one wording that is used."""
        return (PROMPTS[self.params.prompt],)

    def fill(self, pair: Pair) -> FilledPrompt:
        """The messages for this pair in its order."""
        names = ALPACA_EVAL if self.params.slot_names == "alpacaeval" else random_names(pair)
        return fill(self.wording(pair), pair, names)


class AlpacaEvalJudge(PairwiseLLMJudge):
    """AlpacaEval 2's format in both orders; where there are no log-probabilities, the share of tokens drawn."""

    name: ClassVar[str] = "alpacaeval"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "AlpacaEval: one token names the better answer, its log-probabilities say how surely"
    Params: ClassVar[type[Params]] = AlpacaEvalParams

    @property
    def cacheable(self) -> bool:
        """Drawn tokens are drawn anew."""
        return not self.params.samples

    @property
    def form(self) -> OneToken:
        """One token with log-probabilities, or as many tokens as are to be drawn."""
        return ExactToken(self.params.top_logprobs, self.params.samples)


class AlpacaEvalPublished(AlpacaEvalJudge):
    """The same in one order a prompt, by AlpacaEval's own draw, for reproduction: it shares the bias of its order."""

    name: ClassVar[str] = "alpacaeval-published"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "AlpacaEval in the one published order of each prompt, for reproduction"
    both_orders: ClassVar[bool] = False

    @classmethod
    def model_first(cls, prompt: str) -> bool:
        """Whether the entry stands in slot 1 and the baseline in slot 2."""
        return model_shown_first(prompt)
