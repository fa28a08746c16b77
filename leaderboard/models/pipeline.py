"""Submissions, which a user sees, and jobs, which only workers see."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from leaderboard.models.boards import Board
from leaderboard.models.catalog import Entry
from leaderboard.models.sweeps import Sweep


class Submission(models.Model):
    """A request to evaluate an entry for a board: the only state machine that a user sees.

    `samples` is for each of `seeds`, of which `seed` is the first: sample s of the entry has seeds[s // samples].
    One of a `sweep` has its place among the declared arms in `arm`.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        GENERATING = "generating", _("Generating outputs")
        JUDGING = "judging", _("Judging")
        DONE = "done", _("Done")
        PARTIAL = "partial", _("Done in part")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    ENDED = (State.DONE, State.PARTIAL, State.FAILED, State.CANCELLED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="submissions")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="submissions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="submissions")
    samples = models.PositiveIntegerField(default=1)
    seed = models.BigIntegerField(default=0)
    seeds = models.JSONField(default=list, blank=True)
    sweep = models.ForeignKey(Sweep, null=True, blank=True, on_delete=models.PROTECT, related_name="submissions")
    arm = models.PositiveIntegerField(null=True, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    error = models.TextField(blank=True)
    # NULL, not "": a user may have any number of submissions without a key.
    idempotency_key = models.CharField(max_length=120, null=True, blank=True)  # noqa: DJ001
    request_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "idempotency_key"], name="one_submission_a_key"),
            models.UniqueConstraint(fields=["sweep", "arm"], name="one_submission_an_arm"),
        ]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.entry} for {self.board}"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in self.ENDED

    @property
    def all_seeds(self) -> list[int]:
        """Every seed, in order."""
        return list(self.seeds) or [self.seed]

    @property
    def runs(self) -> int:
        """Outputs for each prompt: samples times seeds."""
        return self.samples * len(self.all_seeds)

    def seed_of(self, sample: int, each: int = 1) -> int:
        """The seed of a sample, or of a candidate where each sample is chosen from `each` of them."""
        return self.all_seeds[sample // (self.samples * each)]


class Job(models.Model):
    """A leased unit of work, disposable. Times are the database's own clock.

    `epoch` rises at each claim and fences a stale worker; `attempts` rises at claim, before the work.
    A job of a `sweep` works for several of its submissions at once and belongs to none of them.
    """

    class Kind(models.TextChoices):
        PLAN = "plan", "plan"
        GENERATE = "generate", "generate"
        SELECT = "select", "select"
        JUDGE = "judge", "judge"
        REFRESH = "refresh", "refresh"
        CHECK = "check", "check"
        CANARY = "canary", "canary"
        TRIAL = "trial", "trial"
        CLOSE = "close", "close"
        LIVE = "live", "live"
        COMMAND = "command", "command"

    class State(models.TextChoices):
        READY = "ready", "ready"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    queue = models.CharField(max_length=60)
    submission = models.ForeignKey(Submission, null=True, on_delete=models.CASCADE, related_name="jobs")
    sweep = models.ForeignKey(Sweep, null=True, on_delete=models.CASCADE, related_name="jobs")
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.READY)
    owner = models.CharField(max_length=80, blank=True)
    epoch = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    items = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["state", "not_before"], name="job_due")]

    def __str__(self) -> str:
        return self.key
