"""Made-up arenas with a known truth: bad voters leave by the rules alone, honest ones stay, the ratings come nearer."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission

from leaderboard.models import Board, QuarantineDecision, User, VoterFlag, VotingRules
from leaderboard.queries.integrity import quarantined
from leaderboard.services import boards, moderation, quarantine
from tests.simulated_arena import RIG, Arena, arena, files

pytestmark = [pytest.mark.reference, pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("bell")]
ROUNDS = 10
"""Refreshes at most until the tests quarantine nobody more."""


@pytest.fixture
def moderator() -> User:
    user = User.objects.create_user("mod", password="x")
    user.user_permissions.add(Permission.objects.get(codename="moderate_votes"))
    return User.objects.get(pk=user.pk)


def settle(board: Board) -> list[float]:
    """Refresh until nobody more is quarantined; the seconds of each refresh."""
    took = []
    for _ in range(ROUNDS):
        before, start = QuarantineDecision.objects.count(), time.perf_counter()
        boards.refresh(board)
        took.append(time.perf_counter() - start)
        if QuarantineDecision.objects.count() == before:
            return took
    raise AssertionError("the tests go on and on")


def told(found: Arena, held: frozenset[str], took: list[float]) -> str:
    """The figures of a run, a line each."""
    groups = [("always_a", 10), ("random", 10), ("random", 30), ("target_only", 10), ("honest", 0)]
    lines = [f"{len(found.rows)} votes, {len(found.kind)} voters"]
    for kind, least in groups:
        all_of = found.voters(kind, least)
        lines.append(f"{kind}, {least} votes or more: {len(all_of & held)} of {len(all_of)} in quarantine")
    lines.append(f"rating error {found.error(set()):.2f} points before, {found.error(set(held)):.2f} after")
    lines.append(f"refreshes {', '.join(f'{seconds:.2f}' for seconds in took)} s")
    return "\n".join(lines)


def test_the_rules_alone_catch_bad_voters_and_leave_the_honest(reference_path: Path, moderator: User) -> None:
    for path in files(reference_path):
        found = arena(path)
        board = found.made.board
        before = boards.refresh(board)
        VotingRules.objects.create(board=board, quarantine_by_test=True)
        quarantine.enforce(board)
        took = settle(board)
        held = quarantined(board)
        print(f"\n{path.name}: {told(found, held, took)}")

        assert found.voters("always_a", 10) <= held
        busy = found.voters("random", 30)
        assert len(busy & held) > len(busy) / 2
        assert len(found.voters("honest") & held) <= 0.01 * len(found.voters("honest"))
        assert found.error(set(held)) < found.error(set())

        _riggers(found, moderator)
        VotingRules.objects.update(quarantine_by_test=False)
        for voter in quarantined(board):
            quarantine.decide(board=board, voter=voter, quarantined=False, reason="all back", user=moderator)
        assert boards.refresh(board) == before


def _riggers(found: Arena, moderator: User) -> None:
    """Riggers have too few votes each; their network gives them away, and a moderator takes them out at once."""
    flags = VoterFlag.objects.filter(board=found.made.board, kind="target-network")
    assert {(flag.voter, flag.target.model.name) for flag in flags} == {
        (f"network:{RIG}", target) for target in found.targets
    }
    made = moderation.quarantine_network(
        board=found.made.board, network=RIG, reason="one target, one network", user=moderator
    )
    assert {decision.voter for decision in made} | quarantined(found.made.board) >= found.voters("target_only")
    start = time.perf_counter()
    boards.refresh(found.made.board)
    seconds = time.perf_counter() - start
    held = quarantined(found.made.board)
    print(f"with the riggers' network: error {found.error(set(held)):.2f} points; refresh {seconds:.2f} s")
    assert found.error(set(held)) < found.error(set())
