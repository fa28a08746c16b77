"""What a decoding strategy may know of the past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class History:
    """Tokens so far. `ids`: (rows, length) int64, prompt and output; `known`: the same shape, bool, False on padding.

    `prompt_length`: (rows,) int64, how many known ids of a row belong to its prompt.
    `step`: (rows,) int64, how many new tokens each row has.
    """

    ids: Tensor
    known: Tensor
    prompt_length: Tensor
    step: Tensor
