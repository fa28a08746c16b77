"""Every table. Rows are written by `leaderboard.services` only."""

from leaderboard.models.accounts import ApiToken, User
from leaderboard.models.arenas import Admission, ArenaPolicy, ConsentText, Invite, VerifiedEmail, VoterLink
from leaderboard.models.audits import JudgeAudit
from leaderboard.models.batches import BatchCall, BatchOrder
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
from leaderboard.models.budgets import Budget, Hold, Price
from leaderboard.models.catalog import Benchmark, DecodingConfig, Entry, LanguageModel, Prompt, PromptTemplate
from leaderboard.models.endpoints import EndpointCheck
from leaderboard.models.facts import Ballot, Comparison, Judge, Judgment, Metric, Output, Score, Vote, VoteUndo
from leaderboard.models.integrity import (
    AttentionCheck,
    AuditEntry,
    KnownPair,
    QuarantineDecision,
    VoteCount,
    VoterReport,
    VoteSignal,
    VotingRules,
)
from leaderboard.models.live import LiveBattle, LiveRules, LiveSide
from leaderboard.models.pairing import PairPlan, PromptTurn
from leaderboard.models.pipeline import Job, Submission
from leaderboard.models.rendering import Rendering
from leaderboard.models.sweeps import Sweep
from leaderboard.models.trials import JudgeTrial

__all__ = [
    "Admission",
    "ApiToken",
    "ArenaPolicy",
    "AttentionCheck",
    "AuditEntry",
    "Ballot",
    "BatchCall",
    "BatchOrder",
    "Benchmark",
    "Board",
    "BoardSnapshot",
    "Budget",
    "CategoryStanding",
    "Comparison",
    "ConsentText",
    "DecodingConfig",
    "EndpointCheck",
    "Entry",
    "Flag",
    "FlagDecision",
    "Hold",
    "Invite",
    "Job",
    "Judge",
    "JudgeAudit",
    "JudgeTrial",
    "Judgment",
    "KnownPair",
    "LanguageModel",
    "LengthData",
    "LiveBattle",
    "LiveRules",
    "LiveSide",
    "Metric",
    "Output",
    "PairPlan",
    "Price",
    "Prompt",
    "PromptTemplate",
    "PromptTurn",
    "QuarantineDecision",
    "Rendering",
    "Score",
    "Standing",
    "Submission",
    "Sweep",
    "User",
    "VariationReport",
    "VerifiedEmail",
    "Vote",
    "VoteCount",
    "VoteSignal",
    "VoteUndo",
    "VoterFlag",
    "VoterLink",
    "VoterReport",
    "VotingRules",
]
