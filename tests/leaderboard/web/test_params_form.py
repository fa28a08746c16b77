"""Form fields from a schema."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import pytest
from django import forms
from pydantic import Field

from leaderboard.contracts.params import Params
from leaderboard.web.params_form import fields_for, values_of


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Everything(Params):
    count: int = Field(default=3, gt=0, le=9, title="Count", description="How many.")
    share: float = Field(default=0.5, ge=0, lt=1)
    on: bool = True
    name: str
    colour: Colour = Colour.BLUE
    size: Literal[1, 2] = 2
    words: list[str] = ["a", "b"]
    maybe: int | None = None
    table: dict[str, int] = {}


def form(data=None):
    made = forms.Form(data)
    made.fields.update(fields_for(Everything, "model"))
    return made


def test_each_kind_of_setting_has_its_field():
    fields = form().fields
    kinds = {name.removeprefix("model-"): type(field).__name__ for name, field in fields.items()}
    assert kinds == {
        "count": "IntegerField",
        "share": "FloatField",
        "on": "BooleanField",
        "name": "CharField",
        "colour": "TypedChoiceField",
        "size": "TypedChoiceField",
        "words": "LinesField",
        "maybe": "IntegerField",
        "table": "ValueField",
    }
    count = fields["model-count"]
    assert (count.label, count.help_text, count.initial, count.min_value, count.max_value) == (
        "Count",
        "How many.",
        3,
        1,
        9,
    )
    assert [name for name, field in fields.items() if field.required] == ["model-name"]
    assert "a\nb</textarea>" in str(form()["model-words"])


def test_values_fit_the_settings_and_empty_ones_fall_to_the_default():
    made = form(
        {
            "model-name": "x",
            "model-count": "4",
            "model-share": "",
            "model-colour": "red",
            "model-size": "1",
            "model-words": "one\n\n two ",
            "model-table": '{"k": 1}',
        }
    )
    assert made.is_valid(), made.errors
    values = values_of(made.cleaned_data, Everything, "model")
    assert values == {
        "name": "x",
        "count": 4,
        "on": False,
        "colour": "red",
        "size": 1,
        "words": ["one", "two"],
        "table": {"k": 1},
    }
    assert Everything(**values).share == 0.5


@pytest.mark.parametrize(
    ("name", "value"), [("count", "0"), ("count", "1.5"), ("share", "-1"), ("colour", "green"), ("table", "{")]
)
def test_a_value_out_of_bounds_is_refused(name, value):
    assert f"model-{name}" in form({"model-name": "x", f"model-{name}": value}).errors
