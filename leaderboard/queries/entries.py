"""Reads entries, their outputs, and prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from leaderboard.models import Board, Entry, Output, Prompt, Score, Standing
from leaderboard.queries.boards import rank_group
from leaderboard.queries.paging import Page, page


@dataclass(frozen=True)
class Place:
    """Where an entry stands on one board."""

    board: Board
    standing: Standing
    rank: str


@dataclass(frozen=True)
class Rated:
    """One of the candidates among which an output was chosen; `rating` is the selector's."""

    output: Output
    rating: float | None
    chosen: bool


def all_entries() -> QuerySet[Entry]:
    """Entries with their parts."""
    return Entry.objects.with_parts()


def all_prompts() -> QuerySet[Prompt]:
    """Prompts with their benchmark, and the turn before."""
    return Prompt.objects.select_related("benchmark", "follows")


def places(entry: Entry) -> list[Place]:
    """The entry's line on each board's current snapshot."""
    current = Board.objects.filter(current__isnull=False).values("current")
    found = Standing.objects.filter(entry=entry, snapshot__in=current).select_related("snapshot__board")
    found = found.defer("snapshot__details")
    return [Place(s.snapshot.board, s, rank_group(s.rank_low, s.rank_high)) for s in found.order_by("pk")]


def kept_out(found: list[Place]) -> dict[int, list[str]]:
    """By board: the kinds of flag that keep the entry out; a child's count for its parent, whose flags they are."""
    kinds: dict[int, list[str]] = {}
    for place in found:
        kinds.setdefault(place.board.parent_id or place.board.pk, []).extend(place.standing.flags)
    return kinds


def outputs_of(entry: Entry, cursor: str) -> Page[Output]:
    """One page of what an entry wrote, with scores."""
    return page(_with_scores(Output.objects.filter(entry=entry).select_related("prompt__benchmark")), cursor)


def outputs_to(prompt: Prompt, cursor: str) -> Page[Output]:
    """One page of what entries wrote to a prompt, with scores."""
    parts = ("entry__model", "entry__decoding", "entry__template", "prompt")
    wanted = Output.objects.filter(prompt=prompt).select_related(*parts)
    return page(_with_scores(wanted), cursor)


def candidates_of(outputs: Sequence[Output]) -> dict[int, list[Rated]]:
    """By id of each output that was chosen among several: its candidates, in the order of their samples."""
    chosen = {output.pk: output.provenance for output in outputs if "candidates" in output.provenance}
    if not chosen:
        return {}
    wanted = {pk for told in chosen.values() for pk in told["candidates"]}
    found = {output.pk: output for output in _with_scores(Output.objects.filter(pk__in=wanted))}
    return {
        pk: [
            Rated(found[candidate], rating, candidate == told["chosen"])
            for candidate, rating in zip(told["candidates"], told["ratings"], strict=True)
            if candidate in found
        ]
        for pk, told in chosen.items()
    }


def _with_scores(outputs: QuerySet[Output]) -> QuerySet[Output]:
    return outputs.prefetch_related(Prefetch("scores", Score.objects.select_related("metric")))
