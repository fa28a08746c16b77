"""Whether a backend does what a decoding strategy asks; if not, why, and the nearest thing that works. No Django."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from leaderboard.contracts import registry
from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.registry import PluginError
from leaderboard.contracts.said import joined, said
from leaderboard.contracts.values import DecodingChoice

HEAT = "temperature"
"""What every strategy that samples needs; no backend lacks it, but a check can find that one ignores it."""
NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Checked:
    """What a check of an endpoint found, by setting. `ignored` has the evidence; `told` says where it is."""

    acts: frozenset[str] = NONE
    ignored: Mapping[str, str] = field(default_factory=dict)
    told: str = ""


@dataclass(frozen=True)
class Backend:
    """A generator with its settings and what a check of it found, if any."""

    kind: Any
    params: Any
    checked: Checked = Checked()

    @property
    def offered(self) -> frozenset[str]:
        """Capabilities: of the class, declared by the user, or found; without those that were found not to act."""
        declared = frozenset(getattr(self.params, "extra_capabilities", ()))
        found: frozenset[str] = self.kind.capabilities | declared | self.checked.acts
        return found - self.checked.ignored.keys()


def lacking(needs: frozenset[str], offered: frozenset[str]) -> frozenset[str]:
    """The needs that a backend does not meet: LOGITS includes all but LOOP, LOOP includes all."""
    if Capability.LOOP in offered:
        return NONE
    return needs & {Capability.LOOP} if Capability.LOGITS in offered else needs - offered


def refusal(backend: Backend, strategy: Any) -> str:
    """Why `strategy` cannot run on `backend`, and what can; empty where it can."""
    reason = _reason(backend, strategy)
    told = (reason, _declare(backend, strategy), _instead(backend, strategy)) if reason else ()
    return joined([one for one in told if one])


def _reason(backend: Backend, strategy: Any) -> str:
    name, label = backend.kind.name, strategy.label
    needs = strategy.needs() | ({HEAT} if strategy.samples else NONE)
    if dead := sorted(needs & backend.checked.ignored.keys()):
        return _ignored(backend.checked, dead)
    missing = lacking(strategy.needs(), backend.offered)
    if Capability.LOOP in missing:
        return said(
            "'{label}' needs our own loop over the model, which the backend '{name}' does not run.",
            label=label,
            name=name,
        )
    if Capability.LOGITS in missing:
        return said(
            "'{label}' needs our own functions over the logits, which the backend '{name}' does not run.",
            label=label,
            name=name,
        )
    if missing:
        return said("The backend '{name}' would ignore {settings}.", name=name, settings=_and(sorted(missing)))
    refuses = getattr(backend.kind, "refuses", None)
    return str(refuses(backend.params, strategy)) if refuses else ""


def _ignored(checked: Checked, dead: list[str]) -> str:
    head = said("A check found that {settings} does not act on this server.", settings=_and(dead))
    found = [said("{setting}: {evidence}", setting=one, evidence=said(checked.ignored[one])) for one in dead]
    return joined([head, *found, *filter(None, (checked.told,))])


def _declare(backend: Backend, strategy: Any) -> str:
    """That the user may know more of the server than we do, where nothing was found against it."""
    declarable: frozenset[str] = getattr(backend.kind, "declarable", NONE) - backend.checked.ignored.keys()
    missing = lacking(strategy.needs(), backend.offered)
    if not missing or not missing <= declarable:
        return ""
    return said(
        "If the server does run it, name {settings} among its extra capabilities, or have it checked.",
        settings=_and(sorted(missing)),
    )


def _instead(backend: Backend, strategy: Any) -> str:
    here, elsewhere = nearest(backend, strategy), other_backends(backend, strategy)
    others = _or([f"'{name}'" for name in elsewhere])
    if here is not None and elsewhere:
        return said("'{label}' would run here; or run the model with {others}.", label=here.label, others=others)
    if here is not None:
        return said("'{label}' would run here.", label=here.label)
    return said("Run the model with {others}.", others=others) if elsewhere else ""


def nearest(backend: Backend, strategy: Any) -> Any | None:
    """The strategy nearest to `strategy`, by its own list, that runs on `backend`; None where there is none."""
    for other in _alternatives(strategy):
        if other.samples == strategy.samples and not _reason(backend, other):
            return other
    return None


def _alternatives(strategy: Any) -> Iterator[Any]:
    choices: Any = getattr(strategy, "nearby", tuple)()
    for choice in choices:
        try:
            yield _built(choice)
        except (InvalidInput, PluginError):  # another's settings may lie outside its limits, or it is not allowed here
            continue


def _built(choice: DecodingChoice) -> Any:
    return registry.decoding.build(choice.strategy, choice.params)


def other_backends(backend: Backend, strategy: Any) -> tuple[str, ...]:
    """Names of the other installed generators that offer all that `strategy` needs, whatever their settings."""
    found = []
    for name in registry.generators.names():
        try:
            kind: Any = registry.generators.get(name)
        except PluginError:
            continue
        if name != backend.kind.name and not lacking(strategy.needs(), kind.capabilities):
            found.append(name)
    return tuple(found)


def _and(names: list[str]) -> str:
    *first, last = names
    return said("{first} and {last}", first=_and(first), last=last) if first else last


def _or(names: list[str]) -> str:
    *first, last = names or [""]
    return said("{first} or {last}", first=_or(first), last=last) if first else last
