"""From a board's columns to what the raters take, and the counts that stand beside their numbers. No queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.models import Board, Entry, LengthData, Prompt
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.text_measures import MEASURES
from leaderboard.ratings.variation.tables import mean_last
from leaderboard.services.streams import Columns
from leaderboard.services.tally import Tally

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Ground:
    """What is rated: a board's entries over some of its prompts. `judges`: ids of those whose verdicts are planned.

    `lengths`: what length control was given, None for nothing.
    """

    board: Board
    entries: tuple[Entry, ...]
    prompts: tuple[Prompt, ...]
    tally: Tally
    judges: tuple[int, ...]
    lengths: LengthData | None = None

    def entry_places(self, ids: NDArray[Any]) -> Ints:
        """(n,) places of entries by id, −1 for others."""
        return places_of([entry.pk for entry in self.entries], ids)

    def talk_places(self) -> Ints:
        """(P,) of each prompt: the place of the first one of its conversation, which is its own where none follows."""
        before = {prompt.pk: prompt.follows_id for prompt in self.prompts}
        first: dict[int, int] = {}
        places = []
        for place, prompt in enumerate(self.prompts):
            begun = prompt.pk
            while (last := before.get(begun)) is not None:
                begun = last
            places.append(first.setdefault(begun, place))
        return np.array(places, dtype=np.int64)

    def prompt_places(self, ids: NDArray[Any]) -> Ints:
        """(n,) places of prompts by id, −1 for others."""
        return places_of([prompt.pk for prompt in self.prompts], ids)


@dataclass(frozen=True)
class Material:
    """Verdicts on K entries over P prompts, seen as battles among their slugs.

    `battles`: the scored ones, judgments first and then votes, each in the order in which they came; a prompt is a
    cluster, and so are all turns of a conversation. `unscored` (K,): verdicts without a number. `met` (K, P): whether
    an entry has any verdict on a prompt. `rows`: number of verdicts.
    """

    battles: Battles
    unscored: Ints
    met: NDArray[np.bool_]
    rows: int


def places_of(ids: Sequence[int], wanted: NDArray[Any]) -> Ints:
    """(n,) place of each wanted id among `ids`, −1 where it is not there."""
    known = np.array(ids, dtype=np.int64)
    order = np.argsort(known)
    if not len(known):
        return np.full(len(wanted), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(known[order], wanted), len(known) - 1)
    return np.where(known[order][at] == wanted, order[at], -1).astype(np.int64)


def material(ground: Ground) -> Material:
    """All verdicts on the ground."""
    parts = [ground.tally.columns["judgments"], ground.tally.columns["votes"]]
    a, b, prompt, out_a, out_b, credit = (
        np.concatenate([part[name] for part in parts]) for name in ("entry_a", "entry_b", "prompt", "a", "b", "credit")
    )
    place, a, b = ground.prompt_places(prompt), ground.entry_places(a), ground.entry_places(b)
    kept = (place >= 0) & (a >= 0) & (b >= 0)
    scored = kept & ~np.isnan(credit)
    size = len(ground.entries)
    met = np.zeros((size, len(ground.prompts)), dtype=np.bool_)
    met[a[kept], place[kept]] = met[b[kept], place[kept]] = True
    lost = kept & ~scored
    battles = Battles(
        tuple(entry.slug for entry in ground.entries),
        a[scored],
        b[scored],
        credit[scored],
        ground.talk_places()[place[scored]],
        prompt=place[scored],
        measures=_measures(ground.tally.columns["outputs"], out_a[scored], out_b[scored]),
    )
    unscored = np.bincount(np.concatenate([a[lost], b[lost]]), minlength=size)
    return Material(battles, unscored, met, int(np.sum(kept)))


def textless(ground: Ground) -> list[int]:
    """Ids of the entries of whose outputs no text is known, as of battles that were imported without them."""
    ids = np.unique(ground.tally.columns["outputs"]["entry"]).tolist()
    return [pk for pk in ids if (summary := ground.tally.summaries.get(pk)) is not None and not summary.n]


def _measures(outputs: Columns, a: Ints, b: Ints) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    left, right = places_of(outputs["pk"].tolist(), a), places_of(outputs["pk"].tolist(), b)
    return {name: (outputs[name][left], outputs[name][right]) for name in MEASURES}


def counts(ground: Ground, found: Material) -> list[dict[str, int]]:
    """Of each entry: verdicts counted, those unscored, and all that is missing.

    Missing are unscored verdicts, planned ones not made by one of the judges, and prompts without an output.
    A board that pairs with its baseline counts its prompts without a verdict instead.
    """
    size, prompts = len(ground.entries), len(ground.prompts)
    n = np.bincount(np.concatenate([found.battles.a, found.battles.b]), minlength=size)
    if ground.board.live:
        missing = found.unscored  # each prompt is for two entries, so no other owes it an answer
    elif ground.board.pairing == Board.Pairing.BASELINE:
        missing = found.unscored + prompts - found.met.sum(axis=1)
    else:
        missing = found.unscored + _unjudged(ground) + prompts - _answered(ground)
    return [
        {"n": int(count), "unscored": int(lost), "missing": int(gone)}
        for count, lost, gone in zip(n, found.unscored, missing, strict=True)
    ]


def _unjudged(ground: Ground) -> Ints:
    pairs, judged = ground.tally.columns["comparisons"], ground.tally.columns["judgments"]
    inside = ground.prompt_places(pairs["prompt"]) >= 0
    total = np.zeros(len(ground.entries), dtype=np.int64)
    for judge in ground.judges:
        done = judged["comparison"][judged["judge"] == judge]
        waiting = inside & ~np.isin(pairs["pk"], done)
        sides = np.concatenate([pairs["entry_a"][waiting], pairs["entry_b"][waiting]])
        total += np.bincount(ground.entry_places(sides), minlength=len(total))
    return total


def _answered(ground: Ground) -> Ints:
    outputs = ground.tally.columns["outputs"]
    entry, place = ground.entry_places(outputs["entry"]), ground.prompt_places(outputs["prompt"])
    done = np.zeros((len(ground.entries), len(ground.prompts)), dtype=np.bool_)
    done[entry[place >= 0], place[place >= 0]] = True
    return np.asarray(done.sum(axis=1))


SUMS = {"mean_length": "chars", "mean_tokens": "output_tokens", "seconds": "seconds", "cost_usd": "cost"}


def output_sums(ground: Ground) -> list[dict[str, float | None]]:
    """Of each entry's outputs: mean length (code points), mean tokens, total seconds and cost; None where unknown."""
    outputs = ground.tally.columns["outputs"]
    place = _rows(ground, outputs)
    found: list[dict[str, float | None]] = [{} for _ in ground.entries]
    blank = textless(ground)
    for name, column in SUMS.items():
        known = ~np.isin(outputs["entry"], blank) if column in MEASURES else True
        total, count = _sums(np.where(known, place, -1), outputs[column], len(found))
        for row, t, n in zip(found, total, count, strict=True):
            row[name] = None if not n else float(t / n if name.startswith("mean") else t)
    return found


def score_sums(ground: Ground) -> list[dict[str, Any]]:
    """The metric's mean in percent, over how many outputs, and how many could not be scored; see `queries.scores`.

    Each prompt weighs the same, as in the report on decoding. `score_least`: the mean with those as the metric's lowest
    value; None where that is the same, or not known.
    """
    if ground.board.metric_id is None:
        return [{} for _ in ground.entries]
    scores = ground.tally.columns["scores"]
    place = _rows(ground, scores)
    size = len(ground.entries)
    rows, known = (np.bincount(place[own], minlength=size) for own in (place >= 0, _known(place, scores["value"])))
    mean, least = (_over_prompts(ground, scores, place, column) for column in ("value", "least"))
    return [
        {
            "score": None if np.isnan(m) else 100 * float(m),
            "score_n": int(n),
            "score_missing": int(whole - n),
            "score_least": 100 * float(low) if low < m else None,
        }
        for m, low, n, whole in zip(mean, least, known, rows, strict=True)
    ]


def _over_prompts(ground: Ground, scores: Columns, place: Ints, column: str) -> NDArray[np.float64]:
    """(K,) mean of the prompts' means, NaN where there is none; `place`: of the entry of each row, −1 for none."""
    shape = len(ground.entries), len(ground.prompts)
    own = _known(place, scores[column])
    cell = place[own] * shape[1] + ground.prompt_places(scores["prompt"])[own]
    total = np.bincount(cell, scores[column][own], shape[0] * shape[1]).reshape(shape)
    count = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    return mean_last(np.divide(total, count, out=np.full(shape, np.nan), where=count > 0))


def _known(place: Ints, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray((place >= 0) & ~np.isnan(values))


def _rows(ground: Ground, columns: Columns) -> Ints:
    """(n,) the entry's place of each row whose prompt is on the ground, else −1."""
    inside = ground.prompt_places(columns["prompt"]) >= 0
    return np.where(inside, ground.entry_places(columns["entry"]), -1)


def _sums(place: Ints, values: NDArray[np.float64], size: int) -> tuple[NDArray[np.float64], Ints]:
    known = _known(place, values)
    total = np.bincount(place[known], values[known], size).astype(np.float64)
    return total, np.bincount(place[known], minlength=size)
