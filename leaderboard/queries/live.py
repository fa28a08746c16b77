"""Reads live battles: what may be shown of two answers while they are written, and a voter's own prompts."""

from __future__ import annotations

from dataclasses import dataclass

from leaderboard.models import Board, LiveBattle, LiveSide, Output, Vote

HELD_BACK = 60
"""Characters at the end of an unfinished answer that are not shown yet, so that a maker's name is met before it is."""
MOST_OWN = 100


@dataclass(frozen=True)
class Writing:
    """The two answers so far, left and right; `done`: whether each is complete."""

    texts: tuple[str, str]
    done: tuple[bool, bool]


def open_battle(arena: Board, *, voter: str) -> LiveBattle | None:
    """The voter's battle on this arena that is not over: being answered, or answered and not voted on."""
    last = LiveBattle.objects.filter(arena=arena, voter=voter).exclude(state=LiveBattle.State.BROKEN)
    found = last.select_related("ballot").order_by("-created_at").first()
    if found is None or found.state == LiveBattle.State.WORKING:
        return found
    pair = found.ballot.comparison_id if found.ballot else 0
    return None if Vote.objects.filter(voter=voter, comparison=pair).exists() else found


def writing(battle: LiveBattle) -> Writing:
    """What is there of both answers; two queries."""
    sides = LiveSide.objects.filter(battle=battle).order_by("-left")
    whole = dict(Output.objects.filter(prompt=battle.prompt_id).values_list("entry", "text"))
    texts = [whole.get(side.entry_id, side.text) for side in sides]
    done = [side.entry_id in whole for side in sides]
    return Writing((texts[0], texts[1]), (done[0], done[1]))


def in_step(found: Writing) -> tuple[str, str]:
    """As much of each as the slower one has, so that neither speed nor who ends first tells anything."""
    if all(found.done):
        return found.texts
    unfinished = [len(text) - HELD_BACK for text, done in zip(found.texts, found.done, strict=True) if not done]
    room = max(0, min(unfinished))
    return found.texts[0][:room], found.texts[1][:room]


def own(voter: str) -> list[LiveBattle]:
    """A voter's own prompts, newest first, those erased left out."""
    found = LiveBattle.objects.filter(voter=voter, erased_at=None).select_related("prompt", "arena")
    return list(found.order_by("-created_at")[:MOST_OWN])
