"""Boards: the definition, the immutable snapshots made from it, and their rows."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from leaderboard.models.catalog import Benchmark, Entry, EntryQuerySet, LanguageModel
from leaderboard.models.facts import Fact, Judge, Metric


class Board(models.Model):
    """What is ranked and how. `wanted` counts requests for a new snapshot; `built` is the count last served.

    `own_entries`: a board with a parent ranks entries of its own choice instead of all the parent's. `voters`: whose
    votes count, where votes count. `live`: its prompts are its voters' own, each answered by two entries
    (`models.live`).
    """

    class Pairing(models.TextChoices):
        BASELINE = "baseline", "against the baseline"
        ALL = "all", "every pair of entries"

    class Voters(models.TextChoices):
        ALL = "all", "all voters"
        NAMED = "named", "voters with an account"
        ANONYMOUS = "anonymous", "voters without an account"

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="boards")
    judges = models.ManyToManyField(Judge, blank=True, related_name="boards")
    metric = models.ForeignKey(Metric, null=True, blank=True, on_delete=models.PROTECT, related_name="boards")
    baseline = models.ForeignKey(Entry, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    entries = models.ManyToManyField(Entry, blank=True, related_name="boards")
    pairing = models.CharField(max_length=10, choices=Pairing.choices, default=Pairing.ALL)
    rater = models.CharField(max_length=60, default="bradley-terry")
    own_entries = models.BooleanField(default=False)
    counts_votes = models.BooleanField(default=False)
    voters = models.CharField(max_length=10, choices=Voters.choices, default=Voters.ALL)
    live = models.BooleanField(default=False)
    open_to_votes = models.BooleanField(default=False)
    open_to_submissions = models.BooleanField(default=False)
    wanted = models.PositiveBigIntegerField(default=0)
    built = models.PositiveBigIntegerField(default=0)
    current = models.ForeignKey("BoardSnapshot", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.title

    @property
    def entries_of(self) -> int:
        """The id of the board whose entries this one ranks."""
        return self.pk if self.own_entries else self.parent_id or self.pk

    def ranked_entries(self) -> EntryQuerySet:
        """The entries on this board; a board with a parent ranks the parent's, unless it has its own."""
        home = self if self.own_entries else self.parent or self
        return home.entries.all()


class LengthData(models.Model):
    """What an operator gave a board for length control; a change makes new snapshots.

    `difficulty`: by prompt key. `regulariser`: `length`, `difficulty` and `target` of each row, empty for none.
    `source`: the files' names.
    """

    board = models.OneToOneField(Board, on_delete=models.PROTECT, related_name="length_data")
    difficulty = models.JSONField(default=dict)
    regulariser = models.JSONField(default=dict)
    source = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"length data of {self.board_id}"


class BoardSnapshot(Fact):
    """One immutable result; `digest` is over its inputs and is the board's ETag.

    `details` holds what produced it (`services.rating.Details` documents the keys).
    """

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="snapshots")
    digest = models.CharField(max_length=64)
    details = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["board", "digest"], name="one_snapshot_a_digest")]

    def __str__(self) -> str:
        return self.digest[:12]


class Row(Fact):
    """The numbers of one entry in a snapshot. Rates are in percent; a NULL means that there is no such number.

    `missing` counts what should be there and is not, `unscored` those of it that were judged without a number.
    `lc`: length-controlled win rate. `style_…`: the rating with style held equal. `chance`: that the entry
    stands above the next one, and `more` about how many judgments would decide it. `score`: the metric's mean over
    `score_n` outputs, and `score_least` with the `score_missing` unscored ones at its lowest, where that differs.
    `flags`: kinds of flag that keep it out of the ranking.
    """

    position = models.PositiveIntegerField()
    rank_low = models.PositiveIntegerField(null=True)
    rank_high = models.PositiveIntegerField(null=True)
    rating = models.FloatField(null=True)
    rating_low = models.FloatField(null=True)
    rating_high = models.FloatField(null=True)
    win_rate = models.FloatField(null=True)
    win_rate_se = models.FloatField(null=True)
    win_rate_low = models.FloatField(null=True)
    win_rate_high = models.FloatField(null=True)
    discrete_win_rate = models.FloatField(null=True)
    lc = models.FloatField(null=True)
    lc_se = models.FloatField(null=True)
    lc_low = models.FloatField(null=True)
    lc_high = models.FloatField(null=True)
    style_rating = models.FloatField(null=True)
    style_low = models.FloatField(null=True)
    style_high = models.FloatField(null=True)
    style_rank_low = models.PositiveIntegerField(null=True)
    style_rank_high = models.PositiveIntegerField(null=True)
    elo = models.FloatField(null=True)
    chance = models.FloatField(null=True)
    more = models.PositiveBigIntegerField(null=True)
    n = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    unscored = models.PositiveIntegerField(default=0)
    score = models.FloatField(null=True)
    score_n = models.PositiveIntegerField(default=0)
    score_missing = models.PositiveIntegerField(default=0)
    score_least = models.FloatField(null=True)
    mean_length = models.FloatField(null=True)
    mean_tokens = models.FloatField(null=True)
    seconds = models.FloatField(null=True)
    cost_usd = models.FloatField(null=True)
    flags = models.JSONField(default=list)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True
        ordering = ["position"]


class Standing(Row):
    """An entry's row over the whole board."""

    snapshot = models.ForeignKey(BoardSnapshot, on_delete=models.PROTECT, related_name="standings")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="standings")

    class Meta(Row.Meta):
        constraints = [models.UniqueConstraint(fields=["snapshot", "entry"], name="one_standing_an_entry")]

    def __str__(self) -> str:
        return f"{self.entry_id} at {self.position}"


class CategoryStanding(Row):
    """An entry's row over the prompts of one category."""

    snapshot = models.ForeignKey(BoardSnapshot, on_delete=models.PROTECT, related_name="category_standings")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    category = models.CharField(max_length=80)

    class Meta(Row.Meta):
        constraints = [
            models.UniqueConstraint(fields=["snapshot", "category", "entry"], name="one_standing_a_category")
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} at {self.position} in {self.category}"


class Flag(Fact):
    """A reason to look at an entry before a board ranks it; `evidence` and `sentence` as when it was first raised."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="flags")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="flags")
    kind = models.CharField(max_length=40)
    evidence = models.JSONField(default=dict)
    sentence = models.CharField(max_length=500)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["board", "entry", "kind"], name="one_flag_a_kind")]
        permissions = [("decide_flag", "Can clear a flag and raise it again")]

    def __str__(self) -> str:
        return f"{self.kind} on {self.entry_id}"


class FlagDecision(Fact):
    """What a person with the right said of a flag; the latest one counts."""

    flag = models.ForeignKey(Flag, on_delete=models.PROTECT, related_name="decisions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    cleared = models.BooleanField()
    reason = models.CharField(max_length=500)

    def __str__(self) -> str:
        return f"{'cleared' if self.cleared else 'upheld'}: flag {self.flag_id}"


class VoterFlag(Fact):
    """A sign that a voter's votes do not follow the answers, with its numbers when first seen. The votes still count.

    `voter` as in Vote, or the time window that several voters share (`kind` "target-cohort").
    """

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="voter_flags")
    voter = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    target = models.ForeignKey(Entry, null=True, on_delete=models.PROTECT, related_name="+")
    evidence = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["board", "voter", "kind"], condition=models.Q(target=None), name="one_voter_flag_a_kind"
            ),
            models.UniqueConstraint(
                fields=["board", "voter", "kind", "target"],
                condition=models.Q(target__isnull=False),
                name="one_voter_flag_a_target",
            ),
        ]
        permissions = [("view_voters", "Can see what the voter tests found")]

    def __str__(self) -> str:
        return f"{self.kind} on {self.voter}"


class VariationReport(Fact):
    """How one model's score on a board's benchmark varies with its decoding; `digest` is over the scores it rests on.

    `details` holds what `services.variation.Report` documents.
    """

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="variation_reports")
    model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    details = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["board", "model", "digest"], name="one_variation_report_a_digest")
        ]

    def __str__(self) -> str:
        return f"{self.model_id} on {self.board_id}"
