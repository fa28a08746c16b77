"""Append-only facts: outputs, comparisons, judgments, scores, ballots, votes.

A fact is never changed or deleted; a correction is a new fact. `FactQuerySet` and `Fact` refuse both.
"""

from __future__ import annotations

from typing import Any, NoReturn

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


class OutputQuerySet(FactQuerySet):
    """Outputs, and the one change that they know."""

    def forget(self) -> None:
        """Take out texts whose prompt's author asked for it; that they were there is kept."""
        for row in self:
            told = {**row.provenance, "text_unknown": True, "erased": True}
            models.QuerySet(self.model).filter(pk=row.pk).update(text="", provenance=told)


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

    objects = OutputQuerySet.as_manager()  # type: ignore[misc]

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
        indexes = [models.Index(fields=["entry_a", "entry_b", "prompt"], name="comparison_of_entries")]
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
    """A judge's verdict on a comparison in one presentation order; `credit_a` is NULL when unscored.

    Repeats from `CANARIES` on were asked for to see whether the judge has changed; boards do not count them.
    """

    CANARIES = 1000

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
    content = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["content"], name="judgment_content", condition=~models.Q(content=""))]
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
    """A comparison shown to one voter: sides, token, expiry. `voter` is `user:WORD` or `anonymous:WORD`.

    `chance`: with which its pair of entries was drawn by the plan of that time; NULL where no plan drew it.
    """

    board = models.ForeignKey("leaderboard.Board", on_delete=models.PROTECT, related_name="ballots")
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="ballots")
    voter = models.CharField(max_length=80)
    swapped = models.BooleanField()
    token = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    chance = models.FloatField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["voter", "board", "-id"], name="ballot_latest"),
            models.Index(fields=["voter", "comparison"], name="ballot_seen"),
        ]

    def __str__(self) -> str:
        return f"ballot {self.pk}"


class VoteQuerySet(FactQuerySet):
    """Votes, and which of them still count."""

    def kept(self) -> VoteQuerySet:
        """Those that their voters have not taken back."""
        return self.filter(undo=None)


class Vote(Fact):
    """A person's verdict on a ballot. `outcome` is for the canonical side a, whatever side was shown left.

    `seconds_shown`: from the showing to the vote, by the server's clock. `seconds_visible`: what the voter's browser
    says of it, a hint and no more. `expanded`: whether long answers were opened; both are NULL where nobody said.
    `voter` leads to an account by its `VoterLink` alone, which the voter can erase.
    """

    ballot = models.OneToOneField(Ballot, on_delete=models.PROTECT, related_name="vote")
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="votes")
    board = models.ForeignKey("leaderboard.Board", on_delete=models.PROTECT, related_name="votes")
    voter = models.CharField(max_length=80)
    outcome = models.CharField(max_length=10, choices=[(o.value, o.value) for o in Outcome])
    seconds_shown = models.FloatField(null=True)
    seconds_visible = models.FloatField(null=True)
    expanded = models.BooleanField(null=True)

    objects = VoteQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["voter", "comparison"], name="one_vote_a_voter")]

    def __str__(self) -> str:
        return f"vote {self.pk}"


class VoteUndo(Fact):
    """A voter took a vote back. The vote stays as a fact and counts for nothing; its pair does not come back."""

    vote = models.OneToOneField(Vote, on_delete=models.PROTECT, related_name="undo")

    def __str__(self) -> str:
        return f"undo of vote {self.vote_id}"
