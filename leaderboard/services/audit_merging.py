"""What audits read of several boards, put together; a comparison that two of them share counts once, as the first has
it. Arrays in and out, no queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leaderboard.ratings.agreement.verdicts import Calls, Items, Votes
from leaderboard.services.audit_data import Floats, Ints, Material, Verdicts


@dataclass(frozen=True)
class _Names:
    """Labels of all parts, and where each part's stand among them."""

    entrants: list[str]
    voters: list[str]

    @classmethod
    def of(cls, parts: Sequence[Material]) -> _Names:
        entrants = dict.fromkeys(name for part in parts for name in part.items.names)
        voters = dict.fromkeys(name for part in parts for name in part.voters)
        return cls(list(entrants), list(voters))


def merged(parts: Sequence[Material]) -> Material:
    """All parts as one: entrants by name, voters by name, comparisons by id. Raises ValueError where there are none."""
    own = _without_doubles(parts)
    names, starts = _Names.of(own), _starts([len(part.items) for part in own])
    models = {slug: model for part in own for slug, model in zip(part.items.names, part.models, strict=True)}
    judges = dict.fromkeys(judge for part in own for judge in part.judges)
    return Material(
        _items(own, names.entrants),
        _votes(own, names.voters, starts),
        {judge: _verdicts(own, judge, starts) for judge in judges},
        _truth(own),
        tuple(models[name] for name in names.entrants),
        np.concatenate([part.comparisons for part in own]),
        tuple(names.voters),
    )


def _without_doubles(parts: Sequence[Material]) -> list[Material]:
    seen: set[int] = set()
    found = []
    for part in parts:
        new = np.array([pk not in seen for pk in part.comparisons.tolist()], dtype=np.bool_)
        seen.update(part.comparisons.tolist())
        found.append(part if new.all() else _part(part, new))
    return found


def _part(whole: Material, kept: NDArray[np.bool_]) -> Material:
    """The items of a mask, with what was said of them."""
    at = np.cumsum(kept) - 1
    items, votes = whole.items, whole.votes.take(kept[whole.votes.item])
    measures = {name: (a[kept], b[kept]) for name, (a, b) in items.measures.items()}
    return Material(
        Items(items.names, items.a[kept], items.b[kept], items.cluster[kept], measures),
        replace(votes, item=at[votes.item]),
        {judge: _verdicts_on(own, kept, at) for judge, own in whole.judges.items()},
        None if whole.truth is None else whole.truth[kept],
        whole.models,
        whole.comparisons[kept],
        whole.voters,
    )


def _verdicts_on(own: Verdicts, kept: NDArray[np.bool_], at: Ints) -> Verdicts:
    rows, again = kept[own.calls.item], kept[own.again.item]
    states = tuple(state for state, here in zip(own.states, rows, strict=True) if here)
    return Verdicts(
        _moved(own.calls.take(rows), at), states, own.cost[rows], own.seconds[rows], _moved(own.again.take(again), at)
    )


def _moved(calls: Calls, at: Ints) -> Calls:
    return replace(calls, item=at[calls.item])


def _starts(sizes: Sequence[int]) -> list[int]:
    return [0, *np.cumsum(sizes).tolist()]


def _items(parts: Sequence[Material], entrants: Sequence[str]) -> Items:
    place = {name: at for at, name in enumerate(entrants)}
    own = [np.array([place[name] for name in part.items.names], dtype=np.int64) for part in parts]
    a = np.concatenate([at[part.items.a] for at, part in zip(own, parts, strict=True)])
    b = np.concatenate([at[part.items.b] for at, part in zip(own, parts, strict=True)])
    known = set.intersection(*(set(part.items.measures) for part in parts))
    measures = {
        name: (
            np.concatenate([part.items.measures[name][0] for part in parts]),
            np.concatenate([part.items.measures[name][1] for part in parts]),
        )
        for name in parts[0].items.measures
        if name in known
    }
    return Items(tuple(entrants), a, b, np.concatenate([part.items.cluster for part in parts]), measures)


def _votes(parts: Sequence[Material], voters: Sequence[str], starts: Sequence[int]) -> Votes:
    place = {name: at for at, name in enumerate(voters)}
    own = [np.array([place[name] for name in part.voters], dtype=np.int64) for part in parts]
    return Votes(
        np.concatenate([part.votes.item + start for part, start in zip(parts, starts, strict=False)]),
        np.concatenate([at[part.votes.voter] for at, part in zip(own, parts, strict=True)]),
        np.concatenate([part.votes.credit for part in parts]),
    )


def _verdicts(parts: Sequence[Material], judge: int, starts: Sequence[int]) -> Verdicts:
    found = [(part.judges[judge], start) for part, start in zip(parts, starts, strict=False) if judge in part.judges]
    return Verdicts(
        _joined([(own.calls, start) for own, start in found]),
        tuple(state for own, _ in found for state in own.states),
        np.concatenate([own.cost for own, _ in found]),
        np.concatenate([own.seconds for own, _ in found]),
        _joined([(own.again, start) for own, start in found]),
    )


def _joined(parts: Sequence[tuple[Calls, int]]) -> Calls:
    return Calls(
        np.concatenate([calls.item + start for calls, start in parts]),
        np.concatenate([calls.credit for calls, _ in parts]),
        np.concatenate([calls.swapped for calls, _ in parts]),
        np.concatenate([calls.repeat for calls, _ in parts]),
    )


def _truth(parts: Sequence[Material]) -> Floats | None:
    if all(part.truth is None for part in parts):
        return None
    own = [np.full(len(part.items), np.nan) if part.truth is None else part.truth for part in parts]
    return np.concatenate(own)
