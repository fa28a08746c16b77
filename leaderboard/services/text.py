"""What both databases can store."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from leaderboard.contracts.params import UNSTORABLE


def storable(text: str) -> str:
    """`text` with NUL and lone surrogates replaced by U+FFFD: PostgreSQL refuses the one, both refuse the other."""
    return UNSTORABLE.sub("\ufffd", text)


def storable_json(value: Any) -> Any:
    """`value`, plain JSON, with every text in it storable; None for NaN and infinity, which are no JSON."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float):
        return finite(value)
    if isinstance(value, list | tuple):
        return [storable_json(part) for part in value]
    if isinstance(value, Mapping):
        return {storable(name): storable_json(part) for name, part in value.items()}
    return value


def finite(value: float | None) -> float | None:
    """`value`, or None for NaN and infinity, which the databases store differently."""
    return value if value is not None and math.isfinite(value) else None
