"""The steps of a decoding chain: one small model a step, their documented order, and how they run.

Importing this module does not import torch, so that the web side can build forms from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from leaderboard.contracts.params import Params
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.said import said

ORDER = (
    "repetition-penalty",
    "presence-penalty",
    "frequency-penalty",
    "edt",
    "top-nsigma",
    "temperature",
    "top-h",
    "top-k",
    "top-p",
    "min-p",
    "typical",
    "epsilon",
    "eta",
    "mirostat",
)
"""The default order: penalties, custom steps, temperature, cuts.

EDT comes before any cut, for it needs the whole distribution; mirostat last, for it watches what is drawn.
"""

STANDARD = ("temperature", "top_p", "presence_penalty", "frequency_penalty")
"""Request fields of the OpenAI API itself; servers take the others as extras."""

VERSION = "1 pen>cus>T>h>k>p>minp>typ>eps>eta>mu"
"""Names `ORDER` in the 40 characters that a stored version has; part of the fingerprint of every chain."""


class Step(Params):
    """One step: a name, a value, and for some steps a second setting."""

    sampler: ClassVar[str]
    """Function of `workers.decoding.samplers`, called with logits and value."""
    short: ClassVar[str]
    """How a chip names it, with the value put in."""
    penalty: ClassVar[bool] = False
    """Penalties act on greedy decoding too."""
    heat: ClassVar[bool] = False
    """Sets the temperature, so that a value of 0 means greedy."""
    field: ClassVar[str] = ""
    """The same setting in an OpenAI-compatible request; empty where servers have none."""
    need: ClassVar[str] = Capability.LOGITS

    step: str
    value: float

    @property
    def label(self) -> str:
        """Short text for a chip, such as "top-p 0.9"."""
        return self.short.format(f"{self.value:g}")

    def apply(self, logits: Any, history: Any) -> Any:
        """New logits, (rows, vocabulary), of the same type. `history`: a `workers.decoding.history.History`."""
        from workers.decoding import samplers

        return getattr(samplers, self.sampler)(logits, self.value)


class RepetitionPenaltyStep(Step):
    """z / r where z > 0, else z * r, for each id seen, prompt included."""

    sampler, short, penalty = "repetition_penalty", "rep {}", True
    field, need = "repetition_penalty", Capability.REPETITION_PENALTY
    step: Literal["repetition-penalty"] = "repetition-penalty"
    value: float = Field(default=1.0, gt=0.0, le=10.0)

    def apply(self, logits: Any, history: Any) -> Any:
        """Over all known ids."""
        from workers.decoding import samplers

        return samplers.repetition_penalty(logits, history.ids, history.known, self.value)


class _OutputPenalty(Step):
    penalty = True

    def apply(self, logits: Any, history: Any) -> Any:
        """Over the new tokens alone, as vLLM counts them."""
        from workers.decoding import samplers

        new = history.known & (history.known.cumsum(1) > history.prompt_length[:, None])
        return getattr(samplers, self.sampler)(logits, history.ids, new, self.value)


class PresencePenaltyStep(_OutputPenalty):
    """z - a for each id among the new tokens."""

    sampler, short = "presence_penalty", "pres {}"
    field, need = "presence_penalty", Capability.PRESENCE_PENALTY
    step: Literal["presence-penalty"] = "presence-penalty"
    value: float = Field(default=0.0, ge=-2.0, le=2.0)


class FrequencyPenaltyStep(_OutputPenalty):
    """z - f times the count of the id among the new tokens."""

    sampler, short = "frequency_penalty", "freq {}"
    field, need = "frequency_penalty", Capability.FREQUENCY_PENALTY
    step: Literal["frequency-penalty"] = "frequency-penalty"
    value: float = Field(default=0.0, ge=-2.0, le=2.0)


class TopNSigmaStep(Step):
    """Logits within n standard deviations of the largest."""

    sampler, short = "top_n_sigma", "top-{}σ"
    step: Literal["top-nsigma"] = "top-nsigma"
    value: float = Field(default=1.0, ge=0.0, le=100.0)


class EdtStep(Step):
    """A temperature from the entropy of each step; `value` is T0."""

    short, heat = "EDT {}", True
    step: Literal["edt"] = "edt"
    value: float = Field(default=0.6, ge=0.0, le=10.0)
    theta: float = Field(default=0.1, ge=0.0, le=100.0)

    @property
    def label(self) -> str:
        """Both settings."""
        return f"EDT {self.value:g}, θ {self.theta:g}"

    def apply(self, logits: Any, history: Any) -> Any:
        """With the entropy of these logits."""
        from workers.decoding import samplers

        return samplers.edt(logits, self.value, self.theta)


class TemperatureStep(Step):
    """Logits over the value."""

    sampler, short, heat, field = "temperature", "T {}", True, "temperature"
    need = ""
    step: Literal["temperature"] = "temperature"
    value: float = Field(default=1.0, ge=0.0, le=10.0)


class TopHStep(Step):
    """The likeliest tokens that hold at most this share of the entropy."""

    sampler, short = "top_h", "top-h {}"
    step: Literal["top-h"] = "top-h"
    value: float = Field(default=0.4, gt=0.0, le=1.0)


class TopKStep(Step):
    """The k likeliest tokens."""

    sampler, short = "top_k", "top-k {}"
    field, need = "top_k", Capability.TOP_K
    step: Literal["top-k"] = "top-k"
    value: int = Field(default=50, ge=1, le=1_000_000)

    @property
    def label(self) -> str:
        """Never in exponents."""
        return f"top-k {self.value}"


class TopPStep(Step):
    """The likeliest tokens through this probability."""

    sampler, short = "top_p", "top-p {}"
    field, need = "top_p", Capability.TOP_P
    step: Literal["top-p"] = "top-p"
    value: float = Field(default=0.9, gt=0.0, le=1.0)


class MinPStep(Step):
    """Tokens at least this share as likely as the likeliest."""

    sampler, short = "min_p", "min-p {}"
    field, need = "min_p", Capability.MIN_P
    step: Literal["min-p"] = "min-p"
    value: float = Field(default=0.1, ge=0.0, le=1.0)


class TypicalStep(Step):
    """The tokens of nearly average surprise, through this probability."""

    sampler, short = "typical", "typical {}"
    step: Literal["typical"] = "typical"
    value: float = Field(default=0.9, gt=0.0, le=1.0)


class EpsilonStep(Step):
    """Tokens of at least this probability."""

    sampler, short = "epsilon", "ε {}"
    step: Literal["epsilon"] = "epsilon"
    value: float = Field(default=6e-4, ge=0.0, lt=1.0)


class EtaStep(Step):
    """Tokens of at least a probability that falls with the entropy."""

    sampler, short = "eta", "η {}"
    step: Literal["eta"] = "eta"
    value: float = Field(default=6e-4, ge=0.0, lt=1.0)


class MirostatStep(Step):
    """A cut that steers the mean surprise to `value` bits a token."""

    short = "mirostat {}"
    step: Literal["mirostat"] = "mirostat"
    value: float = Field(default=5.0, gt=0.0, le=100.0)
    rate: float = Field(default=0.1, ge=0.0, le=10.0)

    @property
    def label(self) -> str:
        """Both settings."""
        return f"mirostat {self.value:g}, η {self.rate:g}"

    def apply(self, logits: Any, history: Any) -> Any:
        """Raises ValueError after the first token where the loop keeps no surprise."""
        from workers.decoding import samplers

        total = getattr(history, "surprise", None)
        if total is None:
            if bool(history.step.any()):
                raise ValueError("Mirostat needs a loop that keeps the surprise of the chosen tokens.")
            total = history.step.double()
        return samplers.mirostat(logits, samplers.mirostat_bound(total, history.step, self.value, self.rate))


Known = (
    RepetitionPenaltyStep
    | PresencePenaltyStep
    | FrequencyPenaltyStep
    | TopNSigmaStep
    | EdtStep
    | TemperatureStep
    | TopHStep
    | TopKStep
    | TopPStep
    | MinPStep
    | TypicalStep
    | EpsilonStep
    | EtaStep
    | MirostatStep
)


def _read(given: Any) -> Any:
    """A step typed as text, such as "top-p 0.9" or "edt 0.6 theta=0.1", as a mapping."""
    if not isinstance(given, str):
        return given
    name, *rest = given.split() or [""]
    parts = [part.partition("=") if "=" in part else ("value", "=", part) for part in rest]
    settings = {key: value for key, _, value in parts}
    if len(settings) < len(parts):
        raise ValueError(said("the step '{given}' gives a setting twice", given=given))
    return {"step": name, **settings}


AnyStep = Annotated[Known, Field(discriminator="step")]
WrittenStep = Annotated[AnyStep, BeforeValidator(_read)]
"""A step as an object or as one line of text."""


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps sorted into `ORDER`."""
    return tuple(sorted(steps, key=lambda step: ORDER.index(step.step)))


def fault_of(steps: Sequence[Step]) -> str | None:
    """What is wrong with a chain, in one sentence; None where nothing is."""
    names = [step.step for step in steps]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        return said("The step '{twice}' is there twice; give each step once.", twice=twice)
    if sum(step.heat for step in steps) > 1:
        return said("EDT sets the temperature itself; leave one of 'edt' and 'temperature' out.")
    return None


def runs_on_servers(steps: Sequence[Step]) -> bool:
    """Whether an OpenAI-compatible server with the needed capabilities does the same.

    Servers have an order of their own: top-p and min-p together mean other tokens there (vLLM cuts by min-p first).
    """
    names = {step.step for step in steps}
    told = all(step.field and step.need != Capability.LOGITS for step in steps)
    return told and in_order(steps) == tuple(steps) and not {"top-p", "min-p"} <= names


def server_fields(steps: Sequence[Step]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The steps as standard fields and as extra fields of a request."""
    fields = {step.field: step.value for step in steps}
    standard = {name: value for name, value in fields.items() if name in STANDARD}
    return standard, {name: value for name, value in fields.items() if name not in standard}
