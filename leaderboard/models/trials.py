"""Trials of a judge: a few stored pairs are put to it, so that a person sees what it makes of them before more are."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from leaderboard.models.boards import Board
from leaderboard.models.facts import Fact


class JudgeTrial(Fact):
    """What came of one trial. `rows`: one a pair, as `workers.trying` makes them; none of it counts on a board.

    The id is that of the job that made it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="judge_trials")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    plugin = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    rows = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"trial of {self.plugin} on {self.board_id}"
