"""Reads the flags of an entry with what people decided on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Prefetch, QuerySet

from leaderboard.models import Entry, Flag, FlagDecision


class FlagState(StrEnum):
    """What a flag does now.

    `HELD`: it is the baseline's, which stays in since the others are measured by it. `GONE`: it is neither
    cleared nor to be seen in the current snapshot.
    """

    OUT = "out"
    HELD = "held"
    CLEARED = "cleared"
    GONE = "gone"


@dataclass(frozen=True)
class FlagRecord:
    """A flag with its decisions, newest first."""

    flag: Flag
    state: FlagState
    decisions: list[FlagDecision]

    @property
    def is_cleared(self) -> bool:
        """Whether the latest decision cleared it."""
        return self.state == FlagState.CLEARED


def all_flags() -> QuerySet[Flag]:
    """Flags with their board, entry and decisions."""
    told = FlagDecision.objects.select_related("user").order_by("-pk")
    return Flag.objects.select_related("board", "entry__model", "entry__decoding", "entry__template").prefetch_related(
        Prefetch("decisions", told)
    )


def flags_of(entry: Entry, standing: Mapping[int, list[str]]) -> list[FlagRecord]:
    """Every flag that the entry ever had, by board; `standing` has the kinds that keep it out, by board."""
    found = all_flags().filter(entry=entry).order_by("board__title", "pk")
    return [_record(flag, standing.get(flag.board_id, [])) for flag in found]


def _record(flag: Flag, kinds: list[str]) -> FlagRecord:
    decisions = list(flag.decisions.all())
    if decisions and decisions[0].cleared:
        return FlagRecord(flag, FlagState.CLEARED, decisions)
    if flag.kind in kinds:
        return FlagRecord(flag, FlagState.OUT, decisions)
    is_baseline = flag.board.baseline_id == flag.entry_id
    return FlagRecord(flag, FlagState.HELD if is_baseline else FlagState.GONE, decisions)
