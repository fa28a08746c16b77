"""Live battles: a voter's own prompt, answered by two entries at once. Answers, pair and vote are facts as ever."""

from __future__ import annotations

import uuid

from django.db import models

from leaderboard.models.arenas import ConsentText
from leaderboard.models.boards import Board
from leaderboard.models.catalog import Entry, Prompt
from leaderboard.models.facts import Ballot


class LiveRules(models.Model):
    """How live battles go on an arena. `board` rates their votes, apart from the arena's own.

    `settings`: see `services.live_rules.LiveSettings`. Whether new ones are allowed stands in the arena's policy.
    """

    arena = models.OneToOneField(Board, on_delete=models.PROTECT, related_name="live_rules")
    board = models.OneToOneField(Board, on_delete=models.PROTECT, related_name="live_home")
    settings = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"live battles of {self.arena_id}"


class LiveBattle(models.Model):
    """One prompt on its way to two answers and a ballot. `why` says what broke it; `chance` as in Ballot.

    `seen_at`: when its page last asked, so that the work for a page that is gone can be left.
    `erased_at`: when its author had the texts erased.
    """

    class State(models.TextChoices):
        WORKING = "working", "working"
        READY = "ready", "ready"
        BROKEN = "broken", "broken"

    class Why(models.TextChoices):
        LATE = "late", "not done in time"
        FAILED = "failed", "an answer could not be made"
        LEAK = "leak", "an answer named its maker"
        LEFT = "left", "the page was left"
        BUDGET = "budget", "it would have cost too much"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    arena = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="live_battles")
    voter = models.CharField(max_length=80)
    prompt = models.OneToOneField(Prompt, on_delete=models.PROTECT, related_name="live_battle")
    consent = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="+")
    ballot = models.OneToOneField(Ballot, null=True, on_delete=models.PROTECT, related_name="live_battle")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WORKING)
    why = models.CharField(max_length=8, choices=Why.choices, blank=True)
    chance = models.FloatField(null=True)
    seen_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["arena"], name="live_working", condition=models.Q(state="working")),
            models.Index(fields=["voter", "arena", "-created_at"], name="live_of_voter"),
        ]

    def __str__(self) -> str:
        return f"live battle {self.pk}"


class LiveSide(models.Model):
    """One of the two answers while it is written. `text`: what is there so far; emptied when the battle ends."""

    battle = models.ForeignKey(LiveBattle, on_delete=models.CASCADE, related_name="sides")
    left = models.BooleanField()
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["battle", "left"], name="one_live_side")]

    def __str__(self) -> str:
        return f"{'left' if self.left else 'right'} of {self.battle_id}"
