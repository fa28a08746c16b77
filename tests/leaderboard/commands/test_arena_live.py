"""`manage.py arena live` and `erase-prompt`."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Board, LiveBattle, LiveRules
from leaderboard.services import live, live_rules
from leaderboard.services.arenas import ArenaSettings, make
from tests.factories import fact_board, submit, sums_board

pytestmark = pytest.mark.django_db


def run(capsys, *words: str) -> str:
    call_command("arena", *words)
    return capsys.readouterr().out


def test_the_settings_are_told_and_changed(bell, capsys):
    fact_board(("x", "y"), {"p": ""})
    run(capsys, "make", "facts", "duel")
    assert "on=false\n" in run(capsys, "live", "duel")
    told = run(capsys, "live", "duel", "on=true", "tokens=64")
    assert "on=true\n" in told and "tokens=64\n" in told
    assert run(capsys, "live", "duel-live") == told == run(capsys, "live", "duel")
    run(capsys, "make", "facts", "second", "--live", "on=true")
    assert LiveRules.objects.count() == 2
    for words in (("live", "duel", "tokens=0"), ("live", "duel", "tokens"), ("live", "facts")):
        with pytest.raises(InvalidInput):
            call_command("arena", *words)


def test_a_prompt_is_erased_for_someone_who_asks(parrot, work, capsys):
    home = sums_board()
    for model in ("one", "two"):
        submit(home, {"model": model})
    work()
    arena = make(home, ArenaSettings(slug="duel", title="Duel"), user=None)
    live_rules.change(arena, {"on": True})
    arena = Board.objects.select_related("policy", "live_rules").get(pk=arena.pk)
    battle = live.ask(arena, "1+1", voter="user:anna", whose={}, accepted=True)
    run(capsys, "erase-prompt", battle.prompt.key)
    assert LiveBattle.objects.get().prompt.text == ""
    with pytest.raises(InvalidInput, match="no live prompt"):
        call_command("arena", "erase-prompt", "nothing")
