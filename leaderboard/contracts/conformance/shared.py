"""What every check uses: a sentence where a rule is broken, and building a plugin."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from leaderboard.contracts.params import InvalidInput, Params, parse_params
from leaderboard.contracts.protocols import Capability

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


CAPABILITIES = frozenset(value for key, value in vars(Capability).items() if key.isupper())


LONGEST_TITLE = 100


LONGEST_LABEL = 60


Given = Params | Mapping[str, Any] | None


def expect(holds: bool, sentence: str) -> None:
    """Raises AssertionError with the sentence where it does not hold."""
    if not holds:
        raise AssertionError(sentence)


def check_plugin(cls: Any) -> None:
    """What all families share: name, version, title, and a `Params` that forms, APIs and fingerprints can use."""
    who = getattr(cls, "__name__", repr(cls))
    for attribute in ("name", "version", "title", "Params"):
        expect(hasattr(cls, attribute), f"{who} lacks '{attribute}'.")
    expect(isinstance(cls.name, str) and bool(SLUG.fullmatch(cls.name)), f"{who}.name must be like 'top-k'.")
    expect(isinstance(cls.version, str) and bool(cls.version.strip()), f"{who}.version must be a text, like '1'.")
    title = cls.title
    plain = isinstance(title, str) and title.strip() == title and 0 < len(title) <= LONGEST_TITLE
    expect(plain and title.isprintable(), f"{who}.title must be one plain line of at most {LONGEST_TITLE} characters.")
    _check_params_class(cls.Params, f"{who}.Params")


def check_registered(registry: Any, cls: Any) -> None:
    """That the installed entry point leads to `cls`; `registry` is one of `leaderboard.contracts.registry`."""
    found = registry.get(cls.name)
    expect(found is cls, f"The {registry.family} entry point '{cls.name}' leads to {found!r}, not {cls!r}.")


def _check_params_class(kind: Any, who: str) -> None:
    expect(isinstance(kind, type) and issubclass(kind, Params), f"{who} must be a subclass of Params.")
    for option, wanted in (("frozen", True), ("extra", "forbid"), ("allow_inf_nan", False)):
        expect(kind.model_config.get(option) == wanted, f"{who} must keep the setting {option}={wanted!r}.")
    for name, field in kind.model_fields.items():
        told = not field.is_required() or bool(field.description)
        expect(told, f"{who}.{name} needs a default or a description, for people meet it in a form.")
    try:
        schema = kind.model_json_schema()
    except Exception as problem:
        reason = str(problem).splitlines()[0]
        raise AssertionError(f"{who} has no JSON schema, so no form can be made: {reason}.") from problem
    check_json(schema, f"{who}.model_json_schema()")
    if not any(field.is_required() for field in kind.model_fields.values()):
        check_round_trip(kind(), who)


def check_round_trip(params: Params, who: str) -> None:
    """That the settings can be stored and come back the same."""
    try:
        stored = check_json(params.canonical(), f"{who}.canonical()")
        again = parse_params(type(params), stored)
    except (ValueError, InvalidInput) as problem:  # pydantic's own errors are ValueErrors
        raise AssertionError(f"{who} cannot be stored and read back: {problem}.") from problem
    expect(again == params, f"{who} does not come back the same from canonical(): {stored}.")
    expect(again.canonical() == stored, f"{who}.canonical() differs after a round trip: {stored}.")


def params_of(cls: Any, given: Given) -> Params:
    """The settings that were given, parsed. Raises InvalidInput."""
    return given if isinstance(given, Params) else parse_params(cls.Params, given or {})


def build(cls: Any, given: Given) -> tuple[Any, str]:
    """The plugin, and what to call it. Raises AssertionError where the class is unfit before it is built."""
    check_plugin(cls)
    params = params_of(cls, given)
    check_round_trip(params, f"{cls.__name__}.Params")
    return cls(params), cls.__name__


def check_json(value: Any, who: str) -> Any:
    """`value` as it comes back from JSON."""
    try:
        return json.loads(json.dumps(dict(value), allow_nan=False))
    except (TypeError, ValueError) as problem:
        raise AssertionError(f"{who} must be plain JSON without NaN: {problem}.") from problem


def check_texts(value: Any, who: str) -> None:
    """That it maps text to text."""
    texts = isinstance(value, Mapping) and all(isinstance(part, str) for pair in value.items() for part in pair)
    expect(texts, f"{who} must map text to text, not {value!r}.")


def check_capabilities(value: Any, who: str) -> None:
    """That it is a set of the names in `Capability`."""
    expect(isinstance(value, frozenset), f"{who} must be a frozenset.")
    unknown = ", ".join(sorted(value - CAPABILITIES))
    expect(not unknown, f"{who} has names that are no Capability: {unknown}.")


def storable(text: str) -> bool:
    """Whether every database takes the text."""
    return "\x00" not in text and not re.search(r"[\ud800-\udfff]", text)
