"""From what a judge replied to a number. Pure functions; None wherever there is no one clear verdict.

`code`, where it is not empty, must stand in a verdict for it to count. It occurs in no text that the judge was shown,
so a verdict that stands in an answer, and that the judge quotes, is never taken for the judge's own.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

PARSER_VERSION = "1"
EXACT_VERSION = "exact-1"
_LEADING = " \u2581\u0120"
"""How tokenizers write a space before a word: itself, sentencepiece's ▁, byte-level BPE's Ġ."""


def first_slot_share(logprobs: Sequence[tuple[str, float]], names: tuple[str, str]) -> float | None:
    """P(slot 1) / (P(slot 1) + P(slot 2)), in [0, 1]; None where neither name is among the tokens.

    `logprobs`: (token, nats). Tokens match in exact case, leading spaces aside; several that match are
    summed; an absent name counts 0. Source: AlpacaEval's weighted annotator (arXiv 2404.04475).
    """
    first, second = (_probability(logprobs, name) for name in names)
    total = first + second
    return first / total if total > 0 else None


def exact_share(logprobs: Sequence[tuple[str, float]], names: tuple[str, str]) -> float | None:
    """As `first_slot_share`, but tokens with a space before a name count only where no token is a bare name.

    AlpacaEval counts bare names alone: its published preferences come out to the ten decimals they are stored with.
    """
    bare = [(token, value) for token, value in logprobs if token in names]
    share = first_slot_share(bare, names)
    return first_slot_share(logprobs, names) if share is None else share


def share_of_samples(replies: Sequence[str], names: tuple[str, str]) -> tuple[float | None, tuple[int, int]]:
    """As `first_slot_share` where a server tells no log-probabilities: from one-token replies drawn at temperature 1.

    The share, None where no reply is a name, and how many replies were each name.
    """
    first, second = (sum(reply.strip() == name for reply in replies) for name in names)
    return (first / (first + second) if first + second else None), (first, second)


STEPS: Mapping[str, float] = {">>": 1.0, ">": 0.75, "=": 0.5, "<": 0.25, "<<": 0.0}
"""Credit of the name on the left, in even steps."""


def scale_step(text: str, names: tuple[str, str], code: str = "") -> str | None:
    """Arena-Hard's scale [[A>>B]], [[A>B]], [[A=B]], [[B>A]], [[B>>A]]: the sign seen from the first slot.

    The last verdict stands, as published: a judge may change its mind. With a code: [[A>>B code]].
    """
    first, second = map(re.escape, names)
    mark = rf"\s+{re.escape(code)}" if code else ""
    pattern = rf"\[\[\s*(?:{first}\s*(>>|>|=)\s*{second}|{second}\s*(>>|>|=)\s*{first}){mark}\s*\]\]"
    found = list(re.finditer(pattern, text))
    if not found:
        return None
    forward, backward = found[-1].groups()
    return str(forward) if forward else str(backward).replace(">", "<")


def choice(text: str, names: Sequence[str], code: str = "") -> str | None:
    """MT-bench's [[A]], [[B]] or [[C]]: which of `names` stands in double brackets; None where two different ones do.

    The same verdict may stand there twice. With a code: [[A code]].
    """
    mark = rf"\s+{re.escape(code)}" if code else ""
    either = "|".join(map(re.escape, names))
    found = set(re.findall(rf"\[\[\s*({either}){mark}\s*\]\]", text))
    return str(found.pop()) if len(found) == 1 else None


def rating(text: str, low: float, high: float, code: str = "") -> float | None:
    """MT-bench's [[7]] on a scale from `low` to `high`; None off the scale, or where two different ones stand there.

    With a code: [[7 code]].
    """
    mark = rf"\s+{re.escape(code)}" if code else ""
    found = {float(number) for number in re.findall(rf"\[\[\s*(\d{{1,9}}(?:\.\d{{1,9}})?){mark}\s*\]\]", text)}
    if len(found) != 1:
        return None
    value = found.pop()
    return value if low <= value <= high else None


def json_reply(text: str, code: str = "") -> dict[str, Any] | None:
    """A reply that is one JSON object and nothing else, a fence of backticks aside; None for any other.

    An object that names a key twice contradicts itself. With a code: its member "code" must be that.
    """
    bare = re.sub(r"\A\s*```(?:json)?[ \t]*\n(.*)\n```\s*\Z", r"\1", text, flags=re.DOTALL)
    try:
        found = json.loads(bare, object_pairs_hook=_once, parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    fits = isinstance(found, dict) and (not code or found.get("code") == code)
    return found if fits else None


def number_in(found: Mapping[str, Any], name: str, low: float, high: float) -> float | None:
    """The number under `name`, also where it is written as a text; None where there is none on the scale."""
    value = found.get(name)
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,9}(?:\.\d{1,9})?\s*", value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if low <= value <= high else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands there twice")
    return made


def _refused(word: str) -> Any:
    raise ValueError(word)


def _probability(logprobs: Sequence[tuple[str, float]], name: str) -> float:
    return math.fsum(
        math.exp(min(value, 0.0))
        for token, value in logprobs
        if token.lstrip(_LEADING) == name and not math.isnan(value)
    )
