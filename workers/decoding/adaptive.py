"""Strategies that change with the text: EDT by the entropy of a step, mirostat 2 by the surprise so far.

Importing this module does not import torch, so that the web side can build forms from it.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from leaderboard.contracts.params import Params
from workers.decoding.chain import StepStrategy
from workers.decoding.steps import EdtStep, MirostatStep, Step, TemperatureStep
from workers.decoding.strategies import GreedyParams, TemperatureParams
from workers.decoding.truncations import repetition


class EdtParams(GreedyParams):
    """Settings of EDT."""

    t0: float = Field(
        default=0.6,
        ge=0.0,
        le=10.0,
        title="Highest temperature",
        description="The temperature where the model is least sure; 0 always takes the likeliest token.",
    )
    theta: float = Field(
        default=0.1,
        ge=0.0,
        le=100.0,
        title="Theta",
        description="How fast the temperature falls as the model grows sure; 0 keeps it constant.",
    )


class Edt(StepStrategy):
    """Samples at a temperature that each step's entropy sets: T0 * 0.8^(theta / H)."""

    name: ClassVar[str] = "edt"
    version: ClassVar[str] = "1 rep>edt"
    title: ClassVar[str] = "EDT: a temperature that follows the entropy"
    Params: ClassVar[type[Params]] = EdtParams

    def _steps(self) -> tuple[Step, ...]:
        return (*repetition(self.params), EdtStep(value=self.params.t0, theta=self.params.theta))


class MirostatParams(TemperatureParams):
    """Settings of mirostat 2."""

    tau: float = Field(
        default=5.0,
        gt=0.0,
        le=100.0,
        title="Target surprise",
        description="Bits a token that the text should carry on average.",
    )
    rate: float = Field(
        default=0.1,
        ge=0.0,
        le=10.0,
        title="Learning rate",
        description="How fast the cut follows the difference from the target.",
    )


class Mirostat(StepStrategy):
    """Samples with a cut that steers the mean surprise to a target."""

    name: ClassVar[str] = "mirostat"
    version: ClassVar[str] = "1 rep>temp>mirostat-2"
    title: ClassVar[str] = "Mirostat 2: hold the surprise of the text near a target"
    Params: ClassVar[type[Params]] = MirostatParams

    def _steps(self) -> tuple[Step, ...]:
        heat, cut = self.params.temperature, MirostatStep(value=self.params.tau, rate=self.params.rate)
        return (*repetition(self.params), TemperatureStep(value=heat), cut)
