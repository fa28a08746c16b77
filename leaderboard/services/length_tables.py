"""The length-controlled table of a board or a category, fitted anew only where its verdicts have changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from leaderboard.contracts import registry
from leaderboard.contracts.fingerprint import canonical_json, fingerprint
from leaderboard.contracts.said import again, kept, said
from leaderboard.ratings import pairs
from leaderboard.ratings.battles import Battles, Rating, RatingTable
from leaderboard.ratings.gameability import CONCISE, VERBOSE
from leaderboard.ratings.length_fit import Regulariser
from leaderboard.ratings.length_views import views
from leaderboard.ratings.ranks import with_ranks
from leaderboard.services import lengths
from leaderboard.services.material import Ground

LENGTH = "length-controlled"


@dataclass(frozen=True)
class Memo:
    """Results by content: `kept` from the last refresh, `used` in this one, which are kept in turn."""

    kept: dict[str, Any]
    used: dict[str, Any]

    def get(self, key: str) -> Any:
        """The result, None where there is none."""
        if key not in self.used and key in self.kept:
            self.used[key] = self.kept[key]
        return self.used.get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep a result."""
        self.used[key] = value


def length_controlled(ground: Ground, battles: Battles, baseline: str, memo: Memo) -> RatingTable | None:
    """The table over `battles`, None where nobody has met the baseline, which must be among the names.

    Only entries with verdicts on every prompt take part. The others would be refused all the same, and where the
    difficulty is fitted each of their verdicts would move the values of all.

    Raises: ValueError as the rater; registry.PluginError where it cannot be loaded.
    """
    gamma = lengths.difficulties(ground.lengths, ground.prompts)
    home = battles.names.index(baseline)
    # NaN tells how many prompts there are; their difficulty is then fitted or left out.
    met = dataclasses.replace(battles, cluster=None, difficulty=gamma).take((battles.a == home) | (battles.b == home))
    if not len(met.credit):
        return None
    prompts, covered = _coverage(met, home, len(gamma))
    bound = lengths.regulariser(ground.lengths) or _variants(ground, covered, baseline)
    table = _Fits(covered, baseline, bound, _keys(covered, baseline, bound), memo).table()
    known = table.by_name()
    ratings = [known.get(name) or _short(name, n, len(gamma)) for name, n in zip(met.names, prompts, strict=True)]
    return dataclasses.replace(table, ratings=tuple(ratings))


def _coverage(battles: Battles, home: int, size: int) -> tuple[list[int], Battles]:
    """Of each entrant how many prompts it has a verdict on, and the battles among those that have all of them."""
    entry = np.where(battles.a == home, battles.b, battles.a)
    met = np.bincount(np.unique(entry * size + battles.prompt) // size, minlength=len(battles.names))
    members = np.flatnonzero((met == size) | (np.arange(len(met)) == home))
    return met.tolist(), pairs.inside(battles, members)


def _short(name: str, met: int, size: int) -> Rating:
    return Rating(
        name, None, None, None, None, met, note=said("Verdicts on {met} of {size} prompts only.", met=met, size=size)
    )


def _as_json(table: RatingTable) -> dict[str, Any]:
    """The table as plain values, its sentences so that they can be said again."""
    found = dataclasses.asdict(table)
    ratings = [{**rating, "note": kept(rating["note"])} for rating in found["ratings"]]
    return {**found, "ratings": ratings, "notes": [kept(note) for note in found["notes"]]}


def _variants(ground: Ground, battles: Battles, baseline: str) -> Regulariser | None:
    """Regularising rows from the board's own verdicts on its baseline made verbose and made concise.

    None unless both have verdicts on every prompt. As in AlpacaEval 2, whose two gamed baselines differ from the
    baseline in length alone.
    """
    slugs = {entry.model.name: entry.slug for entry in ground.entries}
    base = next(entry.model.name for entry in ground.entries if entry.slug == baseline)
    wanted = [slugs.get(base + suffix, "") for suffix in (VERBOSE, CONCISE)]
    if not set(wanted) <= set(battles.names):
        return None
    _, seen = views(battles, baseline, "chars")
    both = [seen[battles.names.index(slug)] for slug in wanted]
    gamma = np.nan_to_num(np.asarray(battles.difficulty))
    return Regulariser.of(
        np.concatenate([view.length() for view in both]),
        np.concatenate([gamma[view.prompt] for view in both]),
        np.concatenate([view.credit for view in both]),
    )


def _keys(battles: Battles, baseline: str, bound: Regulariser | None) -> dict[str, str]:
    """By entrant the content of what its own fit rests on; no key depends on who else is there."""
    home = battles.names.index(baseline)
    entry = np.where(battles.a == home, battles.b, battles.a)
    numbers = (battles.a == home, battles.credit, battles.prompt, *battles.measures["chars"])
    columns = np.stack([np.asarray(column, dtype=np.float64) for column in numbers])
    order = np.lexsort((*columns, entry))
    parts = np.split(columns[:, order], np.searchsorted(entry[order], np.arange(1, len(battles.names))), axis=1)
    shared = [np.asarray(battles.difficulty)]
    shared += [bound.length, bound.difficulty, bound.target] if bound else []
    head = canonical_json([registry.ratings.get(LENGTH).version, baseline, len(shared)]).encode()
    head += b"".join(part.tobytes() for part in shared)
    return {
        name: sha256(head + name.encode() + np.ascontiguousarray(part).tobytes()).hexdigest()
        for name, part in zip(battles.names, parts, strict=True)
    }


@dataclass(frozen=True)
class _Fits:
    """What the fits of one table share. `keys`: by name, what an entrant's own fit rests on."""

    battles: Battles
    baseline: str
    bound: Regulariser | None
    keys: Mapping[str, str]
    memo: Memo

    def table(self) -> RatingTable:
        """From the memo where nothing has changed."""
        whole = fingerprint(LENGTH, self.keys)
        own = [self.memo.get(key) for key in self.keys.values()]
        if (known := self.memo.get(whole)) is not None:
            ratings = tuple(Rating(**{**rating, "note": again(rating["note"])}) for rating in known["ratings"])
            return RatingTable(**{**known, "ratings": ratings, "notes": tuple(map(again, known["notes"]))})
        found = self._from_known() if any(own) else None
        found = found or self._anew()
        self.memo.put(whole, _as_json(found))
        return found

    def _rate(self, battles: Battles, **params: Any) -> RatingTable:
        rater: Any = registry.ratings.build(LENGTH, {"baseline": self.baseline, **params})
        rater.regulariser = self.bound
        table: RatingTable = rater.rate(battles)
        return table

    def _anew(self) -> RatingTable:
        table = self._rate(self.battles)
        if table.extra["difficulty"] != "fitted":
            self._keep(table)
        return table

    def _from_known(self) -> RatingTable | None:
        """With the intervals that are known; None where the difficulty is fitted, as then they rest on all verdicts."""
        plain = self._rate(self.battles, replicates=0)
        if plain.extra["difficulty"] == "fitted":
            return None
        stale = [place for place, rating in enumerate(plain.ratings) if self.memo.get(self.keys[rating.name]) is None]
        rows = np.isin(self.battles.a, stale) | np.isin(self.battles.b, stale)
        anew = self._rate(self.battles.take(rows), difficulty=plain.extra["difficulty"])
        self._keep(dataclasses.replace(anew, ratings=tuple(anew.ratings[place] for place in stale)))
        ratings = with_ranks([self._with_interval(rating) for rating in plain.ratings])
        params = {**plain.params, "replicates": anew.params["replicates"]}
        return dataclasses.replace(plain, ratings=ratings, params=params)

    def _keep(self, table: RatingTable) -> None:
        for rating in table.ratings:
            self.memo.put(self.keys[rating.name], [rating.se, rating.low, rating.high, kept(rating.note)])

    def _with_interval(self, rating: Rating) -> Rating:
        se, low, high, note = self.memo.get(self.keys[rating.name])
        return dataclasses.replace(rating, se=se, low=low, high=high, note=again(note))
