"""Form fields from a plugin's settings: the JSON schema of its `Params` decides each field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext

from leaderboard.contracts.params import Params
from leaderboard.web.language import translated

SCALE = {"step": "any"}
LONG_TEXT = 4000
"""A text that may be this long gets several lines."""


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        """The lines that are not empty."""
        text = "\n".join(value) if isinstance(value, (list, tuple)) else str(super().to_python(value))
        return [line.strip() for line in text.splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        """A list as lines."""
        return "\n".join(map(str, value)) if isinstance(value, (list, tuple)) else value


class ValueField(forms.JSONField):
    """A value written as JSON; nothing is an empty box, not the word null."""

    def prepare_value(self, value: Any) -> Any:
        """As JSON."""
        return "" if value is None else super().prepare_value(value)


def fields_for(kind: type[Params], prefix: str) -> dict[str, forms.Field]:
    """One field a setting, named `prefix-setting`."""
    schema = kind.model_json_schema()
    required = set(schema.get("required", ()))
    return {
        f"{prefix}-{name}": _field(name, _resolve(part, schema), required=name in required)
        for name, part in schema.get("properties", {}).items()
    }


def values_of(cleaned: Mapping[str, Any], kind: type[Params], prefix: str) -> dict[str, Any]:
    """The settings out of a form's cleaned data. What was left empty is left out, so that the default stands."""
    given = {name: cleaned.get(f"{prefix}-{name}") for name in kind.model_json_schema().get("properties", {})}
    return {name: value for name, value in given.items() if value not in (None, "", [])}


def _resolve(part: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Follow references, and take X out of `X | None`."""
    merged = dict(part)
    if "$ref" in merged:
        merged = {**schema["$defs"][merged.pop("$ref").rpartition("/")[2]], **merged}
    options = [option for option in merged.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1:
        merged = {**_resolve(options[0], schema), **{k: v for k, v in merged.items() if k != "anyOf"}}
    return merged


def _field(name: str, part: Mapping[str, Any], *, required: bool) -> forms.Field:
    shared: dict[str, Any] = {
        "label": translated(part.get("title") or name),
        "help_text": translated(part.get("description", "")),
        "initial": part.get("default"),
        "required": required,
    }
    if "enum" in part or "const" in part:
        return _choice(part, shared)
    make = {"boolean": _tick, "integer": _whole, "number": _number, "string": _text, "array": _lines}
    return make.get(str(part.get("type")), _json)(part, shared)


def _choice(part: Mapping[str, Any], shared: dict[str, Any]) -> forms.Field:
    values = part.get("enum") or [part["const"]]
    by_text = {str(value): value for value in values}
    return forms.TypedChoiceField(choices=[(text, text) for text in by_text], coerce=by_text.get, **shared)


def _tick(_: Mapping[str, Any], shared: dict[str, Any]) -> forms.Field:
    return forms.BooleanField(**{**shared, "required": False})


def _whole(part: Mapping[str, Any], shared: dict[str, Any]) -> forms.Field:
    low, high = part.get("minimum"), part.get("maximum")
    if "exclusiveMinimum" in part:
        low = int(part["exclusiveMinimum"]) + 1
    if "exclusiveMaximum" in part:
        high = int(part["exclusiveMaximum"]) - 1
    return forms.IntegerField(min_value=low, max_value=high, **shared)


def _number(part: Mapping[str, Any], shared: dict[str, Any]) -> forms.Field:
    """An exclusive bound is left to the plugin's own check, since HTML has none."""
    return forms.FloatField(
        min_value=part.get("minimum"), max_value=part.get("maximum"), widget=forms.NumberInput(attrs=SCALE), **shared
    )


def _text(part: Mapping[str, Any], shared: dict[str, Any]) -> forms.Field:
    secret = part.get("format") == "password"
    long = part.get("maxLength", 0) >= LONG_TEXT
    widget = forms.PasswordInput() if secret else forms.Textarea(attrs={"rows": 6}) if long else forms.TextInput()
    return forms.CharField(max_length=part.get("maxLength"), widget=widget, **shared)


def _lines(part: Mapping[str, Any], shared: dict[str, Any]) -> forms.Field:
    if part.get("items", {}).get("type", "string") != "string":
        return _json(part, shared)
    hint = " ".join(filter(None, (shared["help_text"], gettext("One a line."))))
    return LinesField(widget=forms.Textarea(attrs={"rows": 3}), **{**shared, "help_text": hint})


def _json(_: Mapping[str, Any], shared: dict[str, Any]) -> forms.Field:
    """Anything else is typed as JSON."""
    hint = " ".join(filter(None, (shared["help_text"], gettext("Written as JSON."))))
    first = shared["initial"]
    start = None if first is None else json.loads(json.dumps(first))
    return ValueField(widget=forms.Textarea(attrs={"rows": 3}), **{**shared, "help_text": hint, "initial": start})
