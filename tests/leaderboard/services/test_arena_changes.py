"""A running arena is changed: logged, heeded by the next plan, and without touching a vote that was given."""

from __future__ import annotations

import json

import pytest

from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.values import Outcome
from leaderboard.models import Ballot, Board, KnownPair, PairPlan, Standing, Vote
from leaderboard.queries import arenas as read
from leaderboard.queries import audit_log as read_log
from leaderboard.queries.integrity import rules_of
from leaderboard.services import arena_changes, arenas, attention, drawing
from leaderboard.services.arenas import ArenaSettings
from tests.factories import submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot", "bell")]


@pytest.fixture
def home(work):
    board = sums_board()
    for place in range(4):
        submit(board, {"model": f"bird-{place}", "wrong_every": place + 1 if place else 0})
    work()
    return board


@pytest.fixture
def eve(django_user_model):
    return django_user_model.objects.create_user("eve", is_staff=True)


@pytest.fixture
def arena(home, work):
    made = arenas.make(home, ArenaSettings(slug="duel", title="Duel"), user=None)
    work()
    return fresh(made)


def fresh(board: Board) -> Board:
    return Board.objects.select_related("policy", "parent", "benchmark").get(pk=board.pk)


def change(board, user=None, reason="", **given):
    return arena_changes.change(board, given, user=user, reason=reason)


def slugs(board):
    return [entry.slug for entry in read.shown(board)]


def log():
    return [row for row in read_log.AuditEntry.objects.order_by("number") if row.action == "arena-changed"]


def vote(board, first, second):
    """Somebody's vote on a pair of the board's entries."""
    found = drawing.Comparison.objects.filter(entry_a__slug__in=[first, second], entry_b__slug__in=[first, second])
    one = found.first()
    ballot = Ballot.objects.create(
        board=board, comparison=one, voter="user:1", swapped=False, token="t", expires_at="2999-01-01T00:00Z"
    )
    return Vote.objects.create(ballot=ballot, comparison=one, board=board, voter="user:1", outcome=Outcome.A)


def test_a_retired_entry_is_drawn_no_more_and_keeps_its_votes_and_its_place(arena, work, eve):
    first, gone, *_ = every = slugs(arena)
    kept = vote(arena, first, gone)
    changed = change(arena, eve, "It was withdrawn.", entries=[slug for slug in every if slug != gone])
    assert changed == {"entries": [every, [slug for slug in every if slug != gone]]}
    work()
    plan, board = PairPlan.objects.get(board=arena), fresh(arena)
    pk = next(entry.pk for entry in arena.ranked_entries() if entry.slug == gone)
    assert pk not in plan.entries and len(plan.entries) == 3
    assert sum(1 for _ in range(200) if pk in _pair(board)) == 0
    assert Vote.objects.get(pk=kept.pk).outcome == Outcome.A
    assert Standing.objects.filter(snapshot=board.current, entry=pk).exists()
    assert read.retired_entries(board)[0].slug == gone
    change(board, eve, entries=every)
    work()
    assert pk in PairPlan.objects.get(board=arena).entries


def _pair(board):
    drawn = drawing.draw(board, voter="user:2").comparison
    return drawn.entry_a_id, drawn.entry_b_id


def test_a_retired_entry_is_not_drawn_before_there_is_a_plan_nor_as_a_known_pair(arena):
    _first, gone, *_ = every = slugs(arena)
    PairPlan.objects.all().delete()
    change(arena, entries=[slug for slug in every if slug != gone])
    pk = next(entry.pk for entry in arena.ranked_entries() if entry.slug == gone)
    assert sum(1 for _ in range(100) if pk in _pair(fresh(arena))) == 0
    pair = drawing.Comparison.objects.filter(entry_a=pk).first() or drawing.Comparison.objects.get(entry_b=pk)
    KnownPair.objects.create(board=arena, comparison=pair, expected="a", why="because")
    assert attention.pick(arena, voter="user:2") is None


def test_an_arena_of_chosen_entries_gets_another_one_on_all_of_its_boards(home, work):
    all_four = [entry.slug for entry in home.ranked_entries().order_by("slug")]
    asked = ArenaSettings(slug="duel", title="Duel", entries=all_four[:2], apart=True)
    arena = fresh(arenas.make(home, asked, user=None))
    change(arena, entries=all_four[:3])
    work()
    for one in Board.objects.filter(slug__startswith="duel"):
        assert sorted(one.entries.values_list("slug", flat=True)) == all_four[:3]
    assert len(PairPlan.objects.get(board=arena).entries) == 3


def test_weights_change_the_plan_and_the_rest_of_the_rule_stays(arena, work):
    change(arena, sampling={"uniform": 1.0})
    work()
    before = PairPlan.objects.get(board=arena)
    change(fresh(arena), sampling={"weights": {slugs(arena)[0]: 50.0}, "least": 0.0, "most": 1.0})
    work()
    after = PairPlan.objects.get(board=arena)
    assert after.rule["uniform"] == 1.0 and after.rule["weights"] == {slugs(arena)[0]: 50.0}
    assert bytes(after.pairs) != bytes(before.pairs)


def test_limits_and_policy_change_and_stand_in_the_log_with_time_and_person(arena, eve):
    change(arena, eve, "Too many\n bots.", limits={"account_minute": 5}, access="account", invite_only=True)
    board = fresh(arena)
    assert rules_of(board).account_minute == 5 and rules_of(board).account_day == 2000
    assert (board.policy.access, board.policy.invite_only) == ("account", True)
    [row] = log()
    data = json.loads(row.data)
    assert (row.board, row.actor, row.reason) == ("duel", "eve", "Too many bots.") and row.at.startswith("20")
    assert (data["access"], data["invite_only"]) == (["anyone", "account"], [False, True])
    assert data["limits"][0]["account_minute"] == 40 and data["limits"][1]["account_minute"] == 5
    assert set(data) == {"access", "invite_only", "limits"}
    assert read_log.check().broken is None


def test_what_equals_the_present_changes_and_logs_nothing(arena):
    assert change(arena, paused=False, access="anyone", entries=slugs(arena), limits={"account_day": 2000}) == {}
    assert log() == []


def test_pausing_is_logged_too(arena, eve):
    assert change(arena, eve, paused=True) == {"paused": [False, True]}
    assert fresh(arena).policy.paused and len(log()) == 1


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"entries": ["bird-0-greedy"]}, ("entries",)),
        ({"entries": ["bird-0-greedy", "nobody"]}, ("entries",)),
        ({"access": "nobody"}, ("access",)),
        ({"access": "domain"}, ("domains",)),
        ({"domains": ["no domain"]}, ("domains",)),
        ({"access": "provider", "providers": ["none"]}, ("providers",)),
        ({"sampling": {"uniform": 0}}, ("sampling", "uniform")),
        ({"sampling": {"weights": {"nobody": 2.0}}}, ("sampling",)),
        ({"sampling": {"colour": 1}}, ("sampling", "colour")),
        ({"limits": {"account_minute": -1}}, ("limits", "account_minute")),
        ({"limits": {"everybody": 1}}, ("limits", "everybody")),
        ({"consent": "x" * 20_001}, ("consent",)),
        ({"title": "Other"}, ("title",)),
    ],
)
def test_bad_input_is_refused_at_its_field_and_changes_nothing(arena, given, path):
    with pytest.raises(InvalidInput) as told:
        change(arena, **given)
    assert [error.path for error in told.value.errors] == [path]
    assert log() == [] and not fresh(arena).policy.retired.exists()


def test_too_long_a_reason_is_refused(arena):
    with pytest.raises(InvalidInput) as told:
        change(arena, reason="x" * 501, paused=True)
    assert told.value.errors[0].path == ("reason",)


def test_a_running_arena_rates_named_and_anonymous_votes_apart_with_those_before(arena, home, work, eve):
    from leaderboard.models import Comparison

    pairs = list(Comparison.objects.filter(entry_a__in=home.ranked_entries()).order_by("pk")[:2])
    for place, voter in enumerate(("user:1", "anonymous:1")):
        told = {"swapped": False, "token": f"t{place}", "expires_at": "2100-01-01T00:00:00Z"}
        ballot = Ballot.objects.create(board=arena, comparison=pairs[0], voter=voter, **told)
        Vote.objects.create(ballot=ballot, comparison=pairs[0], board=arena, voter=voter, outcome=Outcome.A)
    assert change(arena, user=eve, apart=True) == {"apart": [False, True]}
    assert change(fresh(arena), user=eve, apart=True) == {}
    work()
    apart = {board.voters: board for board in arenas.apart_of(fresh(arena))}
    assert set(apart) == {"named", "anonymous"}
    for board in apart.values():
        board.refresh_from_db()
        assert board.current.details["people"]["votes"] == 1
    assert apart["named"].current.digest != apart["anonymous"].current.digest


def test_an_arena_whose_provider_is_gone_can_still_be_paused(arena, settings):
    arena.policy.access, arena.policy.providers = "provider", ["gone"]
    arena.policy.save()
    settings.OIDC_PROVIDERS_SECRET = ""
    assert change(fresh(arena), paused=True) == {"paused": [False, True]}
    with pytest.raises(InvalidInput, match="set up on this server"):
        change(fresh(arena), providers=["gone", "lost"])
