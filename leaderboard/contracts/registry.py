"""Finds plugins through entry points: one `Registry` a family, built-ins and outsiders by the same door."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, cast

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.params import FieldError, InvalidInput, Params, parse_params
from leaderboard.contracts.protocols import (
    BenchmarkLoader,
    DecodingStrategy,
    Generator,
    Judge,
    Metric,
    Plugin,
    Rater,
    Selector,
)
from leaderboard.contracts.said import said

T = TypeVar("T")
REQUIRED = ("name", "version", "title", "Params")


class PluginError(Exception):
    """A plugin is missing, not allowed, doubly claimed or broken; the message says which and why."""


@dataclass(frozen=True)
class Listing:
    """A plugin as its entry point announces it; nothing of it has been imported."""

    name: str
    distribution: str
    version: str


class Registry(Generic[T]):
    """The plugins of one family.

    Listing imports nothing. A plugin is imported when first asked for; one that breaks raises
    `PluginError` for its own name only.
    """

    def __init__(self, family: str) -> None:
        self.family = family
        self.group = f"touchstone.{family}"
        self._points: dict[str, list[EntryPoint]] | None = None
        self._loaded: dict[str, type[T]] = {}
        self._overrides: dict[str, type[T]] = {}
        self._allowed: frozenset[str] | None = None

    def allow_only(self, names: frozenset[str] | None) -> None:
        """The operator's allow-list; None lets every installed plugin in."""
        self._allowed = names

    def listings(self) -> tuple[Listing, ...]:
        """Every installed and allowed plugin, by name."""
        found = [_listing(points[0]) for name, points in self._found().items() if self._is_allowed(name)]
        return tuple(sorted(found, key=lambda entry: entry.name))

    def names(self) -> tuple[str, ...]:
        """Sorted names, test overrides included."""
        return tuple(sorted({entry.name for entry in self.listings()} | set(self._overrides)))

    def get(self, name: str) -> type[T]:
        """The plugin class. Raises PluginError, with "did you mean" for an unknown name."""
        if name in self._overrides:
            return self._overrides[name]
        if name not in self._loaded or not self._is_allowed(name):
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def build(self, name: str, params: Mapping[str, Any], *prefix: str | int) -> T:
        """The plugin with validated settings. Raises PluginError, InvalidInput (below `prefix`)."""
        kind = self.get(name)
        return cast(T, cast(Any, kind)(self.parse(name, params, *prefix)))

    def parse(self, name: str, params: Mapping[str, Any], *prefix: str | int) -> Params:
        """Validated settings without building the plugin."""
        return cast(Params, parse_params(cast(Any, self.get(name)).Params, params, *prefix))

    def choose(self, name: str, *path: str | int) -> type[T]:
        """Like `get`, for a name that a user typed: a fault becomes InvalidInput at `path`."""
        try:
            return self.get(name)
        except PluginError as problem:
            raise InvalidInput(FieldError(path, str(problem))) from problem

    def fingerprint(self, name: str, params: Params) -> str:
        """Digest of what decides the result: family, name, version, settings."""
        plugin = cast(Any, self.get(name))
        return fingerprint(self.family, plugin.name, plugin.version, params.canonical())

    @contextmanager
    def override(self, *kinds: type[T]) -> Iterator[None]:
        """For tests: these classes stand in, under their own names."""
        before = self._overrides
        self._overrides = {**before, **{cast(Any, kind).name: kind for kind in kinds}}
        try:
            yield
        finally:
            self._overrides = before

    def _found(self) -> dict[str, list[EntryPoint]]:
        if self._points is None:
            self._points = {}
            for point in entry_points(group=self.group):
                twins = self._points.setdefault(point.name, [])
                if not any(twin.value == point.value for twin in twins):
                    twins.append(point)
        return self._points

    def _is_allowed(self, name: str) -> bool:
        return self._allowed is None or name in self._allowed

    def _load(self, name: str) -> type[T]:
        points = self._found().get(name, [])
        if not points or not self._is_allowed(name):
            raise PluginError(self._unknown(name, installed=bool(points)))
        if len(points) > 1:
            owners = " and ".join(_listing(point).distribution for point in points)
            raise PluginError(
                said(
                    "Two packages offer the {family} plugin '{name}': {owners}. Remove one.",
                    family=self.family,
                    name=name,
                    owners=owners,
                )
            )
        try:
            kind = points[0].load()
        except Exception as problem:  # a broken guest must not stop the house
            raise PluginError(
                said(
                    "The {family} plugin '{name}' cannot be loaded: {problem!r}",
                    family=self.family,
                    name=name,
                    problem=problem,
                )
            ) from problem
        self._check(name, kind)
        return cast("type[T]", kind)

    def _check(self, name: str, kind: Any) -> None:
        missing = [attribute for attribute in REQUIRED if not hasattr(kind, attribute)]
        if missing:
            raise PluginError(
                said(
                    "The {family} plugin '{name}' lacks {names}.",
                    family=self.family,
                    name=name,
                    names=", ".join(missing),
                )
            )
        if kind.name != name:
            raise PluginError(
                said(
                    "The {family} plugin '{name}' calls itself '{name_2}'; the two must agree.",
                    family=self.family,
                    name=name,
                    name_2=kind.name,
                )
            )

    def _unknown(self, name: str, *, installed: bool) -> str:
        if installed:
            return said(
                "The {family} plugin '{name}' is installed but not on the operator's allow-list.",
                family=self.family,
                name=name,
            )
        close = difflib.get_close_matches(name, self.names(), n=1, cutoff=0.5)
        hint = (
            said("Did you mean '{close}'?", close=close[0])
            if close
            else said("Known: {value}.", value=", ".join(self.names()) or "none")
        )
        return said("There is no {family} plugin '{name}'. {hint}", family=self.family, name=name, hint=hint)


def _listing(point: EntryPoint) -> Listing:
    dist = point.dist
    return Listing(point.name, dist.name if dist else "unknown", dist.version if dist else "unknown")


generators: Registry[Generator] = Registry("generators")
decoding: Registry[DecodingStrategy] = Registry("decoding")
judges: Registry[Judge] = Registry("judges")
metrics: Registry[Metric] = Registry("metrics")
selectors: Registry[Selector] = Registry("selectors")
ratings: Registry[Rater] = Registry("ratings")
benchmarks: Registry[BenchmarkLoader] = Registry("benchmarks")

FAMILIES: dict[str, Registry[Any]] = {
    registry.family: registry for registry in (generators, decoding, judges, metrics, selectors, ratings, benchmarks)
}

__all__ = [
    "FAMILIES",
    "Listing",
    "Plugin",
    "PluginError",
    "Registry",
    "benchmarks",
    "decoding",
    "generators",
    "judges",
    "metrics",
    "ratings",
    "selectors",
]
