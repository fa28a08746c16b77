"""What both databases can store."""

from __future__ import annotations

import math
import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """`text` with NUL and lone surrogates replaced by U+FFFD: PostgreSQL refuses the one, both refuse the other."""
    return _UNSTORABLE.sub("\ufffd", text)


def finite(value: float | None) -> float | None:
    """`value`, or None for NaN and infinity, which the databases store differently."""
    return value if value is not None and math.isfinite(value) else None
