"""Gumbel noise from counters: a number depends on its own key alone, never on the batch or the device.

Each cell (row key, step, token id) is hashed with the splitmix64 finaliser (Steele, Lea, Flood 2014) to 64
bits, made uniform on (0, 1) and then Gumbel. argmax(logits + noise) draws from softmax(logits).
"""

from __future__ import annotations

import hashlib
import json

import torch
from torch import Tensor


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


GOLDEN = _signed(0x9E3779B97F4A7C15)
FIRST = _signed(0xBF58476D1CE4E5B9)
SECOND = _signed(0x94D049BB133111EB)


def row_key(seed: int, noise_key: str, sample: int) -> int:
    """The 64-bit key of one output as a signed integer: the first 8 bytes of SHA-256 over the three."""
    text = json.dumps([seed, noise_key, sample])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def _shifted(bits: Tensor, count: int) -> Tensor:
    # torch shifts int64 arithmetically; the mask clears the copies of the sign bit.
    return (bits >> count) & ((1 << (64 - count)) - 1)


def _mix(bits: Tensor) -> Tensor:
    bits = (bits ^ _shifted(bits, 30)) * FIRST
    bits = (bits ^ _shifted(bits, 27)) * SECOND
    return bits ^ _shifted(bits, 31)


def uniform(keys: Tensor, steps: Tensor, vocabulary: int) -> Tensor:
    """Numbers in the open interval (0, 1): (rows, vocabulary) float64 from `keys` and `steps`, (rows,) int64."""
    rows = _mix(keys + GOLDEN * (steps + 1))
    tokens = torch.arange(1, vocabulary + 1, dtype=torch.int64, device=keys.device)
    bits = _mix(rows[:, None] + GOLDEN * tokens)
    # 52 bits and a half, not 53: with 53 the largest value would round to exactly 1.
    return (_shifted(bits, 12).double() + 0.5) * 2.0**-52


def gumbel(keys: Tensor, steps: Tensor, vocabulary: int) -> Tensor:
    """Standard Gumbel noise, (rows, vocabulary) float64; arguments as for `uniform`."""
    return uniform(keys, steps, vocabulary).log_().neg_().log_().neg_()
