"""min-p between backends that heat before they cut and those that cut before they heat.

Heating changes a ratio of probabilities r to r^(1/T), so a cut at b after heating is a cut at b^T before it.
transformers and vLLM heat first, llama.cpp last. A cut at 0 or 1 means the same in both orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leaderboard.contracts.said import said


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


def fields_for_late_heat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Request fields, as `request_fields` gives them, for a server that heats after it cuts, such as llama.cpp.

    min-p is translated; top-k means the same in both orders. Raises ValueError where top-p is cut at another
    temperature than 1, which no setting of such a server equals.
    """
    heat, extra = float(fields.get("temperature", 1.0)), dict(fields.get("extra_body", {}))
    if heat in (0.0, 1.0):
        return dict(fields)
    if fields.get("top_p", 1.0) != 1.0:
        raise ValueError(
            said("A server that heats last has no top-p that equals this one at temperature {heat:g}.", heat=heat)
        )
    if "min_p" in extra:
        extra["min_p"] = cut_before_heat(extra["min_p"], heat)
    return {**fields, "extra_body": extra} if extra else dict(fields)


def _check(base: float, temperature: float) -> None:
    if not 0.0 <= base <= 1.0:
        raise ValueError(said("min-p lies between 0 and 1, not {base:g}.", base=base))
    if not temperature > 0.0:
        raise ValueError(
            said(
                "min-p has no other order at temperature {temperature:g}; the temperature must be above 0.",
                temperature=temperature,
            )
        )
