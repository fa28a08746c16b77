"""Whether the answers of a pair name their maker, by the built-in names, those of the board's models and the rules'."""

from __future__ import annotations

from django.core.cache import cache

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.models import Board, Comparison, Output, VotingRules
from leaderboard.ratings.leaks import known_names, leaks, names_of_model

NAMES_SECONDS = 60
LOOK_SECONDS = 86_400
VERSION = 1
"""Part of what is kept of a look at a text: a change of the patterns looks anew."""


def given_away(board: Board, rules: VotingRules, pair: Comparison) -> list[str]:
    """Names that the two answers give away in the first person, each once."""
    names = _names(board, rules)
    mark = fingerprint(VERSION, sorted(names))[:16]
    texts = Output.objects.filter(pk__in=[pair.a_id, pair.b_id]).values_list("pk", "text")
    return sorted({name for pk, text in texts for name in _of_text(f"leak:{pk}:{mark}", text, names)})


def _of_text(key: str, text: str, names: frozenset[str]) -> tuple[str, ...]:
    found: tuple[str, ...] | None = cache.get(key)
    if found is None:
        found = leaks(text, names)
        cache.set(key, found, LOOK_SECONDS)
    return found


def _names(board: Board, rules: VotingRules) -> frozenset[str]:
    key = f"leak-names:{board.pk}:{fingerprint(rules.leak_names)[:16]}"
    found: frozenset[str] | None = cache.get(key)
    if found is None:
        models = board.ranked_entries().values_list("model__name", flat=True).distinct()
        own = (part for name in models for part in names_of_model(name))
        found = known_names([*own, *map(str, rules.leak_names)])
        cache.set(key, found, NAMES_SECONDS)
    return found
