"""`Params`: the one schema of a plugin's settings.

It gives the web form, the API schema, the reference page and the fingerprint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

P = TypeVar("P", bound="Params")


class Params(BaseModel):
    """Frozen settings of one plugin. Unknown names, NaN and infinity are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    def canonical(self) -> dict[str, Any]:
        """The settings as plain JSON values, defaults written out."""
        return self.model_dump(mode="json")


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
        return FieldError(path, f"There is no such setting. Known settings: {known}.")
    message = str(error["msg"]).removeprefix("Value error, ")
    end = "" if message.endswith((".", "?", "!")) else "."
    return FieldError(path, f"{message[:1].upper()}{message[1:]}{end}")
