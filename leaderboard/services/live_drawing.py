"""Which two entries answer a voter's own prompt: by the arena's plan, among those that can be asked now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone

from leaderboard.contracts import registry
from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Board, Entry, Job, LanguageModel
from leaderboard.queries.arenas import retired
from leaderboard.services import drawing

KNOWN_SECONDS = 60
REST = timedelta(minutes=2)
"""A model whose live answer failed is left alone for so long."""


@dataclass(frozen=True)
class Drawn:
    """Two entries, the one on the left first; `chance` as in Ballot."""

    left: Entry
    right: Entry
    chance: float | None


def draw(arena: Board) -> Drawn | None:
    """Two entries that can answer now, sides by coin; None where fewer than two can."""
    found = {entry.pk: entry for entry in able(arena)}
    drawn = drawing.draw_among(arena, sorted(found))
    if drawn is None:
        return None
    pair, chance = drawn
    left, right = drawing.RANDOM.sample(pair, 2)
    return Drawn(found[left], found[right], chance)


def able(arena: Board) -> list[Entry]:
    """Entries whose model is there as it was, is not resting after a fault, and that need no choice among samples."""
    shown = arena.ranked_entries().exclude(pk__in=retired(arena))
    entries = list(shown.with_parts().filter(decoding__pool=None).order_by("pk"))
    models = {entry.model_id: entry.model for entry in entries}
    resting = _resting()
    there = {pk for pk, model in models.items() if pk not in resting and _is_there(model)}
    return [entry for entry in entries if entry.model_id in there and _decodes(entry)]


def _resting() -> set[int]:
    since = timezone.now() - REST
    failed = Job.objects.filter(kind=Job.Kind.LIVE, state=Job.State.FAILED, created_at__gte=since)
    return set(failed.values_list("payload__model", flat=True))


def _is_there(model: LanguageModel) -> bool:
    """Whether its generator is installed and still means these weights, or this approved address."""
    key = f"live-model:{model.pk}"
    found: bool | None = cache.get(key)
    if found is None:
        found = _checked(model)
        cache.set(key, found, KNOWN_SECONDS)
    return found


def _checked(model: LanguageModel) -> bool:
    try:
        kind = registry.generators.get(model.generator)
        identity = kind.identity(registry.generators.parse(model.generator, model.params))
    except (registry.PluginError, InvalidInput):
        return False
    return (identity.source, identity.name, identity.revision) == (model.source, model.name, model.revision)


def _decodes(entry: Entry) -> bool:
    try:
        registry.decoding.get(entry.decoding.strategy)
    except registry.PluginError:
        return False
    return True
