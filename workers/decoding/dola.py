"""DoLa: contrast the last layer's prediction with that of an earlier layer, chosen anew for every row and step.

Source: Chuang et al., "DoLa: Decoding by Contrasting Layers" (arXiv 2309.03883). Imports no torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from leaderboard.contracts.params import Params
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.said import said
from workers.decoding.history import History
from workers.decoding.strategies import Greedy, TemperatureParams

if TYPE_CHECKING:
    from torch import Tensor

DEEP = 40
"""With more layers than this, a bucket is `REACH` layers at its end of the model instead of half of it."""
REACH = 20


class DoLaParams(TemperatureParams):
    """Settings of DoLa."""

    layers: str = Field(
        default="high",
        pattern=r"^(low|high|\d+(,\d+)*)$",
        title="Layers",
        description="Which early layers to choose from: low, high, or numbers such as 2,4 where 0 is the embeddings.",
    )
    variant: Literal["textbook", "public_code"] = Field(
        default="textbook",
        title="Divergence",
        description="textbook is the Jensen-Shannon divergence; public_code has both its KL terms the other way round.",
    )
    norm_early: bool = Field(
        default=True,
        title="Norm early layers",
        description="Apply the model's final norm to an early layer before the head; the public code does not.",
    )
    alpha: float = Field(
        default=0.1,
        gt=0.0,
        le=1.0,
        title="Least share",
        description="Drop tokens less likely than this share of the likeliest one, in the last layer.",
    )
    temperature: float = Field(
        default=0.0,
        ge=0.0,
        le=10.0,
        title="Temperature",
        description="Higher makes the output more varied; 0 always takes the best token.",
    )
    repetition_penalty: float = Field(
        default=1.2,
        gt=0.0,
        le=10.0,
        title="Repetition penalty",
        description="Above 1 makes tokens already seen less likely; 1 changes nothing.",
    )


@dataclass(frozen=True)
class EarlyHistory(History):
    """A past with what the early layers say. `early`: (rows, layers, vocabulary) float32 logits, never None."""

    early: Tensor | None = None


class DoLa(Greedy):
    """Scores a token by how much likelier it is in the last layer than in an early one."""

    name: ClassVar[str] = "dola"
    version: ClassVar[str] = "1 contrast>rep>temp"
    title: ClassVar[str] = "DoLa: contrast the last layer with an early one"
    Params: ClassVar[type[Params]] = DoLaParams

    @property
    def label(self) -> str:
        """Short text for a chip: "DoLa high · rep 1.2"."""
        parts = [f"DoLa {self.params.layers}"]
        parts += ["public code"] if self.params.variant == "public_code" else []
        parts += [] if self.params.norm_early else ["no norm"]
        parts += [f"α {self.params.alpha:g}"] if self.params.alpha != 0.1 else []
        parts += [f"T {self.heat:g}"] if self.samples else []
        parts += [f"rep {self.params.repetition_penalty:g}"] if self.params.repetition_penalty != 1.0 else []
        return " · ".join(parts)

    @property
    def norm_early(self) -> bool:
        """Whether the engine puts the final norm between an early layer and the head."""
        return bool(self.params.norm_early)

    def needs(self) -> frozenset[str]:
        """Our own loop over the model: no server shows its layers."""
        return frozenset({Capability.LOOP})

    def early_layers(self, count: int, tied: bool) -> tuple[int, ...]:
        """The candidates in a model of `count` layers; 0 is the embeddings. `tied`: the head is the embeddings.

        Raises ValueError where none is left.
        """
        chosen = bucket(self.params.layers, count, tied)
        if not chosen or max(chosen) >= count:
            raise ValueError(f"DoLa's layers {self.params.layers} do not lie below the last of {count} layers.")
        return chosen

    def apply(self, logits: Any, history: Any) -> Any:
        """The contrast, the repetition penalty, then the temperature. `history` must be an EarlyHistory."""
        from workers.decoding import samplers

        early = getattr(history, "early", None)
        if early is None:
            raise ValueError("DoLa needs the logits of early layers, which this backend does not give.")
        scores = contrast(logits, early, self.params.alpha, self.params.variant)
        if self.params.repetition_penalty != 1.0:
            scores = samplers.repetition_penalty(scores, history.ids, history.known, self.params.repetition_penalty)
        return samplers.temperature(scores, self.heat) if self.samples else scores

    def request_fields(self) -> Mapping[str, Any]:
        """Raises ValueError: no request can ask for DoLa."""
        raise ValueError(said("DoLa runs only on a model loaded here; no server offers it."))


def bucket(layers: str, count: int, tied: bool) -> tuple[int, ...]:
    """The candidate layers by name or number, as the paper and its public code have them for `count` layers.

    Tied embeddings make layer 0 predict its own input, so the low bucket then begins at 2.
    """
    if layers not in ("low", "high"):
        return tuple(dict.fromkeys(int(part) for part in layers.split(",")))
    if layers == "high":
        return tuple(range(count - REACH if count > DEEP else count // 2, count, 2))
    first = 2 if tied and count > 2 else 0
    end = REACH if count > DEEP else count // 2
    return tuple(range(first, end, 2)) or (first,)


def contrast(logits: Tensor, early: Tensor, alpha: float, variant: str) -> Tensor:
    """ln p - ln q of the layer q furthest from p, where p(v) >= alpha max p, else -inf; (rows, vocabulary).

    `logits`: (rows, vocabulary) of the last layer; `early`: (rows, layers, vocabulary). Ties take the first layer.
    """
    last, layers = logits.double().log_softmax(-1), early.double().log_softmax(-1)
    best = divergence(last[:, None], layers, variant).argmax(-1)
    chosen = layers.gather(1, best[:, None, None].expand(-1, 1, layers.shape[-1]))[:, 0]
    weak = last < last.amax(-1, keepdim=True) + math.log(alpha)
    return (last - chosen).masked_fill(weak, float("-inf"))


def divergence(last: Tensor, layers: Tensor, variant: str) -> Tensor:
    """(rows, layers) nats from log-probabilities (rows, 1, vocabulary) and (rows, layers, vocabulary).

    With m the mean of p and q: textbook is (KL(p|m) + KL(q|m)) / 2, public_code (KL(m|p) + KL(m|q)) / 2.
    """
    middle = last.logaddexp(layers) - math.log(2.0)
    if variant == "public_code":
        return (middle.exp() * (middle - (last + layers) / 2)).sum(-1)
    return ((last.exp() * (last - middle)).sum(-1) + (layers.exp() * (layers - middle)).sum(-1)) / 2
