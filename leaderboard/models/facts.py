"""Append-only facts: outputs, comparisons, judgments, scores, ballots, votes.

A fact is never changed or deleted; a correction is a new fact. `FactQuerySet` and `Fact` refuse both.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models

from leaderboard.contracts.values import Outcome, VerdictState
from leaderboard.models.catalog import Entry, Prompt


class FactError(Exception):
    """Someone tried to change or delete a fact."""


class FactQuerySet(models.QuerySet[Any]):
    """A query set that only reads and inserts."""

    def update(self, **_: Any) -> NoReturn:
        """Refused."""
        raise FactError(f"{self.model.__name__} rows are facts; add a new one instead of changing one.")

    def delete(self) -> NoReturn:
        """Refused."""
        raise FactError(f"{self.model.__name__} rows are facts and cannot be deleted.")


class Fact(models.Model):
    """Base of all facts."""

    created_at = models.DateTimeField(auto_now_add=True)

    objects = FactQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Inserts once; a second save is refused."""
        if not self._state.adding:
            raise FactError(f"{type(self).__name__} rows are facts; add a new one instead of changing one.")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        """Refused."""
        raise FactError(f"{type(self).__name__} rows are facts and cannot be deleted.")


class Output(Fact):
    """One text by an entry for a prompt and sample index, with what made it.

    `seconds` is the row's share of wall time. `provenance` holds generator, versions, device and dtype.
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="outputs")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="outputs")
    sample = models.PositiveIntegerField(default=0)
    seed = models.BigIntegerField(null=True)
    text = models.TextField(blank=True)
    finish_reason = models.CharField(max_length=12, blank=True)
    prompt_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    seconds = models.FloatField(null=True)
    logprob = models.FloatField(null=True)
    prompt_truncated = models.BooleanField(default=False)
    cost_usd = models.FloatField(null=True)
    provenance = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "prompt", "sample"], name="one_output_a_sample")]

    def __str__(self) -> str:
        return f"output {self.pk}"


class Comparison(Fact):
    """An unordered pair of outputs to one prompt, shared by judges and people; always a < b by id.

    The two entries stand here too, so that boards are read without joining the outputs.
    """

    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="comparisons")
    a = models.ForeignKey(Output, on_delete=models.PROTECT, related_name="+")
    b = models.ForeignKey(Output, on_delete=models.PROTECT, related_name="+")
    entry_a = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    entry_b = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["a", "b"], name="one_comparison_a_pair"),
            models.CheckConstraint(condition=models.Q(a__lt=models.F("b")), name="comparison_a_before_b"),
        ]

    def __str__(self) -> str:
        return f"comparison {self.pk}"


class Judge(models.Model):
    """A configured annotator: plugin, version and settings, content-addressed."""

    name = models.SlugField(max_length=80, unique=True)
    plugin = models.CharField(max_length=60)
    version = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    both_orders = models.BooleanField(default=False)
    fingerprint = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.name


class Judgment(Fact):
    """A judge's verdict on a comparison in one presentation order; `credit_a` is NULL when unscored."""

    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="judgments")
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="judgments")
    swapped = models.BooleanField(default=False)
    repeat = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=16, choices=[(s.value, s.value) for s in VerdictState])
    credit_a = models.FloatField(null=True)
    raw = models.TextField(blank=True)
    evidence = models.JSONField(default=dict)
    prompt_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(null=True)
    cost_usd = models.FloatField(null=True)
    provenance = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["judge", "comparison", "swapped", "repeat"], name="one_judgment_an_order"),
            models.CheckConstraint(
                condition=models.Q(state="scored", credit_a__gte=0, credit_a__lte=1)
                | (~models.Q(state="scored") & models.Q(credit_a__isnull=True)),
                name="judgment_credit_only_when_scored",
            ),
        ]

    def __str__(self) -> str:
        return f"judgment {self.pk}"


class Metric(models.Model):
    """A configured automatic metric, content-addressed."""

    name = models.SlugField(max_length=80, unique=True)
    plugin = models.CharField(max_length=60)
    version = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.name


class Score(Fact):
    """A metric's value for an output; NULL when unscored, and `reason` says why."""

    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="scores")
    output = models.ForeignKey(Output, on_delete=models.PROTECT, related_name="scores")
    value = models.FloatField(null=True)
    reason = models.CharField(max_length=80, blank=True)
    extracted = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["metric", "output"], name="one_score_a_metric")]

    def __str__(self) -> str:
        return f"score {self.pk}"


class Ballot(Fact):
    """A comparison shown to one voter: sides, token, expiry. `voter` is `user:ID` or `anonymous:DIGEST`."""

    board = models.ForeignKey("leaderboard.Board", on_delete=models.PROTECT, related_name="ballots")
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="ballots")
    voter = models.CharField(max_length=80)
    swapped = models.BooleanField()
    token = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"ballot {self.pk}"


class Vote(Fact):
    """A person's verdict on a ballot. `outcome` is for the canonical side a, whatever side was shown left."""

    ballot = models.OneToOneField(Ballot, on_delete=models.PROTECT, related_name="vote")
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="votes")
    board = models.ForeignKey("leaderboard.Board", on_delete=models.PROTECT, related_name="votes")
    voter = models.CharField(max_length=80)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    outcome = models.CharField(max_length=10, choices=[(o.value, o.value) for o in Outcome])
    seconds_shown = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["voter", "comparison"], name="one_vote_a_voter")]

    def __str__(self) -> str:
        return f"vote {self.pk}"
