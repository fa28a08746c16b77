"""Caps on live battles of models behind endpoints: asked before each call, told to the visitor, counted once."""

from __future__ import annotations

import threading

import pytest
from django.core.cache import cache
from django.core.management import call_command

from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.values import DecodingChoice, GenerationRequest, Message
from leaderboard.models import Board, Budget, Entry, Hold, Job, LiveBattle, LiveSide, Output
from leaderboard.models.budgets import NANO
from leaderboard.services import arenas, budgets, jobs, live, live_rules, prices, submissions
from leaderboard.services.arenas import ArenaSettings
from tests.factories import submit, sums_board
from tests.judges.loopback import serve
from tests.workers.answering import SENT, USED, WRITTEN, Answering, request_at
from workers import tasks
from workers.making_account import LiveAccount

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick", "bell")]
COST = SENT * 1_000 + WRITTEN * 4_000
PROMPT = "17+25"
BOUND = len(PROMPT) + 32 + 16
"""Tokens that an answer may take: bytes of the prompt, what a template adds, the entry's own limit."""


@pytest.fixture
def server(monkeypatch):
    with serve(Answering()) as server:
        monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", server.url)
        yield server


@pytest.fixture
def arena(server, work):
    """Two decodings of a model at the endpoint, and an arena that takes live battles. Nothing is counted yet."""
    cache.clear()
    prices.set_price(pattern="writer-*", input_usd="1", output_usd="4")
    home = sums_board()
    for temperature in (0.0, 0.5):
        way = {"strategy": "temperature", "decoding": {"temperature": temperature, "max_new_tokens": 16}}
        way = way if temperature else {}
        submissions.submit(request_at(server.url, **way), user=None)
    work()
    made = arenas.make(home, ArenaSettings(slug="people", title="People"), user=None)
    live_rules.change(made, {"on": True})
    Budget.objects.all().delete()
    server.requests.clear()
    return Board.objects.select_related("policy", "live_rules__board").get(pk=made.pk)


def ask(arena):
    return live.ask(arena, PROMPT, voter="user:anna", whose={}, accepted=True)


def run_live():
    for job in Job.objects.filter(kind="live", state="ready").order_by("pk"):
        tasks.run(job.pk)


def purse(kind):
    row = Budget.objects.get(key__regex=rf"^{kind}:.*\d{{4}}-\d\d-\d\d$")
    return row.spent_tokens, row.spent_nano, row.held_tokens, row.held_nano


def test_answers_are_priced_and_counted_for_the_day_and_for_the_arena(arena, server):
    battle = ask(arena)
    run_live()
    battle.refresh_from_db()
    assert battle.state == LiveBattle.State.READY
    answers = Output.objects.filter(prompt=battle.prompt)
    assert set(answers.values_list("cost_usd", flat=True)) == {COST / NANO}
    assert len(server.requests) == 2
    assert purse("day") == purse("live") == (2 * USED, 2 * COST, 0, 0)


def test_an_answer_that_is_made_twice_is_stored_once_and_an_answer_that_is_there_is_not_paid_again(arena, server):
    ask(arena)
    first = Job.objects.filter(kind="live").order_by("pk").first()
    tasks.run(first.pk)
    Job.objects.filter(pk=first.pk).update(state="running", lease_until="2000-01-01T00:00:00Z")
    tasks.run(first.pk)  # as after a kill between storing and finishing
    assert len(server.requests) == 1
    assert purse("day") == (USED, COST, 0, 0)


@pytest.mark.parametrize("name", ["day", "live:people"])
def test_a_battle_that_does_not_fit_is_refused_before_it_begins(arena, server, client, capsys, name):
    call_command("budgets", name, "--tokens", str(2 * BOUND - 1))
    with pytest.raises(InvalidInput, match="used up, so no answer was asked for"):
        ask(arena)
    page = client.post("/boards/people/live/", {"prompt": PROMPT, "accepted": "yes"})
    assert page.status_code == 422
    assert "What live battles may cost here today is used up" in page.content.decode()
    assert (server.requests, LiveBattle.objects.count()) == ([], 0)
    call_command("budgets", name, "--tokens", str(2 * BOUND))
    ask(arena)
    run_live()
    assert len(server.requests) == 2
    assert not Hold.objects.exists()


@pytest.mark.parametrize("cap", [{"usd": 5.0}, {"usd": 0.0}])
def test_a_cap_in_dollars_needs_a_price(arena, server, cap):
    prices.Price.objects.all().delete()
    budgets.set_cap("day", **cap)
    with pytest.raises(InvalidInput, match="used up"):
        ask(arena)
    assert server.requests == []


def test_a_battle_that_others_spent_away_meanwhile_ends_and_says_so(arena, server, client):
    assert client.post("/boards/people/live/", {"prompt": PROMPT, "accepted": "yes"}).status_code == 302
    battle = LiveBattle.objects.get()
    budgets.set_cap(f"live:{arena.pk}", tokens=BOUND - 1)
    run_live()
    battle.refresh_from_db()
    assert (battle.state, battle.why) == (LiveBattle.State.BROKEN, LiveBattle.Why.BUDGET)
    assert server.requests == []
    assert set(Job.objects.filter(kind="live").values_list("state", flat=True)) == {"cancelled"}
    page = client.get(f"/boards/people/live/{battle.pk}/").content.decode()
    assert "What live battles may cost here today is used up" in page
    assert not Hold.objects.exists()


def test_what_an_answer_under_way_may_take_is_held_back(arena, server):
    ask(arena)
    budgets.set_cap("day", tokens=2 * BOUND - 1)  # as when another battle was paid meanwhile
    first, second = Job.objects.filter(kind="live").order_by("pk")
    busy = jobs.claim(first.pk, "another worker")
    entry = Entry.objects.with_parts().get(pk=LiveSide.objects.get(pk=busy.payload["side"]).entry_id)
    account = LiveAccount(busy, entry.model, arena.pk)
    decoding = DecodingChoice("greedy", {"max_new_tokens": 16})
    account.hold(GenerationRequest("k", (Message("user", PROMPT),), decoding, "n"))
    assert purse("day")[2:] == (BOUND, (len(PROMPT) + 32) * 1_000 + 16 * 4_000)
    tasks.run(second.pk)
    assert server.requests == []
    assert LiveBattle.objects.get().why == LiveBattle.Why.BUDGET


def test_an_answer_that_is_broken_off_counts_as_the_most_that_it_may_take(arena, server):
    battle = ask(arena)
    reply = server.reply

    def left(request):
        live.leave(battle)
        waited.wait(20)
        return reply(request)

    waited = threading.Event()
    server.reply = left
    first = Job.objects.filter(kind="live").order_by("pk").first()
    budgets.set_cap("day", tokens=10 * BOUND)
    tasks.run(first.pk)
    waited.set()
    assert len(server.requests) == 1
    assert purse("day") == (BOUND, (len(PROMPT) + 32) * 1_000 + 16 * 4_000, 0, 0)
    assert not Output.objects.filter(prompt=battle.prompt).exists()


def test_models_in_the_worker_battle_on_without_budget(parrot, work):
    cache.clear()
    budgets.set_cap("day", tokens=0, usd=0)
    home = sums_board()
    for model in ("right", "wrong"):
        submit(home, {"model": model})
    work()
    made = arenas.make(home, ArenaSettings(slug="people", title="People"), user=None)
    live_rules.change(made, {"on": True})
    battle = ask(Board.objects.select_related("policy", "live_rules__board").get(pk=made.pk))
    work()
    battle.refresh_from_db()
    assert battle.state == LiveBattle.State.READY
    assert not Budget.objects.filter(spent_tokens__gt=0).exists()
