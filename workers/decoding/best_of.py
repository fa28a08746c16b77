"""`best-of-n`: several samples of one strategy, of which a selector shows one.

The candidates are ordinary outputs of the sampled strategy's own entry, so they are stored, shared with that entry and
never generated twice. Nothing here runs a selector: the worker does, once the candidates are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator, model_validator

from leaderboard.contracts import registry
from leaderboard.contracts.params import InvalidInput, Params
from leaderboard.contracts.protocols import DecodingParams
from leaderboard.contracts.registry import PluginError
from leaderboard.contracts.said import said
from leaderboard.contracts.values import DecodingChoice
from leaderboard.contracts.written import read_choice, write_choice

LONGEST_LABEL = 60
LENGTH = "max_new_tokens"
UPPER_BOUND = said(
    "The oracle knows the right answer, so it is an upper bound and no method. The non-determinism "
    "report shows it beside every selector."
)


class BestOfParams(DecodingParams):
    """How many candidates, how each is sampled, and what chooses among them."""

    max_new_tokens: int = Field(
        default=128, ge=1, le=4096, title="Longest output", description="Each candidate stops after this many tokens."
    )
    n: int = Field(default=4, ge=2, le=64, title="Candidates", description="Samples among which one is chosen.")
    sampler: str = Field(
        default="temperature temperature=1",
        max_length=1000,
        title="Sampled by",
        description="A strategy that samples, with its settings: min-p temperature=2 min_p=0.1.",
    )
    selector: str = Field(
        default="majority",
        max_length=1000,
        title="Selector",
        description="likelihood, majority, reward-model or judge, with settings: reward-model model=pebble-reward.",
    )

    @field_validator("sampler")
    @classmethod
    def _known_sampler(cls, text: str) -> str:
        name, settings = read_choice(text)
        if LENGTH in settings:
            raise ValueError(said("set the longest output in its own field"))
        if name == BestOf.name:
            raise ValueError(said("the best of the best of n is not offered; ask for more candidates"))
        whole = _parsed(registry.decoding, name, settings)
        return write_choice(name, {key: value for key, value in whole.items() if key != LENGTH})

    @field_validator("selector")
    @classmethod
    def _known_selector(cls, text: str) -> str:
        name, settings = read_choice(text)
        if name == "oracle":
            raise ValueError(UPPER_BOUND)
        return write_choice(name, _parsed(registry.selectors, name, settings))

    @model_validator(mode="after")
    def _draws(self) -> BestOfParams:
        if not BestOf(self).inner.samples:
            raise ValueError(said("the sampler always gives the same output; choose one that samples"))
        return self


def _parsed(family: Any, name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of a plugin, defaults written out. Raises ValueError with the reason in plain words."""
    try:
        found: Params = family.parse(name, settings)
    except PluginError as problem:
        raise ValueError(str(problem)) from problem
    except InvalidInput as problem:
        told = (f"{'.'.join(map(str, e.path))}: {e.message}" if e.path else e.message for e in problem.errors)
        raise ValueError(" ".join(told)) from problem
    return found.canonical()


class BestOf:
    """The best of n samples, as a selector sees it; the same prompt, seed and sample give the same choice."""

    name: ClassVar[str] = "best-of-n"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Best of n: sample several outputs, show the one that a selector picks"
    Params: ClassVar[type[Params]] = BestOfParams

    def __init__(self, params: Any) -> None:
        self.params = params

    @property
    def pool(self) -> DecodingChoice:
        """How each candidate is decoded: the configuration of the entry whose outputs the candidates are."""
        name, settings = read_choice(self.params.sampler)
        return DecodingChoice(name, {**settings, LENGTH: self.params.max_new_tokens})

    @property
    def inner(self) -> Any:
        """The strategy that samples the candidates."""
        return registry.decoding.build(self.pool.strategy, self.pool.params)

    @property
    def n(self) -> int:
        """Candidates for each output."""
        return int(self.params.n)

    @property
    def chosen_by(self) -> tuple[str, dict[str, Any]]:
        """Name and settings of the selector."""
        return read_choice(self.params.selector)

    @property
    def samples(self) -> bool:
        """Always True."""
        return True

    @property
    def max_new_tokens(self) -> int:
        """Where each candidate stops at the latest."""
        return int(self.params.max_new_tokens)

    @property
    def label(self) -> str:
        """Short text for a chip: "best of 4 · majority · T 1"."""
        text = f"best of {self.n} · {self.chosen_by[0]} · {self.inner.label}"
        return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"

    def needs(self) -> frozenset[str]:
        """What sampling the candidates needs, and what the selector reads of them."""
        selector: Any = registry.selectors.get(self.chosen_by[0])
        wanted: frozenset[str] = self.inner.needs() | selector.needs
        return wanted

    def apply(self, logits: Any, history: Any) -> Any:
        """The rule by which each candidate is sampled."""
        rule: Callable[[Any, Any], Any] = self.inner.apply
        return rule(logits, history)

    def nearby(self) -> Iterable[DecodingChoice]:
        """The same number of candidates, chosen or else sampled in another way."""
        for selector in (self.params.selector, "majority"):
            for choice in (self.pool, *self.inner.nearby()):
                settings = {key: value for key, value in choice.params.items() if key != LENGTH}
                sampler = {"sampler": write_choice(choice.strategy, settings), "selector": selector}
                yield DecodingChoice(self.name, {**self.params.canonical(), **sampler})

    def request_fields(self) -> Mapping[str, Any]:
        """The fields by which each candidate is asked for."""
        fields: Mapping[str, Any] = self.inner.request_fields()
        return fields
