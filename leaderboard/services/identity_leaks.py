"""Whether the answers of a pair name their maker, by the built-in names, those of the board's models and the rules'."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.cache import cache

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.models import Board, Comparison, Output, VotingRules
from leaderboard.queries.arena import holds_texts
from leaderboard.queries.turns import answers_before
from leaderboard.ratings.leaks import known_names, leaks, names_of_model

NAMES_SECONDS = 60
LOOK_SECONDS = 86_400
VERSION = 2
"""Part of what is kept of a look at a text: a change of the patterns looks anew."""


def given_away(board: Board, rules: VotingRules, pair: Comparison) -> list[str]:
    """Names that the two answers, and a side's own answers before, give away in the first person, each once."""
    names = _names(board, rules)
    mark = fingerprint(VERSION, sorted(names))[:16]
    keys = {f"leak:{pk}:{mark}": pk for pk in (pair.a_id, pair.b_id, *_before(pair))}
    known: dict[str, tuple[str, ...]] = cache.get_many(keys)
    missing = {key: pk for key, pk in keys.items() if key not in known}
    if missing:
        texts = _texts(pair, set(missing.values()))
        new = {key: leaks(texts[pk], names) for key, pk in missing.items()}
        cache.set_many(new, LOOK_SECONDS)
        known |= new
    return sorted({name for found in known.values() for name in found})


def _before(pair: Comparison) -> list[int]:
    """Ids of the answers to the turns before, kept by pair: what a pair is about never changes."""
    key = f"turns:{pair.pk}"
    found: list[int] | None = cache.get(key)
    if found is None:
        found = [output.pk for output in answers_before(pair)]
        cache.set(key, found, LOOK_SECONDS)
    return found


def _texts(pair: Comparison, wanted: set[int]) -> dict[int, str]:
    """The texts by the ids of their outputs; no query where the pair holds them."""
    held = {output.pk: output.text for output in (pair.a, pair.b)} if holds_texts(pair) else {}
    left = wanted - held.keys()
    return held | dict(Output.objects.filter(pk__in=left).values_list("pk", "text")) if left else held


def names_in(board: Board, rules: VotingRules, texts: Iterable[str]) -> list[str]:
    """The same of texts that are not stored, as of answers that are still being written."""
    names = _names(board, rules)
    return sorted({name for text in texts for name in leaks(text, names)})


def _names(board: Board, rules: VotingRules) -> frozenset[str]:
    key = f"leak-names:{board.pk}:{fingerprint(rules.leak_names)[:16]}"
    found: frozenset[str] | None = cache.get(key)
    if found is None:
        models = board.ranked_entries().values_list("model__name", flat=True).distinct()
        own = (part for name in models for part in names_of_model(name))
        found = known_names([*own, *map(str, rules.leak_names)])
        cache.set(key, found, NAMES_SECONDS)
    return found
