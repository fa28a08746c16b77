"""Sweeps: several decoding configurations of one model, declared together before any of them runs."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from leaderboard.models.boards import Board
from leaderboard.models.catalog import LanguageModel, PromptTemplate
from leaderboard.models.facts import Fact


class Sweep(Fact):
    """What was declared; it never changes, so that an arm that failed or lost cannot be left out afterwards.

    `arms`: in order, each with `label`, `strategy`, `params` and `runs` (outputs for each prompt). `baseline`: place
    of the arm that the others are tested against. `tune`: share of the prompts on which arms are chosen.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="sweeps")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="sweeps")
    title = models.CharField(max_length=120, blank=True)
    model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="sweeps")
    template = models.ForeignKey(PromptTemplate, on_delete=models.PROTECT, related_name="sweeps")
    arms = models.JSONField(default=list)
    baseline = models.PositiveIntegerField(default=0)
    samples = models.PositiveIntegerField(default=1)
    seeds = models.JSONField(default=list)
    tune = models.FloatField(default=0.5)
    digest = models.CharField(max_length=64)
    # NULL, not "": a user may have any number of sweeps without a key.
    idempotency_key = models.CharField(max_length=120, null=True, blank=True)  # noqa: DJ001

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "idempotency_key"], name="one_sweep_a_key")]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.title or f"{len(self.arms)} arms of {self.model}"
