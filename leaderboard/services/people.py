"""What a snapshot tells of people's votes, from a board's columns; the judges of an arena are its parent's."""

from __future__ import annotations

import dataclasses
from typing import Any, TypedDict

import numpy as np

from leaderboard.models import Board, Judge
from leaderboard.ratings.people_report import Agreed, Floats, Ints, agreed, both_bad, per_day
from leaderboard.services.material import Ground, places_of
from leaderboard.services.streams import Columns, Scope
from leaderboard.services.tally import tally

MOST_PROMPTS = 50
"""Prompts with the largest share of "both bad" that a snapshot keeps."""


class People(TypedDict, total=False):
    """Keys of `details["people"]`; absent on a board that counts no votes. Shares are of 1."""

    votes: int
    days: list[tuple[str, int]]
    """Date and votes, without gaps."""
    agreement: list[dict[str, Any]]
    """Fields of `ratings.people_report.Agreed`; category "" is the whole board."""
    bad_entries: list[dict[str, Any]]
    """name (slug), bad, n."""
    bad_prompts: list[dict[str, Any]]
    """name (key), bad, n; those with a vote for both bad, the largest shares first."""


def judged(board: Board) -> Columns | None:
    """The judgments of an arena's parent, which its agreement rests on; None for a board without a parent."""
    home = board.parent
    if home is None or not board.counts_votes:
        return None
    entries = list(home.ranked_entries().with_parts().order_by("slug"))
    return tally(Scope.of(home, entries)).columns["judgments"]


def people(ground: Ground, judgments: Columns | None) -> People:
    """All of it; `judgments`: the parent's, None for the board's own."""
    if not ground.board.counts_votes:
        return {}
    votes = ground.tally.columns["votes"]
    place = ground.prompt_places(votes["prompt"])
    kept = (place >= 0) & ~np.isnan(votes["credit"])
    place, bad = place[kept], votes["bad"][kept]
    entries = {i: entry.slug for i, entry in enumerate(ground.entries)}
    sides = [ground.entry_places(votes[name][kept]) for name in ("entry_a", "entry_b")]
    prompts = both_bad(place, bad, {i: prompt.key for i, prompt in enumerate(ground.prompts)})
    found = _agreement(ground, votes, kept, ground.tally.columns["judgments"] if judgments is None else judgments)
    return {
        "votes": int(kept.sum()),
        "days": per_day(votes["at"][kept]),
        "agreement": [dataclasses.asdict(one) for one in found],
        "bad_entries": [dataclasses.asdict(one) for one in both_bad(np.concatenate(sides), np.tile(bad, 2), entries)],
        "bad_prompts": [dataclasses.asdict(one) for one in prompts if one.bad][:MOST_PROMPTS],
    }


def _agreement(ground: Ground, votes: Columns, kept: Any, judgments: Columns) -> list[Agreed]:
    """By judge's name, then by category."""
    ids, first, at = np.unique(votes["comparison"][kept], return_index=True, return_inverse=True)
    mean = _means(at, votes["credit"][kept], len(ids))
    prompt = ground.prompt_places(votes["prompt"][kept][first])
    category = np.array([ground.prompts[place].category for place in prompt.tolist()], dtype=object)
    categories = sorted({prompt.category for prompt in ground.prompts if prompt.category})
    shown = categories if len(categories) > 1 else []
    judges = Judge.objects.in_bulk(np.unique(judgments["judge"]).tolist())
    found: list[Agreed] = []
    for judge in sorted(judges.values(), key=lambda one: one.name):
        rows = judgments["judge"] == judge.pk
        credit = _of_judge(ids, judgments["comparison"][rows], judgments["credit"][rows])
        found += agreed(judge.name, credit, mean, prompt=prompt, category=category, names=shown)
    return found


def _of_judge(ids: Ints, comparison: Ints, credit: Floats) -> Floats:
    """(M,) the judge's mean credit of each comparison in `ids`, NaN where it has no number."""
    place = places_of(ids.tolist(), comparison)
    known = (place >= 0) & ~np.isnan(credit)
    return _means(place[known], credit[known], len(ids))


def _means(place: Ints, values: Floats, size: int) -> Floats:
    count = np.bincount(place, minlength=size)
    total = np.bincount(place, values, size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
