"""What all families share: sound plugins pass, and each bad one fails for its own reason."""

from collections.abc import Callable

import pytest
from pydantic import BaseModel, ConfigDict, Field

from leaderboard.contracts import conformance
from leaderboard.contracts.params import InvalidInput, Params
from leaderboard.contracts.registry import judges
from leaderboard.contracts.values import (
    Scored,
)
from tests.leaderboard.contracts.conformance.plugins import Base, bad, complains


class Loose(BaseModel):
    pass


class Thawed(Params):
    model_config = ConfigDict(frozen=False)


class Extra(Params):
    model_config = ConfigDict(extra="ignore")


class Mute(Params):
    level: int


class Told(Params):
    level: int = Field(description="How much.")


class OneWay(Params):
    size: tuple[int, ...] = (1,)
    level: str = "low"

    def canonical(self):
        return {"size": [1], "level": "high"}


class Unstored(Params):
    level: type = int


class Unread(Params):
    level: int = Field(1, gt=0)

    def canonical(self):
        return {"level": 0}


class Unshaped(Params):
    level: Callable[[int], int] = Field(description="A function.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Not A Slug"}, "Bad.name must be like 'top-k'"),
        ({"version": 1}, "Bad.version must be a text"),
        ({"title": ""}, "Bad.title must be one plain line"),
        ({"title": "two\nlines"}, "Bad.title must be one plain line"),
        ({"title": "x" * 101}, "at most 100 characters"),
        ({"Params": Loose}, "Bad.Params must be a subclass of Params"),
        ({"Params": Thawed}, "must keep the setting frozen=True"),
        ({"Params": Extra}, "must keep the setting extra='forbid'"),
        ({"Params": Mute}, "Bad.Params.level needs a default or a description"),
        ({"Params": OneWay}, "does not come back the same from canonical()"),
        ({"Params": Unshaped}, "has no JSON schema"),
        ({"Params": Unstored}, "has no JSON schema"),
        ({"Params": Unread}, "cannot be stored and read back"),
    ],
)
def test_a_plugin_that_breaks_a_common_rule(changes, words):
    conformance.check_plugin(Base)
    complains(words, conformance.check_plugin, bad(Base, **changes))


def test_missing_attributes_are_named():
    complains("lacks 'Params'", conformance.check_plugin, type("Bad", (), {"name": "x", "version": "1", "title": "X"}))


def test_required_settings_are_checked_where_they_are_given():
    kind = bad(Base, Params=Told, score=lambda self, **_: Scored(1.0))
    conformance.check_plugin(kind)
    conformance.check_metric(kind, {"level": 3})
    with pytest.raises(InvalidInput):
        conformance.check_metric(kind, {})


def test_the_entry_point_must_lead_to_the_class():
    conformance.check_registered(judges, judges.get("reference"))
    complains("leads to", conformance.check_registered, judges, bad(judges.get("reference")))
