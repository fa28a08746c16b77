"""What checks of OpenAI-compatible servers found."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from leaderboard.models.facts import Fact


class EndpointCheck(Fact):
    """What one check of a server saw; `created_at` says when it ended.

    `endpoint` and `model` are the source and name of the model's identity. `findings` has for each setting a
    `setting`, a `state` (acts, ignored, refused or unknown) and one sentence of `evidence`.
    """

    endpoint = models.CharField(max_length=300)
    model = models.CharField(max_length=200)
    findings = models.JSONField(default=list)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["endpoint", "model"], name="checks_of_an_endpoint")]

    def __str__(self) -> str:
        return f"{self.model} at {self.endpoint}"
