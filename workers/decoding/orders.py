"""min-p between backends that heat before they cut and those that cut before they heat.

Heating changes a ratio of probabilities r to r^(1/T), so a cut at b after heating is a cut at b^T before it.
transformers and vLLM heat first, llama.cpp last. A cut at 0 or 1 means the same in both orders.
"""

from __future__ import annotations


def cut_before_heat(base: float, temperature: float) -> float:
    """The min-p for a backend that heats last, from one for a backend that heats first: b^T.

    Raises ValueError unless 0 <= base <= 1 and temperature > 0.
    """
    _check(base, temperature)
    return float(base**temperature)


def cut_after_heat(base: float, temperature: float) -> float:
    """The min-p for a backend that heats first, from one for a backend that heats last: b^(1/T).

    Raises ValueError unless 0 <= base <= 1 and temperature > 0.
    """
    _check(base, temperature)
    return float(base ** (1.0 / temperature))


def _check(base: float, temperature: float) -> None:
    if not 0.0 <= base <= 1.0:
        raise ValueError(f"min-p lies between 0 and 1, not {base:g}.")
    if not temperature > 0.0:
        raise ValueError(f"min-p has no other order at temperature {temperature:g}; the temperature must be above 0.")
