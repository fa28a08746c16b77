"""What is stored beside a vote: networks, leaks, checks and known pairs; signals, and never filters by themselves."""

from __future__ import annotations

import logging
from hashlib import sha256

import pytest

from leaderboard.models import AttentionCheck, Ballot, Board, KnownPair, Vote, VoterReport, VoteSignal, VotingRules
from leaderboard.services import attention, ballots, boards, dealing, vote_checks
from tests.factories import FactBoard, fact_board

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bell")]


@pytest.fixture(autouse=True)
def _no_cache():
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def made() -> FactBoard:
    return fact_board(["ada", "bob"], dict.fromkeys("pqrstuvw", ""), judges=0, counts_votes=True, open_to_votes=True)


def vote(board: Board, choice: str = "left", voter: str = "anonymous:v", **seen) -> Vote:
    ballot = ballots.issue(board, voter=voter)
    signed = ballots.sign(ballot, session="s")
    return ballots.cast(board, signed, choice, voter=voter, session="s", seen=ballots.Seen(**seen))


def rules(made: FactBoard, **more) -> VotingRules:
    return VotingRules.objects.create(board=made.board, **more)


# --- Answers that name their maker ----------------------------------------------------------------------------------


def leaking(made: FactBoard) -> None:
    """One pair that is blind, and seven of which one side is not."""
    made.answer("ada", "p", text="Two."), made.answer("bob", "p", text="Three.")
    made.pair("ada", "bob", "p")
    for key in "qrstuvw":
        made.answer("ada", key, text="I am Claude, and it is two."), made.answer("bob", key, text="Three.")
        made.pair("ada", "bob", key)


def test_a_pair_that_gives_a_name_away_is_shown_only_where_nothing_else_is_left(made, monkeypatch):
    monkeypatch.setattr(dealing, "TRIES", 200)
    leaking(made)
    first = vote(made.board)
    assert (first.comparison.prompt.key, first.signal.blind, first.signal.leaks) == ("p", True, [])
    second = vote(made.board)
    assert (second.signal.blind, second.signal.leaks) == (False, ["claude"])
    assert sum(row.n for row in boards.refresh(made.board).standings.all()) == 2


@pytest.mark.parametrize(("leaks", "counted"), [("mark", 0), ("count", 1)])
def test_the_rules_say_whether_a_marked_vote_counts(made, leaks, counted):
    rules(made, leaks=leaks, leak_names=["Acme"])
    made.answer("ada", "p", text="I was made by Acme."), made.answer("bob", "p", text="No.")
    made.pair("ada", "bob", "p")
    assert vote(made.board).signal.leaks == ["acme"]
    assert sum(row.n for row in boards.refresh(made.board).standings.all()) == 2 * counted
    assert [line["gave_away"] for line in VoterReport.objects.get().lines] == [1] * counted


# --- Known pairs ----------------------------------------------------------------------------------------------------


def test_known_pairs_come_from_what_the_reference_judge_said_and_from_empty_answers():
    made = fact_board(["ada", "bob"], dict.fromkeys("pqrs", ""), counts_votes=True)
    made.verdict("ada", "bob", "p", 1.0)
    made.verdict("ada", "bob", "q", 0.5)
    made.verdict("ada", "bob", "r", 1.0), made.verdict("ada", "bob", "r", 0.0, repeat=1)
    made.answer("bob", "s", text=""), made.pair("ada", "bob", "s")
    assert attention.plan(made.board) == attention.plan(made.board) == 2
    found = {pair.comparison.prompt.key: pair for pair in KnownPair.objects.all()}
    assert set(found) == {"p", "s"}
    for pair in found.values():
        better = pair.comparison.entry_a if pair.expected == "a" else pair.comparison.entry_b
        assert better == made.entries["ada"]


def test_a_known_pair_tells_of_the_voter_and_counts_for_nothing(made, monkeypatch):
    rules(made, attention_share=0.5)
    for key in "pqrstuvw":
        made.answer("bob", key, text=""), made.pair("ada", "bob", key)
    attention.plan(made.board)
    monkeypatch.setattr(dealing.RANDOM, "random", lambda: 0.4)
    for choice in ("left", "right", "skip"):
        vote(made.board, choice)
    monkeypatch.setattr(dealing.RANDOM, "random", lambda: 0.6)
    vote(made.board)
    assert AttentionCheck.objects.count() == 3
    assert sum(row.n for row in boards.refresh(made.board).standings.all()) == 2
    (line,) = VoterReport.objects.get().lines
    checks = AttentionCheck.objects.exclude(ballot__vote__outcome="skip")
    right = sum(check.ballot.vote.outcome == check.expected for check in checks)
    assert (line["attention"], line["attention_n"], line["n"]) == (right, 2, 1)


def test_a_known_pair_on_a_new_ballot_is_still_one(made, clock, monkeypatch):
    rules(made, attention_share=0.5)
    made.answer("bob", "p", text=""), made.pair("ada", "bob", "p")
    attention.plan(made.board)
    monkeypatch.setattr(dealing.RANDOM, "random", lambda: 0.0)
    ballots.issue(made.board, voter="anonymous:v")
    clock.now += 2 * ballots.LIFETIME
    ballots.issue(made.board, voter="anonymous:v")
    assert (Ballot.objects.count(), AttentionCheck.objects.count()) == (2, 2)


# --- Checks ---------------------------------------------------------------------------------------------------------


def work(token: str) -> str:
    return next(str(n) for n in range(10**6) if vote_checks.worked(token, str(n)))


def test_work_is_bound_to_its_ballot():
    answer = work("token")
    assert int.from_bytes(sha256(f"token:{answer}".encode()).digest()[:2]) >> 2 == 0
    assert not vote_checks.worked("another", answer)
    for wrong in ("", "x" * 41, "ä", "-"):
        assert not vote_checks.worked("token", wrong)


def test_a_failed_check_is_kept_apart_from_one_that_could_not_be_made(made, monkeypatch, caplog):
    rules(made, check_kind="proof-of-work")
    for key in "pqr":
        made.pair("ada", "bob", key)
    ballot = ballots.issue(made.board, voter="anonymous:v")
    assert vote(made.board, check=work(ballot.token)).signal.check_state == "passed"
    assert vote(made.board, check="wrong").signal.check_state == "failed"

    def down(*_):
        raise ConnectionError("The service is down.")

    monkeypatch.setitem(vote_checks.CHECKS, "proof-of-work", down)
    with caplog.at_level(logging.ERROR):
        assert vote(made.board, check="any").signal.check_state == "unchecked"
    assert "The check proof-of-work could not be made" in caplog.text
    assert sum(row.n for row in boards.refresh(made.board).standings.all()) == 6, "no state takes a vote out"
    (line,) = VoterReport.objects.get().lines
    assert line["checks"] == {"passed": 1, "failed": 1, "unchecked": 1}


def test_without_a_check_nothing_is_stored_of_one(made):
    made.pair("ada", "bob", "p")
    assert vote(made.board, check="x", network="n").signal.check_state == ""
    assert VoteSignal.objects.get().network == "n"


# --- Cohorts --------------------------------------------------------------------------------------------------------


def test_riggers_of_one_network_are_found_together_with_their_target():
    import random

    from leaderboard.contracts.values import Outcome
    from leaderboard.models import VoterFlag

    rng, names = random.Random(3), ("strong", "middle", "weak")
    made = fact_board(names, {f"p{i}": "" for i in range(20)}, judges=0, counts_votes=True)
    for voter in range(30):
        rigs = voter >= 26
        for key in rng.sample(sorted(made.prompts), 8):
            first, second = rng.sample(names, 2)
            better = (rng.random() < 0.8) == (names.index(first) < names.index(second))
            wins = first == "weak" if rigs and "weak" in (first, second) else better
            row = made.vote(first, second, key, Outcome.A if wins else Outcome.B, voter=f"user:{voter}")
            VoteSignal.objects.create(vote=row, network="rig" if rigs else f"n{voter % 5}")
    boards.refresh(made.board)
    (found,) = VoterFlag.objects.filter(kind="target-network")
    assert (found.voter, found.target.model.name) == ("network:rig", "weak")
    assert not VoterFlag.objects.filter(kind="target").exists(), "each alone has too few votes"
