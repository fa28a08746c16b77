"""Arenas: who may vote on a board and how pairs are drawn, invitations, who joined, and who is behind a voter."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from leaderboard.models.boards import Board
from leaderboard.models.catalog import Entry, Prompt
from leaderboard.models.facts import Fact

KEY_BYTES = 16


def random_key() -> str:
    """128 random bits as hex."""
    return secrets.token_hex(KEY_BYTES)


class ArenaPolicy(models.Model):
    """How people vote on a board. A board without one is open to anyone, over all prompts.

    `domains`: e-mail domains that may vote, where `access` asks for one; `providers`: ids of those that people must
    sign in with, where it asks for that. `prompts`: those voted on, none for all, and
    `asked` says which in words. `sampling`: see `ratings.pairing.Sampling`. `salt`: of the pseudonyms in exports.
    `retired`: entries that are shown no more and keep their votes.
    """

    class Access(models.TextChoices):
        ANYONE = "anyone", _("Anyone, without an account")
        ACCOUNT = "account", _("Anyone with an account")
        DOMAIN = "domain", _("Accounts with a verified e-mail address at one of the domains below")
        PROVIDER = "provider", _("Accounts signed in by one of the providers below")

    board = models.OneToOneField(Board, on_delete=models.PROTECT, related_name="policy")
    access = models.CharField(max_length=10, choices=Access.choices, default=Access.ANYONE)
    domains = models.JSONField(default=list, blank=True)
    providers = models.JSONField(default=list, blank=True)
    consent = models.TextField(blank=True)
    invite_only = models.BooleanField(default=False)
    paused = models.BooleanField(default=False)
    live = models.BooleanField(default=False)
    prompts = models.ManyToManyField(Prompt, blank=True, related_name="+")
    retired = models.ManyToManyField(Entry, blank=True, related_name="+")
    asked = models.CharField(max_length=300, default="all prompts")
    sampling = models.JSONField(default=dict, blank=True)
    salt = models.CharField(max_length=64, default=random_key)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        permissions = [("run_arena", "Can make arenas, pause them and invite voters")]

    def __str__(self) -> str:
        return f"policy of {self.board_id}"


class ConsentText(Fact):
    """A text that voters of a board were asked to accept; kept word for word when the policy's text changes."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["board", "digest"], name="one_consent_text")]

    def __str__(self) -> str:
        return f"consent {self.digest[:8]}"


class Invite(models.Model):
    """A link that lets people vote. `most`: how many may use it, NULL for any number; `used`: how many did."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="invites")
    label = models.CharField(max_length=80)
    expires_at = models.DateTimeField(null=True)
    most = models.PositiveIntegerField(null=True)
    used = models.PositiveIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.label


class Admission(Fact):
    """A voter joined a board: by which invitation, and which text was accepted; either is NULL where none was asked."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="admissions")
    voter = models.CharField(max_length=80)
    consent = models.ForeignKey(ConsentText, null=True, on_delete=models.PROTECT, related_name="+")
    invite = models.ForeignKey(Invite, null=True, on_delete=models.PROTECT, related_name="admissions")

    class Meta:
        indexes = [models.Index(fields=["voter", "board"], name="admission_voter")]
        constraints = [
            models.UniqueConstraint(
                fields=["board", "voter", "invite"],
                condition=models.Q(invite__isnull=False),
                name="one_admission_an_invite",
            )
        ]

    def __str__(self) -> str:
        return f"admission {self.pk}"


class VoterLink(models.Model):
    """Which voter an account is. The voter's name is random, so without this row nothing leads from one to the other.

    Erased: `voter` is NULL for good, and the account votes no more.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="voter_link")
    # NULL, not "", since several erased ones must not collide.
    voter = models.CharField(max_length=80, null=True, unique=True)  # noqa: DJ001
    erased_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"voter link {self.pk}"


class VerifiedEmail(models.Model):
    """An address that an account showed to be its own: by a link, or by the word of `provider`, "" for a link."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="verified_email")
    address = models.EmailField()
    provider = models.CharField(max_length=30, blank=True, default="")
    verified_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"verified e-mail {self.pk}"
