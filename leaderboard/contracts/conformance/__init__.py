"""Checks that a plugin author runs from their own tests, one function a family.

Each raises AssertionError with a sentence that says what is wrong. No test framework is needed; torch is
imported only where a decoding strategy is run.
"""

from leaderboard.contracts.conformance.decoding import HEAVY, check_decoding
from leaderboard.contracts.conformance.generating import check_generator
from leaderboard.contracts.conformance.judging import SAMPLE_PAIRS, check_judge
from leaderboard.contracts.conformance.loading import check_loader
from leaderboard.contracts.conformance.rating import check_rater
from leaderboard.contracts.conformance.scoring import SAMPLE_CASES, check_metric, check_selector
from leaderboard.contracts.conformance.shared import LONGEST_LABEL, LONGEST_TITLE, check_plugin, check_registered

__all__ = [
    "HEAVY",
    "LONGEST_LABEL",
    "LONGEST_TITLE",
    "SAMPLE_CASES",
    "SAMPLE_PAIRS",
    "check_decoding",
    "check_generator",
    "check_judge",
    "check_loader",
    "check_metric",
    "check_plugin",
    "check_rater",
    "check_registered",
    "check_selector",
]
