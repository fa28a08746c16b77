"""What calls cost, and how much may be spent. Money is in billionths of a US dollar, so that sums are exact."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.utils import timezone

from leaderboard.models.pipeline import Job

NANO = 1_000_000_000
"""Billionths in a dollar."""


class Price(models.Model):
    """US dollars for a million tokens of every model whose name fits `pattern`, from `since` on.

    `batch_factor`: what a call through the Batch API costs of that.
    """

    pattern = models.CharField(max_length=200)
    input_usd = models.DecimalField(max_digits=12, decimal_places=6)
    output_usd = models.DecimalField(max_digits=12, decimal_places=6)
    batch_factor = models.DecimalField(max_digits=5, decimal_places=4, default=Decimal("0.5"))
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pattern", "since"], name="one_price_a_moment")]
        ordering = ["pattern", "-since"]

    def __str__(self) -> str:
        return f"{self.pattern} {self.input_usd}/{self.output_usd}"


class Budget(models.Model):
    """What one purse may spend, has spent, and holds back for chunks that are being worked on; NULL is no cap.

    `key`: `submission:ID`, `sweep:ID`, `judge:ID`, `day:YYYY-MM-DD` in UTC, or `day`, whose caps are those of every
    day; so too `live:ARENA:YYYY-MM-DD` and `live:ARENA`.
    """

    key = models.CharField(max_length=80, unique=True)
    cap_nano = models.BigIntegerField(null=True)
    cap_tokens = models.BigIntegerField(null=True)
    spent_nano = models.BigIntegerField(default=0)
    spent_tokens = models.BigIntegerField(default=0)
    held_nano = models.BigIntegerField(default=0)
    held_tokens = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.key


class Hold(models.Model):
    """What is held back for a job that is being worked on, in each of the purses `keys`."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="hold")
    keys = models.JSONField(default=list)
    nano = models.BigIntegerField(default=0)
    tokens = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"hold of {self.job_id}"
