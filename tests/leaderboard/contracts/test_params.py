"""Settings of plugins: what no database stores is refused on its field."""

from __future__ import annotations

from typing import Any

import pytest

from leaderboard.contracts.params import InvalidInput, Params, parse_params


class Own(Params):
    text: str = ""
    more: dict[str, Any] = {}
    names: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", "a\x00b"),
        ("more", {"model": {"inner": ["x", "\ud800"]}}),
        ("more", {"\x00": 1}),
        ("names", ["x", "\x00"]),
    ],
    ids=["text", "deep", "name", "list"],
)
def test_a_text_that_no_database_stores_is_a_fault_of_its_field(name, value):
    with pytest.raises(InvalidInput) as caught:
        parse_params(Own, {name: value}, "params")
    (error,) = caught.value.errors
    assert (error.path, error.message) == (("params", name), "Leave out NUL characters and lone surrogates.")


def test_every_other_text_is_kept():
    given = {"text": "\\u0000 \u2028\U0001f600", "more": {"a": [None, 1.5, {"b": "\x01"}]}, "names": ("x",)}
    assert parse_params(Own, given).model_dump() == given
