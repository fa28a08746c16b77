"""Which prompts settings may be chosen on, and which are kept to score the choice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SALT = b"touchstone prompt split 1\x00"
"""Part of the rule: with another salt, everybody's split of every benchmark would change."""


def tune_mask(keys: Sequence[str], share: float) -> NDArray[np.bool_]:
    """(P,) True for the prompts to tune on: those whose key's hash, as a fraction of 1, lies below `share`.

    A key decides alone: neither the order nor the other prompts matter, so that everybody's split of a benchmark
    agrees, and a larger share keeps every tune prompt of a smaller one. The number of tune prompts is only near
    `share` · P, and may be 0 or P where there are few.

    Raises: ValueError where share is not in [0, 1].
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError("the share of tune prompts must lie in [0, 1]")
    return np.array([_place(key) < share for key in keys], dtype=np.bool_)


def _place(key: str) -> float:
    """The key's hash in [0, 1), from its first 53 bits, which a float holds exactly."""
    digest = hashlib.sha256(SALT + key.encode("utf-8", "surrogatepass")).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2.0**53
