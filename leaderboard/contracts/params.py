"""`Params`: the one schema of a plugin's settings.

It gives the web form, the API schema, the reference page and the fingerprint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from leaderboard.contracts.said import Said, said

P = TypeVar("P", bound="Params")
FAULTS: dict[str, Said] = {
    "missing": said("Field required."),
    "greater_than": said("Input should be greater than {gt}."),
    "greater_than_equal": said("Input should be greater than or equal to {ge}."),
    "less_than": said("Input should be less than {lt}."),
    "less_than_equal": said("Input should be less than or equal to {le}."),
    "multiple_of": said("Input should be a multiple of {multiple_of}."),
    "finite_number": said("Input should be a finite number."),
    "int_type": said("Input should be a valid integer."),
    "int_parsing": said("Input should be a valid integer, unable to parse string as an integer."),
    "int_from_float": said("Input should be a valid integer, got a number with a fractional part."),
    "float_type": said("Input should be a valid number."),
    "float_parsing": said("Input should be a valid number, unable to parse string as a number."),
    "bool_type": said("Input should be a valid boolean."),
    "bool_parsing": said("Input should be a valid boolean, unable to interpret input."),
    "string_type": said("Input should be a valid string."),
    "string_too_short": said("String should have at least {min_length} characters."),
    "string_too_long": said("String should have at most {max_length} characters."),
    "string_pattern_mismatch": said("String should match pattern '{pattern}'."),
    "literal_error": said("Input should be {expected}."),
    "list_type": said("Input should be a valid list."),
    "tuple_type": said("Input should be a valid tuple."),
    "dict_type": said("Input should be a valid dictionary."),
    "too_short": said("{field_type} should have at least {min_length} items after validation, not {actual_length}."),
    "too_long": said("{field_type} should have at most {max_length} items after validation, not {actual_length}."),
    "union_tag_not_found": said("Unable to extract tag using discriminator {discriminator}."),
    "union_tag_invalid": said(
        "Input tag '{tag}' found using {discriminator} does not match any of the expected tags: {expected_tags}."
    ),
}
"""What pydantic says, by its names for faults, as sentences that can be translated."""
VALUE = re.compile(r"\{(\w+)\}")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Params(BaseModel):
    """Frozen settings of one plugin. Unknown names, NaN, infinity and texts that no database stores are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    @field_validator("*")
    @classmethod
    def _has_storable_texts(cls, value: Any) -> Any:
        """NUL passes SQLite and fails PostgreSQL, lone surrogates fail both."""
        if any(map(UNSTORABLE.search, _texts(value))):
            raise ValueError(said("Leave out NUL characters and lone surrogates."))
        return value

    def canonical(self) -> dict[str, Any]:
        """The settings as plain JSON values, defaults written out."""
        return self.model_dump(mode="json")


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value of plain JSON, names too."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple):
            waiting += item


class NoParams(Params):
    """A plugin without settings."""


@dataclass(frozen=True)
class FieldError:
    """One fault in what a user sent: where (path of names), and what to do about it."""

    path: tuple[str | int, ...]
    message: str

    def under(self, *prefix: str | int) -> FieldError:
        """The same fault seen from further out."""
        return FieldError((*prefix, *self.path), self.message)


class InvalidInput(Exception):
    """What a user sent cannot be taken; carries every fault that was found."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, e.path)) or 'input'}: {e.message}" for e in errors))
        self.errors = errors


def parse_params(kind: type[P], given: Mapping[str, Any], *prefix: str | int) -> P:
    """`given` as a `kind`; every fault becomes a `FieldError` below `prefix`.

    Raises: InvalidInput.
    """
    try:
        return kind.model_validate(dict(given))
    except ValidationError as problem:
        raise InvalidInput(*(_as_field_error(e, kind).under(*prefix) for e in problem.errors())) from None


def _as_field_error(error: Any, kind: type[Params]) -> FieldError:
    path = tuple(error["loc"])
    if error["type"] == "extra_forbidden":
        known = ", ".join(kind.model_fields) or "none"
        return FieldError(path, said("There is no such setting. Known settings: {known}.", known=known))
    given = error.get("ctx", {})
    plain = sentence(given["error"] if isinstance(given.get("error"), ValueError) else error["msg"])
    made = _said(error["type"], given)
    # pydantic's own words hold where they depend on a number, such as "1 character".
    return FieldError(path, made if made == plain else plain)


def _said(kind: str, given: Mapping[str, Any]) -> str:
    """A fault of pydantic as a sentence that can be translated; empty where it is none of `FAULTS`."""
    template = FAULTS.get(kind, "")[:]
    names = VALUE.findall(template)
    return said(template, **{name: given[name] for name in names}) if given.keys() >= set(names) else ""


def sentence(problem: ValueError | str) -> str:
    """What a fault says, as a sentence of its own: with a capital and a stop."""
    text = str(problem)
    end = "" if text.endswith((".", "?", "!")) else "."
    whole = f"{text[:1].upper()}{text[1:]}{end}"
    return text if whole == text else whole
