"""What keeps a board's votes honest: rules, signals stored with votes, quarantine, known-answer pairs, the audit log.

Votes are never changed. What leaves the ratings leaves through a mask that `services.masks` makes of these rows.
"""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from leaderboard.contracts.values import Outcome
from leaderboard.models.boards import Board
from leaderboard.models.facts import Ballot, Comparison, Fact, Vote

ALPHA = 1e-3


class VotingRules(models.Model):
    """How a board guards its votes; a board without a row has the defaults.

    `quarantine_by_test`: voters are quarantined where a voter test gives p below `alpha`. `attention_share`: share of
    ballots with a known answer. `leaks`: what is done with answers that name their maker; `leak_names`: names to look
    for beside those of the entries' models. `check_kind`: what a browser does beside voting. `…_minute`, `…_day`: most
    votes of one account, session or network in that time, 0 for no limit.
    """

    class Leaks(models.TextChoices):
        HIDE = "hide", _("not shown")
        MARK = "mark", _("shown, and the vote does not count")
        COUNT = "count", _("shown, and the vote counts")

    class Check(models.TextChoices):
        NONE = "none", _("nothing")
        WORK = "proof-of-work", _("a second of work by the browser")

    board = models.OneToOneField(Board, on_delete=models.CASCADE, related_name="voting_rules")
    quarantine_by_test = models.BooleanField(default=False)
    alpha = models.FloatField(default=ALPHA, validators=[MinValueValidator(1e-9), MaxValueValidator(0.05)])
    attention_share = models.FloatField(default=0.0, validators=[MinValueValidator(0.0), MaxValueValidator(0.5)])
    leaks = models.CharField(max_length=8, choices=Leaks.choices, default=Leaks.HIDE)
    leak_names = models.JSONField(default=list, blank=True)
    check_kind = models.CharField(max_length=20, choices=Check.choices, default=Check.NONE)
    account_minute = models.PositiveIntegerField(default=40)
    account_day = models.PositiveIntegerField(default=2000)
    session_minute = models.PositiveIntegerField(default=40)
    session_day = models.PositiveIntegerField(default=2000)
    network_minute = models.PositiveIntegerField(default=400)
    network_day = models.PositiveIntegerField(default=20000)

    def __str__(self) -> str:
        return f"voting rules of {self.board_id}"


class VoteCount(models.Model):
    """How much one account, session or network did in one window of time; of an address only its keyed hash is kept."""

    key = models.CharField(max_length=120)
    window = models.PositiveBigIntegerField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "window"], name="one_count_a_window")]
        indexes = [models.Index(fields=["window"], name="vote_count_window")]

    def __str__(self) -> str:
        return f"{self.key} at {self.window}"


class VoteSignal(Fact):
    """What was seen beside a vote. A sign, never a filter of its own, but for `blind`.

    `network`: keyed hash of the truncated address, "" where there is none to tell. `leaks`: names that the answers
    gave away; `blind` is False where the rules leave such votes out. `check_state`: passed, failed, or could not be
    checked, which is a fault of ours and never the voter's; "" where nothing was asked.
    """

    class Check(models.TextChoices):
        PASSED = "passed", "passed"
        FAILED = "failed", "failed"
        UNCHECKED = "unchecked", "could not be checked"

    vote = models.OneToOneField(Vote, on_delete=models.PROTECT, related_name="signal")
    network = models.CharField(max_length=32, blank=True)
    leaks = models.JSONField(default=list)
    blind = models.BooleanField(default=True)
    check_kind = models.CharField(max_length=20, blank=True)
    check_state = models.CharField(max_length=10, choices=Check.choices, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["vote"], name="signal_not_blind", condition=models.Q(blind=False)),
            models.Index(fields=["created_at"], name="signal_checked", condition=~models.Q(check_kind="")),
        ]

    def __str__(self) -> str:
        return f"signal of vote {self.vote_id}"


class QuarantineDecision(Fact):
    """Whether a voter's votes on a board, or on all boards (`board` NULL), are left out; the latest one counts.

    `user` is NULL where the voter tests decided. `evidence`: the numbers at that time.
    """

    board = models.ForeignKey(Board, null=True, on_delete=models.PROTECT, related_name="quarantine_decisions")
    voter = models.CharField(max_length=80)
    quarantined = models.BooleanField()
    reason = models.CharField(max_length=500)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    by_test = models.BooleanField(default=False)
    evidence = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["board", "voter", "-id"], name="quarantine_latest")]
        permissions = [("moderate_votes", "Can quarantine voters and lift it again")]

    def __str__(self) -> str:
        return f"{'quarantine' if self.quarantined else 'release'} of {self.voter}"


class VoterReport(models.Model):
    """What moderators read of a board's voters, worked out by a refresh: one line each, the most telling first.

    `lines`: `services.voter_lines` documents the keys. `left_out`: voters with votes beyond the lines kept.
    """

    board = models.OneToOneField(Board, on_delete=models.CASCADE, related_name="voter_report")
    lines = models.JSONField(default=list)
    left_out = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"voters of {self.board_id}"


class KnownPair(Fact):
    """A comparison whose better side is known, to see whether voters look. `why` says how it is known."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="known_pairs")
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="+")
    expected = models.CharField(max_length=1, choices=[("a", "a"), ("b", "b")])
    why = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["board", "comparison"], name="one_known_pair")]

    def __str__(self) -> str:
        return f"known pair {self.comparison_id}"


class AttentionCheck(Fact):
    """A ballot that showed a known pair. Its vote tells of the voter and does not count in ratings."""

    ballot = models.OneToOneField(Ballot, on_delete=models.PROTECT, related_name="attention")
    expected = models.CharField(max_length=1, choices=[(o, o) for o in (Outcome.A.value, Outcome.B.value)])

    def __str__(self) -> str:
        return f"attention check {self.ballot_id}"


class AuditEntry(Fact):
    """One decision in the log. Each holds the digest of the one before, so none is changed or taken out unseen.

    `digest`: SHA-256 of the canonical JSON of number, previous, at, action, board, subject, actor, reason and data
    (`queries.audit_log.digest_of`). Names stand as text, as they were; `data` is JSON as text, since databases write
    numbers in JSON in ways of their own.
    """

    number = models.PositiveBigIntegerField(unique=True)
    previous = models.CharField(max_length=64, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    at = models.CharField(max_length=40)
    action = models.CharField(max_length=40)
    board = models.CharField(max_length=80, blank=True)
    subject = models.CharField(max_length=120, blank=True)
    actor = models.CharField(max_length=160, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    data = models.TextField(default="{}")

    class Meta:
        indexes = [models.Index(fields=["board", "-number"], name="audit_of_board")]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"
