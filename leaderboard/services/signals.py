"""Stores what was seen beside a vote, in the vote's own transaction, so that nobody reads one without the other."""

from __future__ import annotations

from leaderboard.models import Vote, VoteSignal, VotingRules
from leaderboard.queries.integrity import rules_of
from leaderboard.services.identity_leaks import given_away
from leaderboard.services.vote_checks import check


def record(vote: Vote, *, network: str = "", answer: str = "") -> VoteSignal:
    """The signals of a new vote. `network` as `limits.network_of` gives it, `answer` to the board's check."""
    rules = rules_of(vote.board)
    names = given_away(vote.board, rules, vote.comparison)
    checked = check(rules.check_kind, token=vote.ballot.token, answer=answer)
    return VoteSignal.objects.create(
        vote=vote,
        network=network,
        leaks=names,
        blind=not names or rules.leaks == VotingRules.Leaks.COUNT,
        check_kind=checked.kind,
        check_state=checked.state,
    )
