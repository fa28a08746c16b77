"""What is worked out beforehand so that drawing a pair to vote on costs the same however many votes there are.

Disposable: a refresh makes it again.
"""

from __future__ import annotations

from django.db import models

from leaderboard.models.boards import Board, BoardSnapshot
from leaderboard.models.catalog import Prompt


class PairPlan(models.Model):
    """Chances of the pairs of entries of a board, by the published rule.

    `snapshot`: on whose ratings they rest. `rule`: settings (`ratings.pairing.Sampling`), `asked`: their digest with
    the prompts asked. `entries`: ids of K entries. `pairs`: chance of each unordered pair of places i < j, row by
    row, as little-endian float32. `categories`: name and chance of each. `votes`: votes on the board by then.
    `note`: what readers must know.
    """

    board = models.OneToOneField(Board, on_delete=models.CASCADE, related_name="pair_plan")
    snapshot = models.ForeignKey(BoardSnapshot, on_delete=models.PROTECT, related_name="+")
    rule = models.JSONField(default=dict)
    asked = models.CharField(max_length=64)
    entries = models.JSONField(default=list)
    pairs = models.BinaryField(default=bytes)
    categories = models.JSONField(default=list)
    votes = models.PositiveBigIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True)
    made_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"pairs of {self.board_id}"


class PromptTurn(models.Model):
    """How often a prompt was shown to voters of a board; the least shown comes next, ties in the order of `key`."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="prompt_turns")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="+")
    category = models.CharField(max_length=80, blank=True)
    shown = models.PositiveBigIntegerField(default=0)
    key = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["board", "prompt"], name="one_turn_a_prompt")]
        indexes = [models.Index(fields=["board", "category", "shown", "key"], name="prompt_turn_next")]

    def __str__(self) -> str:
        return f"prompt {self.prompt_id} on {self.board_id}"
