"""`reward-model`: the score that a sequence-classification model gives to an answer. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from leaderboard.contracts.model_folder import WeightsParams, identify
from leaderboard.contracts.params import InvalidInput, Params
from leaderboard.contracts.said import said
from leaderboard.contracts.values import Scorable, Scored

if TYPE_CHECKING:
    from judges.metrics.reward_reader import RewardReader

KEPT = 2
"""Loaded models in one process; the least used goes first."""


class RewardModelParams(WeightsParams):
    """Which reward model, and how it is shown a prompt and an answer.

    The revision of a folder is filled in with its digest, so that stored scores name the weights that made them.
    """

    batch_size: int = Field(
        default=64,
        ge=1,
        le=4096,
        title="Batch size",
        description="Most answers that the model reads side by side; fewer where memory is short.",
    )
    adapter: Literal["auto", "plain", "chat", "fsfairx", "armorm"] = Field(
        default="auto",
        title="Adapter",
        description="plain is the tokenizer's pair of texts, chat its chat template, fsfairx and armorm the published "
        "ways of these models; auto tells them by the model.",
    )

    @model_validator(mode="before")
    @classmethod
    def _pinned(cls, given: Any) -> Any:
        """The revision written out. A stored one that is no longer in the folder is refused."""
        if not isinstance(given, dict) or not isinstance(given.get("model"), str):
            return given
        try:
            return {**given, "revision": identify(given["model"], str(given.get("revision") or "")).revision}
        except InvalidInput as problem:
            raise ValueError(" ".join(error.message for error in problem.errors)) from None


class RewardModel:
    """The model's one number for prompt and answer, on the model's own scale: higher is better, no zero, no unit.

    The reference is not read. Unscored where the text is empty or does not fit the model's context.
    """

    name: ClassVar[str] = "reward-model"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Reward model: the score of a sequence-classification model"
    Params: ClassVar[type[Params]] = RewardModelParams
    selects: ClassVar[bool] = True

    def __init__(self, params: RewardModelParams) -> None:
        self.params = params

    def score(self, *, prompt: str, reference: str, text: str) -> Scored:
        """The score of one output. Raises InvalidInput where the model cannot be loaded as a reward model."""
        return self.score_many([Scorable(prompt, reference, text)])[0]

    def score_many(self, items: Sequence[Scorable]) -> list[Scored]:
        """The scores in the order of `items`. Raises as `score`, and MemoryError where one alone does not fit."""
        filled = [place for place, item in enumerate(items) if item.text.strip()]
        scores = [Scored(None, said("empty output"))] * len(items)
        if filled:
            found = _reader(self.params).read([(items[place].prompt, items[place].text) for place in filled])
            for place, value in zip(filled, found, strict=True):
                scores[place] = _scored(value)
        return scores


def _scored(value: float | None) -> Scored:
    if value is None:
        return Scored(None, said("longer than the reward model's context"))
    return Scored(value) if math.isfinite(value) else Scored(None, said("the reward model gave no number"))


@lru_cache(maxsize=KEPT)
def _reader(params: RewardModelParams) -> RewardReader:
    """One loaded model for all metrics and selectors of this process with these settings."""
    from judges.metrics.reward_reader import RewardReader

    return RewardReader(params)
