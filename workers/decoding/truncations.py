"""Strategies that heat and then cut, or that penalise: each a short fixed chain with settings of its own.

Importing this module does not import torch, so that the web side can build forms from it.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from leaderboard.contracts.params import Params
from workers.decoding.chain import StepStrategy
from workers.decoding.steps import (
    EpsilonStep,
    EtaStep,
    FrequencyPenaltyStep,
    PresencePenaltyStep,
    RepetitionPenaltyStep,
    Step,
    TemperatureStep,
    TopHStep,
    TopNSigmaStep,
    TypicalStep,
    in_order,
)
from workers.decoding.strategies import GreedyParams, TemperatureParams


def repetition(params: GreedyParams) -> tuple[Step, ...]:
    """The repetition penalty as a step; nothing where it is 1."""
    return () if params.repetition_penalty == 1.0 else (RepetitionPenaltyStep(value=params.repetition_penalty),)


class CutStrategy(StepStrategy):
    """Repetition penalty, temperature and one cut, in the documented order."""

    def _steps(self) -> tuple[Step, ...]:
        return in_order((*repetition(self.params), TemperatureStep(value=self.params.temperature), self._cut()))

    def _cut(self) -> Step:
        raise NotImplementedError


class TypicalParams(TemperatureParams):
    """Settings of typical sampling."""

    mass: float = Field(
        default=0.9,
        gt=0.0,
        le=1.0,
        title="Typical mass",
        description="Choose among the tokens of nearly average surprise that together reach this probability.",
    )


class Typical(CutStrategy):
    """Samples among the tokens whose surprise is near the entropy."""

    name: ClassVar[str] = "typical"
    version: ClassVar[str] = "1 rep>temp>typical"
    title: ClassVar[str] = "Typical: sample among the tokens of average surprise"
    Params: ClassVar[type[Params]] = TypicalParams

    def _cut(self) -> Step:
        return TypicalStep(value=self.params.mass)


class EpsilonParams(TemperatureParams):
    """Settings of epsilon sampling."""

    epsilon: float = Field(
        default=6e-4, ge=0.0, lt=1.0, title="Epsilon", description="Drop tokens less likely than this."
    )


class Epsilon(CutStrategy):
    """Samples among the tokens of at least a fixed probability."""

    name: ClassVar[str] = "epsilon"
    version: ClassVar[str] = "1 rep>temp>epsilon"
    title: ClassVar[str] = "Epsilon: drop tokens below a fixed probability"
    Params: ClassVar[type[Params]] = EpsilonParams

    def _cut(self) -> Step:
        return EpsilonStep(value=self.params.epsilon)


class EtaParams(TemperatureParams):
    """Settings of eta sampling."""

    epsilon: float = Field(
        default=6e-4,
        ge=0.0,
        lt=1.0,
        title="Epsilon",
        description="Drop tokens less likely than this, or than a lower bound where the model is unsure.",
    )


class Eta(CutStrategy):
    """Samples among the tokens above a probability that falls where the model is unsure."""

    name: ClassVar[str] = "eta"
    version: ClassVar[str] = "1 rep>temp>eta"
    title: ClassVar[str] = "Eta: drop unlikely tokens, fewer where the model is unsure"
    Params: ClassVar[type[Params]] = EtaParams

    def _cut(self) -> Step:
        return EtaStep(value=self.params.epsilon)


class TopHParams(TemperatureParams):
    """Settings of top-h sampling."""

    h: float = Field(
        default=0.4,
        gt=0.0,
        le=1.0,
        title="Top-h",
        description="Choose among the likeliest tokens that hold this share of the entropy.",
    )


class TopH(CutStrategy):
    """Samples among the likeliest tokens whose entropy is bounded."""

    name: ClassVar[str] = "top-h"
    version: ClassVar[str] = "1 rep>temp>top-h"
    title: ClassVar[str] = "Top-h: keep a share of the entropy"
    Params: ClassVar[type[Params]] = TopHParams

    def _cut(self) -> Step:
        return TopHStep(value=self.params.h)


class TopNSigmaParams(TemperatureParams):
    """Settings of top-nσ sampling."""

    n: float = Field(
        default=1.0,
        ge=0.0,
        le=100.0,
        title="Standard deviations",
        description="Choose among the tokens whose logit is this near the largest, in standard deviations.",
    )


class TopNSigma(CutStrategy):
    """Samples among the tokens whose logit is near the largest; the temperature does not move the cut."""

    name: ClassVar[str] = "top-nsigma"
    version: ClassVar[str] = "1 rep>nsigma>temp"
    title: ClassVar[str] = "Top-nσ: cut by logits, at any temperature"
    Params: ClassVar[type[Params]] = TopNSigmaParams

    def _cut(self) -> Step:
        return TopNSigmaStep(value=self.params.n)


class PenaltiesParams(TemperatureParams):
    """Settings of sampling with penalties on what was written before."""

    presence_penalty: float = Field(
        default=0.5,
        ge=-2.0,
        le=2.0,
        title="Presence penalty",
        description="Taken off the logit of each token that the output already has.",
    )
    frequency_penalty: float = Field(
        default=0.0,
        ge=-2.0,
        le=2.0,
        title="Frequency penalty",
        description="Taken off the logit once for each time the output already has the token.",
    )


class Penalties(StepStrategy):
    """Samples from all tokens, those already written made less likely."""

    name: ClassVar[str] = "penalties"
    version: ClassVar[str] = "1 rep>pres>freq>temp"
    title: ClassVar[str] = "Penalties: make tokens already written less likely"
    Params: ClassVar[type[Params]] = PenaltiesParams

    def _steps(self) -> tuple[Step, ...]:
        settings = self.params
        presence = PresencePenaltyStep(value=settings.presence_penalty)
        frequency = FrequencyPenaltyStep(value=settings.frequency_penalty)
        told = tuple(step for step in (presence, frequency) if step.value)
        return (*repetition(settings), *told, TemperatureStep(value=settings.temperature))
