"""Every table. Rows are written by `leaderboard.services` only."""

from leaderboard.models.accounts import ApiToken, User
from leaderboard.models.boards import (
    Board,
    BoardSnapshot,
    CategoryStanding,
    Flag,
    FlagDecision,
    LengthData,
    Standing,
    VariationReport,
    VoterFlag,
)
from leaderboard.models.catalog import Benchmark, DecodingConfig, Entry, LanguageModel, Prompt, PromptTemplate
from leaderboard.models.facts import Ballot, Comparison, Judge, Judgment, Metric, Output, Score, Vote
from leaderboard.models.pipeline import Job, Submission

__all__ = [
    "ApiToken",
    "Ballot",
    "Benchmark",
    "Board",
    "BoardSnapshot",
    "CategoryStanding",
    "Comparison",
    "DecodingConfig",
    "Entry",
    "Flag",
    "FlagDecision",
    "Job",
    "Judge",
    "Judgment",
    "LanguageModel",
    "LengthData",
    "Metric",
    "Output",
    "Prompt",
    "PromptTemplate",
    "Score",
    "Standing",
    "Submission",
    "User",
    "VariationReport",
    "Vote",
    "VoterFlag",
]
