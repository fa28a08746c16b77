"""What the non-determinism report reads of the texts: how alike the samples of a prompt are, and which get stuck.

Texts are read once, in order, and a few thousand are held at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.models import Board, Entry
from leaderboard.ratings.variation.repeats import distinct_n, loops, unique_share
from leaderboard.ratings.variation.self_bleu import self_bleu
from leaderboard.services.variation_samples import Samples, places, scores

Floats = NDArray[np.float64]
MOST = 20
"""Samples of a prompt that are compared with each other; more tell little, as intervals are over prompts."""
HELD = 2000
"""Texts in memory, and one prompt's samples more."""
MEASURES = ("self_bleu", "distinct_1", "distinct_2", "unique")
Sampled = list[tuple[int, str]]
"""Sample and text, of one prompt."""


@dataclass
class Wording:
    """Of one entry: (P,) of each of `MEASURES` over its first `compared` samples, and (P, N) which texts are `stuck`.

    NaN where there is no text, and of the measures where a prompt has fewer samples. `compared` is 0 for none.
    """

    compared: int
    stuck: Floats
    measures: dict[str, Floats] = field(default_factory=dict)


def compared_samples(samples: Mapping[int, Samples], entries: Sequence[Entry]) -> int:
    """The fewest samples of any of the entries that has several, so that all are compared alike; 0 for none."""
    several = [samples[entry.pk].runs for entry in entries if samples[entry.pk].runs > 1]
    return min([*several, MOST]) if several else 0


def read_wording(
    board: Board, entries: Sequence[Entry], samples: Mapping[int, Samples], compared: int
) -> dict[int, Wording]:
    """The wording of each entry, by its key, from the texts that the board's metric has scored or tried to."""
    found = {entry.pk: _blank(samples[entry.pk], compared) for entry in entries}
    place = places(board)
    for pk, prompts in _parts(board, entries):
        _measure(found[pk], [place[position] for position, _ in prompts], [own for _, own in prompts])
    return found


def _blank(own: Samples, compared: int) -> Wording:
    prompts, runs = own.score.shape
    used = compared if runs > 1 else 0
    measures = {name: np.full(prompts, np.nan) for name in MEASURES} if used else {}
    return Wording(used, np.full((prompts, runs), np.nan), measures)


def _parts(board: Board, entries: Sequence[Entry]) -> Iterator[tuple[int, list[tuple[int, Sampled]]]]:
    """(entry, [(prompt's position, its samples)]) of whole prompts, some thousand texts at a time."""
    fields = ("output__entry_id", "output__prompt__position", "output__sample", "output__text")
    rows = scores(board, entries).values_list(*fields).iterator(chunk_size=HELD)
    for pk, own in groupby(rows, key=lambda row: row[0]):
        held: list[tuple[int, Sampled]] = []
        for position, texts in groupby(own, key=lambda row: row[1]):
            held.append((position, [(row[2], row[3]) for row in texts]))
            if sum(len(one) for _, one in held) >= HELD:
                yield pk, held
                held = []
        if held:
            yield pk, held


def _measure(own: Wording, at: Sequence[int], prompts: Sequence[Sampled]) -> None:
    texts = [[text for _, text in one] for one in prompts]
    for row, one, stuck in zip(at, prompts, loops(texts), strict=True):
        own.stuck[row, [sample for sample, _ in one]] = stuck
    first = [[text for sample, text in one if sample < own.compared] for one in prompts]
    whole = [place for place, some in enumerate(first) if own.compared and len(some) == own.compared]
    if whole:
        groups = [first[place] for place in whole]
        for name, values in _compared(groups).items():
            own.measures[name][[at[place] for place in whole]] = values


def _compared(groups: Sequence[Sequence[str]]) -> dict[str, Any]:
    measured = (self_bleu(groups), distinct_n(groups, 1), distinct_n(groups, 2), unique_share(groups))
    return dict(zip(MEASURES, measured, strict=True))
