"""Which strategies come nearest to one that a backend cannot run. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from leaderboard.contracts import registry
from leaderboard.contracts.values import DecodingChoice

LIKE: Mapping[str, tuple[str, ...]] = {
    "top-k": ("top-p", "min-p", "temperature"),
    "top-p": ("min-p", "top-k", "temperature"),
    "min-p": ("top-p", "top-k", "temperature"),
    "typical": ("top-p", "top-k", "temperature"),
    "epsilon": ("min-p", "top-p", "top-k", "temperature"),
    "eta": ("min-p", "top-p", "top-k", "temperature"),
    "top-h": ("min-p", "top-p", "top-k", "temperature"),
    "top-nsigma": ("min-p", "top-p", "top-k", "temperature"),
    "mirostat": ("top-p", "top-k", "temperature"),
    "dola": ("temperature", "greedy"),
    "beam": ("greedy",),
    "contrastive": ("greedy",),
}
"""By name, those that do most nearly the same, the nearest first; what is not here has plain temperature or greedy."""
PLAIN = ("temperature", "greedy")
NO_PENALTY: Mapping[str, float] = {"repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
MOST_DROPPED = 2
"""Steps of a chain that an alternative leaves out at the most."""


def nearby(strategy: Any, temperature: float) -> Iterator[DecodingChoice]:
    """Choices like `strategy`, the nearest first: itself with fewer penalties, then others with its settings.

    `temperature` is what the others are heated by. Settings that another strategy does not know are left out.
    """
    given = {**strategy.params.canonical(), "temperature": temperature}
    for name, off in NO_PENALTY.items():
        yield _known(strategy.name, {**given, name: off})
    yield _known(strategy.name, {**given, **NO_PENALTY})
    for kept in (given, {**given, **NO_PENALTY}):
        for name in LIKE.get(strategy.name, PLAIN):
            yield _known(name, kept)


def _known(name: str, settings: Mapping[str, Any]) -> DecodingChoice:
    fields = registry.decoding.get(name).Params.model_fields
    return DecodingChoice(name, {key: value for key, value in settings.items() if key in fields})


def fewer_steps(chain: Any) -> Iterator[DecodingChoice]:
    """Choices like a chain: in the documented order, then with one or two steps fewer, then its temperature alone."""
    params = chain.params.canonical()
    steps = list(params["steps"])
    for dropped in range(MOST_DROPPED + 1):
        for kept in combinations(steps, max(0, len(steps) - dropped)):
            yield DecodingChoice(chain.name, {**params, "order": "default", "steps": list(kept)})
    heat = next((step["value"] for step in steps if step["step"] in ("temperature", "edt")), 1.0)
    yield DecodingChoice("temperature", {"temperature": heat, "max_new_tokens": params["max_new_tokens"]})
