"""Content addresses: the same meaning gives the same digest on every machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spare space; refuses NaN. 1.0 and 1 are kept apart by pydantic, not here."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def fingerprint(*parts: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of `parts`."""
    return hashlib.sha256(canonical_json(list(parts)).encode("utf-8", "strict")).hexdigest()
