"""Erases the texts of live battles when their author asks: the prompt and both answers. The vote stays, and counts."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import LiveBattle, LiveRules, Output, Prompt, Rendering
from leaderboard.queries import live as read
from leaderboard.services import boards, live
from leaderboard.services.renderings import key_of


def erase(battle: LiveBattle) -> None:
    """Erase one battle's texts, once it is over. Raises InvalidInput where it is not."""
    open_one = read.open_battle(battle.arena, voter=battle.voter)
    if open_one is not None and open_one.pk == battle.pk:
        raise InvalidInput(FieldError((), _("Vote on this pair, or skip it, before you erase its texts.")))
    _forget(battle)


def erase_all(voter: str) -> int:
    """Erase the texts of all of a voter's battles, also of open ones; returns how many."""
    found = list(LiveBattle.objects.filter(voter=voter, erased_at=None)) if voter else []
    for battle in found:
        erase_open(battle)
    return len(found)


def erase_open(battle: LiveBattle) -> None:
    """Erase a battle's texts whether it is over or not; what is not will have no vote worth having."""
    live.leave(battle)
    _forget(battle)


def _forget(battle: LiveBattle) -> None:
    with transaction.atomic():
        if not LiveBattle.objects.filter(pk=battle.pk, erased_at=None).update(erased_at=timezone.now()):
            return
        answers = Output.objects.filter(prompt=battle.prompt_id)
        keys = [key_of(text) for text in answers.values_list("text", flat=True)]
        Rendering.objects.filter(pk__in=keys).delete()
        answers.forget()
        Prompt.objects.filter(pk=battle.prompt_id).update(text="")
        boards.request_refresh(LiveRules.objects.select_related("board").get(arena=battle.arena_id).board)
