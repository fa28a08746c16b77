"""What audits of judges found."""

from __future__ import annotations

from django.db import models

from leaderboard.models.boards import Board
from leaderboard.models.facts import Fact, Judge


class JudgeAudit(Fact):
    """How far one judge can be trusted, on one board or, without a board, over all that it judged.

    `details` holds what `services.audits.Details` documents; `digest` is over the verdicts and votes it rests on.
    """

    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="audits")
    board = models.ForeignKey(Board, null=True, on_delete=models.PROTECT, related_name="judge_audits")
    digest = models.CharField(max_length=64)
    details = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["judge", "board", "digest"], name="one_audit_a_digest"),
            models.UniqueConstraint(
                fields=["judge", "digest"], condition=models.Q(board=None), name="one_audit_over_all_a_digest"
            ),
        ]

    def __str__(self) -> str:
        return f"audit {self.digest[:12]} of {self.judge_id}"
