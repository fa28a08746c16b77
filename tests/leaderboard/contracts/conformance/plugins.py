"""A sound plugin to begin with, and how a fault in one is looked for."""

import pytest

from leaderboard.contracts.params import NoParams


class Base:
    name, version, title, Params = "sound", "1", "A sound plugin", NoParams

    def __init__(self, params):
        self.params = params


def bad(kind, **changes):
    """`kind` with one fault; the name stays, for the messages."""
    return type("Bad", (kind,), changes)


def complains(words, check, *args, **kwargs):
    with pytest.raises(AssertionError) as caught:
        check(*args, **kwargs)
    assert words in str(caught.value), str(caught.value)
    assert str(caught.value).endswith((".", "}", "]", "?")), "a sentence"
