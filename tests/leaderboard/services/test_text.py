"""What both databases can store."""

from __future__ import annotations

import math

from leaderboard.services.text import storable, storable_json


def test_nul_and_lone_surrogates_are_replaced():
    assert storable("a\x00b\ud800c\U0001f600") == "a\ufffdb\ufffdc\U0001f600"


def test_json_keeps_its_shape_and_loses_what_is_none():
    given = {"a\x00": ("\udfff", [math.nan, -math.inf, 0.5, 3, True, None])}
    assert storable_json(given) == {"a\ufffd": ["\ufffd", [None, None, 0.5, 3, True, None]]}
