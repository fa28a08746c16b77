"""How likely a loaded model finds given texts: one pass over each, no decoding."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from leaderboard.contracts.values import Likelihood

MOST_LOGITS = 2**27
"""Numbers of one pass's logits, at most, unless one text alone has more."""
Row = tuple[list[int], list[int]]


def likelihoods(model: Any, rows: Sequence[Row], window: int) -> list[Likelihood]:
    """For each (prompt ids, text ids) the sum of the log-probabilities of the text's tokens, in the order of `rows`.

    The softmax is the untouched one, in float32. A row longer than `window` tokens (0: no limit) has no number, nor
    has one without a prompt, of whose first token nothing can be told.
    """
    found = [Likelihood(None, len(text), len(prompt)) for prompt, text in rows]
    fitting = [
        place
        for place, (prompt, text) in enumerate(rows)
        if prompt and text and not (window and len(prompt) + len(text) > window)
    ]
    by_length = sorted(fitting, key=lambda place: len(rows[place][0]) + len(rows[place][1]))
    for part in _passes(by_length, rows, int(model.config.vocab_size)):
        for place, value in zip(part, _sums(model, [rows[place] for place in part]), strict=True):
            prompt, text = rows[place]
            found[place] = Likelihood(value, len(text), len(prompt))
    return found


def _passes(places: Sequence[int], rows: Sequence[Row], vocabulary: int) -> Iterator[list[int]]:
    """Places of rows that are read side by side; they come from short to long."""
    part: list[int] = []
    for place in places:
        length = sum(map(len, rows[place]))
        if part and (len(part) + 1) * length * vocabulary > MOST_LOGITS:
            yield part
            part = []
        part.append(place)
    if part:
        yield part


@torch.inference_mode()
def _sums(model: Any, rows: Sequence[Row]) -> list[float]:
    """Padded on the right, so that positions and what is attended to are those of each row alone."""
    longest = max(len(prompt) + len(text) for prompt, text in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for place, (prompt, text) in enumerate(rows):
        whole = torch.tensor(prompt + text)
        ids[place, : len(whole)], mask[place, : len(whole)] = whole, 1
    ids, mask = ids.to(model.device), mask.to(model.device)
    kept = longest - min(len(prompt) for prompt, _ in rows) + 1
    less = {"logits_to_keep": kept} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False, **less).logits
    first = longest - logits.shape[1]
    return [
        float(_of_text(logits[place], len(prompt) - 1 - first, ids[place, len(prompt) : len(prompt) + len(text)]))
        for place, (prompt, text) in enumerate(rows)
    ]


def _of_text(logits: torch.Tensor, start: int, text: torch.Tensor) -> torch.Tensor:
    """The sum over the ids (n,) of a text, whose first is told by the logits at `start` of (length, vocabulary)."""
    told = torch.log_softmax(logits[start : start + len(text)].float(), dim=-1)
    return told.gather(1, text[:, None]).double().sum()
