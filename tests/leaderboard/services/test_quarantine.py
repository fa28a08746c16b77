"""Votes that are left out: in any order of quarantine, lifting and undoing a board is what it is from scratch."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.values import Outcome
from leaderboard.models import AuditEntry, Board, Job, QuarantineDecision, User, Vote, VoteSignal, VoteUndo, VotingRules
from leaderboard.models.facts import FactError
from leaderboard.queries import audit_log as read_log
from leaderboard.services import boards, quarantine
from leaderboard.services import tally as module
from leaderboard.services.streams import Scope
from tests.factories import FactBoard, fact_board

pytestmark = pytest.mark.django_db
NAMES = ("ada", "bob", "eve")
PAIRS = (("ada", "bob"), ("bob", "eve"), ("eve", "ada"))
KEYS = ("p", "q", "r")
VOTERS = ("user:1", "user:2", "anonymous:x")


@pytest.fixture
def moderator() -> User:
    user = User.objects.create_user("mod", password="x")
    user.user_permissions.add(Permission.objects.get(codename="moderate_votes"))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def small() -> FactBoard:
    made = fact_board(NAMES, dict.fromkeys(KEYS, ""), judges=0, counts_votes=True)
    for place, voter in enumerate(VOTERS):
        for number, (first, second) in enumerate(PAIRS):
            made.vote(first, second, KEYS[place], (Outcome.A, Outcome.B, Outcome.TIE)[(place + number) % 3], voter)
    return made


def read(board: Board) -> module.Tally:
    scope = Scope.of(board, list(board.ranked_entries().order_by("slug")))
    found = module.tally(scope)
    module.store(scope, found)
    return found


def state(found: module.Tally) -> list[object]:
    votes = found.columns["votes"]
    return [found.digest, votes["pk"].tolist(), votes["credit"].tolist(), votes["voter"].tolist()]


def from_scratch(board: Board, folder: Path) -> list[object]:
    for file in folder.glob("*"):
        file.unlink()
    return state(read(board))


def hold(board: Board | None, voter: str, user: User, *, on: bool = True) -> None:
    quarantine.decide(board=board, voter=voter, quarantined=on, reason="as seen", user=user)


# --- Any order of what can happen -----------------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("vote"), st.sampled_from(PAIRS), st.sampled_from(KEYS), st.sampled_from(VOTERS)),
        st.tuples(st.sampled_from(["hold", "lift", "hold all", "lift all"]), st.sampled_from(VOTERS)),
        st.tuples(st.just("undo"), st.integers(0, 30)),
        st.tuples(st.just("settle")),
        st.tuples(st.just("forget")),
    ),
    min_size=4,
    max_size=14,
)


def counted_by_hand(board: Board) -> list[int]:
    """The ids that count, from the definition: the latest decision of each kind, nothing taken back."""
    out = []
    for vote in Vote.objects.filter(board=board).order_by("pk"):
        held = [
            QuarantineDecision.objects.filter(board=where, voter=vote.voter).order_by("-pk").first()
            for where in (None, board)
        ]
        if not VoteUndo.objects.filter(vote=vote).exists() and not any(one and one.quarantined for one in held):
            out.append(vote.pk)
    return out


def take(made: FactBoard, step: tuple, user: User, clock, folder: Path) -> None:
    kind, *rest = step
    if kind == "vote":
        (first, second), key, voter = rest
        if not Vote.objects.filter(voter=voter, comparison=made.pair(first, second, key)).exists():
            made.vote(first, second, key, Outcome.A, voter)
    elif kind == "undo":
        left = list(Vote.objects.filter(undo=None).order_by("pk"))
        if left:
            VoteUndo.objects.create(vote=left[rest[0] % len(left)])
    elif kind == "settle":
        clock.settle()
    elif kind == "forget":
        for file in folder.glob("*"):
            file.unlink()
    else:
        hold(None if kind.endswith("all") else made.board, rest[0], user, on=kind.startswith("hold"))


@given(steps=STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_steps_the_kept_tally_is_what_a_fresh_one_is(steps, small, moderator, clock, folder, bell):
    from django.db import transaction

    with transaction.atomic():
        for step in steps:
            take(small, step, moderator, clock, folder)
            kept = state(read(small.board))
            assert kept[1] == counted_by_hand(small.board)
        assert kept == from_scratch(small.board, folder)
        transaction.set_rollback(True)
    for file in folder.glob("*"):
        file.unlink()


def test_lifting_gives_the_same_digest_and_the_same_snapshot_again(small, moderator, bell):
    before = boards.refresh(small.board)
    hold(small.board, "user:1", moderator)
    without = boards.refresh(small.board)
    assert sum(row.n for row in without.standings.all()) == 2 * 6
    hold(small.board, "user:1", moderator, on=False)
    assert boards.refresh(small.board) == before != without


def test_a_board_without_a_voter_is_as_if_the_voter_had_never_voted(small, moderator, bell, folder):
    hold(small.board, "user:2", moderator)
    left = state(read(small.board))
    for pk in Vote.objects.filter(voter="user:2").values_list("pk", flat=True):
        Vote.objects.filter(pk=pk)._raw_delete("default")
    assert from_scratch(small.board, folder) == left


def test_a_decision_holds_on_its_board_alone_or_on_all(small, moderator, bell):
    child = Board.objects.create(
        slug="child", title="c", benchmark=small.board.benchmark, parent=small.board, counts_votes=True
    )
    hold(child, "user:1", moderator)
    assert (len(read(small.board).columns["votes"]), len(read(child).columns["votes"])) == (9, 6)
    hold(None, "user:2", moderator)
    assert (len(read(small.board).columns["votes"]), len(read(child).columns["votes"])) == (6, 3)
    hold(child, "user:2", moderator, on=False)
    assert len(read(child).columns["votes"]) == 3, "to be left out of all boards is lifted for all boards"


def test_a_decision_holds_on_boards_that_count_the_same_votes_and_is_lifted_from_any(small, moderator, bell):
    more = {"benchmark": small.board.benchmark, "parent": small.board, "counts_votes": True}
    one, two = (Board.objects.create(slug=slug, title=slug, **more) for slug in ("one", "two"))
    hold(one, "user:1", moderator)
    assert [len(read(board).columns["votes"]) for board in (small.board, one, two)] == [9, 6, 6]
    hold(two, "user:1", moderator, on=False)
    assert [len(read(board).columns["votes"]) for board in (small.board, one, two)] == [9, 9, 9]


def test_a_vote_that_was_not_blind_is_left_out_and_one_of_unknown_network_counts(small):
    first, second = Vote.objects.order_by("pk")[:2]
    VoteSignal.objects.create(vote=first, blind=False, leaks=["acme"])
    VoteSignal.objects.create(vote=second)
    assert read(small.board).columns["votes"]["pk"].tolist()[0] == second.pk


def test_exports_and_comparisons_leave_out_what_the_board_leaves_out(small, moderator, bell):
    from leaderboard.queries.compare import totals
    from leaderboard.queries.exports import BoardSource

    source = BoardSource(small.board, private=True)
    before = source.etag("csv")
    hold(small.board, "user:1", moderator)
    VoteUndo.objects.create(vote=Vote.objects.filter(voter="user:2").first())
    assert {vote.voter for vote in source.votes()} == {"user:2", "anonymous:x"}
    assert (source.votes().count(), source.etag("csv") == before) == (5, False)
    people = [one for one in totals(small.board, small.entries["ada"], small.entries["bob"]) if one.judge == "people"]
    assert sum(one.left + one.right + one.tie for one in people) == 1


# --- Who decides ----------------------------------------------------------------------------------------------------


def test_only_those_with_the_right_decide_and_only_with_a_reason(small, moderator, bell):
    nobody = User.objects.create_user("nobody", password="x")
    with pytest.raises(PermissionError, match="moderate_votes"):
        hold(small.board, "user:1", nobody)
    for wrong, field in (({"reason": "  "}, "reason"), ({"reason": "x" * 501}, "reason"), ({"voter": " "}, "voter")):
        parts = {"voter": "user:1", "reason": "seen", **wrong}
        with pytest.raises(InvalidInput) as caught:
            quarantine.decide(board=small.board, quarantined=True, user=moderator, **parts)
        assert caught.value.errors[0].path == (field,)
    assert not QuarantineDecision.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_decision_is_a_fact_and_asks_for_a_new_board(small, moderator, work):
    hold(small.board, "user:1", moderator)
    found = QuarantineDecision.objects.get()
    with pytest.raises(FactError):
        found.delete()
    work()
    small.board.refresh_from_db()
    assert sum(row.n for row in small.board.current.standings.all()) == 2 * 6


# --- By the tests ---------------------------------------------------------------------------------------------------


@pytest.fixture
def voted() -> Board:
    """Six honest voters, one who always takes the left answer."""
    rng = random.Random(4)
    made = fact_board(NAMES, {f"p{i}": "" for i in range(40)}, judges=0, counts_votes=True)
    for voter in range(7):
        for key in made.prompts:
            first, second = rng.sample(NAMES, 2)
            better = NAMES.index(first) < NAMES.index(second)
            honest = Outcome.A if (rng.random() < 0.85) == better else Outcome.B
            made.vote(first, second, key, Outcome.A if voter == 6 else honest, voter=f"user:{voter}")
    return made.board


def test_the_tests_quarantine_where_the_rules_allow_it(voted, work):
    boards.refresh(voted)
    assert not QuarantineDecision.objects.exists()
    VotingRules.objects.create(board=voted, quarantine_by_test=True)
    quarantine.enforce(voted)
    found = QuarantineDecision.objects.get()
    assert (found.voter, found.user, found.by_test, found.evidence["n"]) == ("user:6", None, True, 40)
    assert found.reason.startswith("By the voter tests: favours one side of the page")
    assert quarantine.enforce(voted) == []
    work()
    voted.refresh_from_db()
    assert sum(row.n for row in voted.current.standings.all()) == 2 * 240


def test_whom_a_person_has_released_no_test_takes_again(voted, moderator, work):
    VotingRules.objects.create(board=voted, quarantine_by_test=True)
    boards.refresh(voted)
    assert QuarantineDecision.objects.get().voter == "user:6"
    hold(voted, "user:6", moderator, on=False)
    work()
    assert QuarantineDecision.objects.order_by("-pk").values_list("by_test", "quarantined").first() == (False, False)
    voted.refresh_from_db()
    assert sum(row.n for row in voted.current.standings.all()) == 2 * 280


# --- The log --------------------------------------------------------------------------------------------------------


def test_every_decision_is_in_the_log_and_the_log_holds(small, moderator, bell):
    for on in (True, False, True):
        hold(small.board, "user:1", moderator, on=on)
    chain = read_log.check()
    rows = list(AuditEntry.objects.order_by("number"))
    assert (chain.entries, chain.broken, chain.head) == (3, None, rows[-1].digest)
    assert [row.action for row in rows] == ["voter-quarantined", "voter-released", "voter-quarantined"]
    assert [row.previous for row in rows] == [read_log.START, rows[0].digest, rows[1].digest]
    assert {(row.actor, row.reason, row.subject, row.board) for row in rows} == {("mod", "as seen", "user:1", "facts")}


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.filter(number=2)._raw_delete("default"),
        lambda rows: super(type(rows), rows.filter(number=2)).update(reason="because"),
        lambda rows: super(type(rows), rows.filter(number=2)).update(data='{"n":1}'),
        lambda rows: super(type(rows), rows.filter(number=2)).update(digest="f" * 64),
    ],
    ids=["taken out", "reason", "evidence", "digest"],
)
def test_a_changed_log_is_seen(small, moderator, bell, change):
    for on in (True, False, True):
        hold(small.board, "user:1", moderator, on=on)
    change(AuditEntry.objects.all())
    assert read_log.check().broken in (2, 3)


# --- How soon -------------------------------------------------------------------------------------------------------


def test_a_decision_is_heeded_at_once_and_one_vote_taken_back_in_a_while(
    small: FactBoard, moderator: User, settings: Any, bell: Any, django_capture_on_commit_callbacks: Any
) -> None:
    def waits() -> float:
        job = Job.objects.get(key=f"refresh:{small.board.pk}")
        return (job.not_before - timezone.now()).total_seconds()

    settings.REFRESH_SECONDS = 30
    boards.request_refresh(small.board)
    Job.objects.update(state=Job.State.DONE)
    boards.request_refresh(small.board)
    assert waits() > 1
    with django_capture_on_commit_callbacks(execute=True):
        hold(small.board, VOTERS[0], moderator)
    assert waits() <= 0
    assert bell == [(Job.objects.get(key=f"refresh:{small.board.pk}").pk, "default")]
