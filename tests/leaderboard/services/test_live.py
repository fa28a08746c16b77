"""Live battles: from a prompt to a ballot, each once; limits, faults, leaks, and what is stored."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.core.cache import cache
from django.db.models import F
from django.utils import timezone

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import (
    Ballot,
    Board,
    Comparison,
    Job,
    LanguageModel,
    LiveBattle,
    LiveSide,
    Output,
    PairPlan,
    Prompt,
    Standing,
    VotingRules,
)
from leaderboard.queries import live as read
from leaderboard.services import arenas, ballots, boards, catalog, live, live_drawing, live_rules, pipeline
from leaderboard.services.arenas import ArenaSettings
from leaderboard.services.limits import TooMany
from tests.factories import fact_board, submit, sums_board

pytestmark = pytest.mark.django_db
ANNA, BEN = "user:anna", "user:ben"
WORKING, READY, BROKEN = LiveBattle.State.WORKING, LiveBattle.State.READY, LiveBattle.State.BROKEN


@pytest.fixture
def arena(parrot, work):
    """Two birds of which the second is wrong on every other sum, and an arena that takes live battles."""
    cache.clear()
    home = sums_board()
    for model in ({"model": "right"}, {"model": "wrong", "wrong_every": 1}):
        submit(home, model)
    work()
    made = arenas.make(home, ArenaSettings(slug="people", title="People"), user=None)
    live_rules.change(made, {"on": True})
    return found(made)


def found(arena):
    """As a request reads it."""
    return Board.objects.select_related("policy", "live_rules__board").get(pk=arena.pk)


def ask(arena, text="17+25", voter=ANNA, accepted=True, **whose):
    return live.ask(found(arena), text, voter=voter, whose={"session": voter, **whose}, accepted=accepted)


def faults(arena, *args, **more):
    with pytest.raises(InvalidInput) as problem:
        ask(arena, *args, **more)
    return [(error.path, error.message) for error in problem.value.errors]


def test_a_prompt_is_answered_by_two_entries_and_voted_on(arena, work):
    battle = ask(arena, "  17+25\r\n")
    assert (battle.state, battle.prompt.text) == (WORKING, "17+25")
    work()
    battle.refresh_from_db()
    own = arena.live_rules.board
    answers = Output.objects.filter(prompt=battle.prompt)
    assert sorted(answers.values_list("text", flat=True)) == ["So the answer is 42.", "So the answer is 43."]
    assert (battle.state, battle.ballot.board, battle.ballot.voter) == (READY, own, ANNA)
    pair = battle.ballot.comparison
    left = pair.b if battle.ballot.swapped else pair.a
    assert left.entry == battle.sides.get(left=True).entry
    assert set(battle.sides.values_list("text", flat=True)) == {""}
    assert ballots.issue(own, voter=ANNA) == battle.ballot
    signed = ballots.sign(battle.ballot, session="s")
    vote = ballots.cast(own, signed, "left", voter=ANNA, session="s")
    assert vote.board == own
    assert ballots.issue(own, voter=ANNA) is None, "no other live pair is dealt"
    assert ballots.issue(own, voter=BEN) is None, "a live pair is its author's alone"


def test_live_votes_are_rated_on_a_board_of_their_own(arena, work):
    own = arena.live_rules.board
    for number in range(3):
        battle = ask(arena, f"{number}+1")
        work()
        battle.refresh_from_db()
        better = battle.sides.get(entry__model__name="right" if number else "wrong")
        signed = ballots.sign(battle.ballot, session="s")
        ballots.cast(own, signed, "left" if better.left else "right", voter=ANNA, session="s")
    boards.request_refresh(own)  # as a commit does
    work()
    own.refresh_from_db()
    rows = list(Standing.objects.filter(snapshot=own.current_id).order_by("position"))
    assert [(row.entry.model.name, row.n) for row in rows] == [("right", 3), ("wrong", 3)]
    assert rows[0].rating > rows[1].rating
    assert {row.missing for row in own.current.standings.all()} == {0}
    arena.refresh_from_db()
    assert {row.n for row in arena.current.standings.all()} == {0}


def test_votes_that_are_not_rated_stay_stored(arena, work):
    own = arena.live_rules.board
    live_rules.change(found(arena), {"rated": False})
    battle = ask(arena)
    work()
    battle.refresh_from_db()
    ballots.cast(own, ballots.sign(battle.ballot, session="s"), "left", voter=ANNA, session="s")
    work()
    own.refresh_from_db()
    assert own.votes.count() == 1
    assert not own.current or {row.n for row in own.current.standings.all()} == {0}


def test_nothing_is_allowed_until_the_operator_says_so(arena):
    live_rules.change(found(arena), {"on": False})
    assert faults(arena) == [((), "This arena takes no live battles now.")]
    assert live_rules.settings_of(found(arena)).characters == 2000


def test_the_form_says_what_is_wrong(arena):
    assert faults(arena, "  ")[0][0] == ("prompt",)
    assert faults(arena, accepted=False)[0][0] == ("accepted",)
    live_rules.change(found(arena), {"characters": 4})
    assert faults(arena, "17+25") == [(("prompt",), "The prompt has 5 characters; at most 4 are allowed here.")]
    assert not Prompt.objects.filter(benchmark__live=True).exists()


@pytest.mark.parametrize(
    "given", [{"tokens": 0}, {"seconds": 4}, {"waiting": 0}, {"arena_day": -1}, {"nonsense": 1}, {"on": "perhaps"}]
)
def test_settings_out_of_bounds_are_refused(arena, given):
    with pytest.raises(InvalidInput) as problem:
        live_rules.change(found(arena), given)
    assert problem.value.errors[0].path == ("live", next(iter(given)))


def test_one_battle_at_a_time(arena, work):
    first = ask(arena)
    assert ask(arena, "1+1") == first
    work()
    assert ask(arena, "1+1") == first, "answered, and not voted on"
    signed = ballots.sign(LiveBattle.objects.get().ballot, session="s")
    ballots.cast(arena.live_rules.board, signed, "skip", voter=ANNA, session="s")
    assert ask(arena, "1+1") != first


@pytest.mark.parametrize(
    ("limit", "whose"),
    [
        ("account_day", {"account": ANNA}),
        ("session_day", {}),
        ("network_day", {"network": "n"}),
        ("arena_day", {}),
    ],
)
def test_each_limit_counts(arena, limit, whose):
    live_rules.change(found(arena), {limit: 1})
    live.leave(ask(arena, **whose))
    with pytest.raises(TooMany) as problem:
        ask(arena, "1+1", **whose)
    assert problem.value.whose == limit.removesuffix("_day")
    assert "prompts a day" in str(problem.value)


def test_no_more_battles_at_once_than_allowed(arena):
    live_rules.change(found(arena), {"waiting": 1})
    ask(arena)
    assert faults(arena, voter=BEN)[0][1].startswith("As many battles")


def test_no_entry_that_cannot_answer_is_drawn(arena, work):
    assert len(live_drawing.able(arena)) == 2
    LanguageModel.objects.filter(name="wrong").update(generator="gone")
    cache.clear()
    assert [entry.model.name for entry in live_drawing.able(arena)] == ["right"]
    assert faults(arena)[0][1].startswith("Fewer than two entries")


def test_entries_that_are_chosen_among_samples_and_imported_ones_are_not_drawn(parrot):
    made = fact_board(("ant", "bee"), {"p": ""}, counts_votes=True, open_to_votes=True)
    assert live_drawing.able(made.board) == []


def test_the_plan_of_the_arena_draws(parrot, work):
    cache.clear()
    home = sums_board()
    for number in range(4):
        submit(home, {"model": f"bird-{number}", "wrong_every": number})
    work()
    made = arenas.make(home, ArenaSettings(slug="people", title="People"), user=None)
    work()
    plan = PairPlan.objects.get(board=made)
    chances = np.array([0, 0.5, 0, 0, 0.25, 0.25], "<f4")
    PairPlan.objects.update(pairs=chances.tobytes())
    LanguageModel.objects.filter(entries=plan.entries[2]).update(generator="gone")
    drawn = [live_drawing.draw(found(made)) for _ in range(12)]
    assert {frozenset((one.left.pk, one.right.pk)) for one in drawn} == {frozenset((plan.entries[1], plan.entries[3]))}
    assert {one.chance for one in drawn} == {1.0}, "the chance is that among those who can answer"
    assert len({one.left.pk for one in drawn}) == 2, "sides by coin"


def test_a_model_that_failed_rests(arena, work):
    LanguageModel.objects.filter(name="wrong").update(params={"model": "wrong", "fails_on": "17+25"})
    battle = ask(arena)
    work()
    battle = live.settle(battle)
    assert (battle.state, battle.why, battle.ballot) == (BROKEN, LiveBattle.Why.FAILED, None)
    assert set(Job.objects.filter(kind="live").values_list("state", flat=True)) == {"done", "failed"}
    assert not Comparison.objects.filter(prompt=battle.prompt).exists()
    assert [entry.model.name for entry in live_drawing.able(arena)] == ["right"]


def test_no_worker_in_time(arena, bell):
    battle = ask(arena)
    LiveBattle.objects.update(ends_at=timezone.now())
    pipeline.sweep()
    battle.refresh_from_db()
    assert (battle.state, battle.why) == (BROKEN, LiveBattle.Why.LATE)
    assert set(Job.objects.filter(kind="live").values_list("state", flat=True)) == {"cancelled"}


def test_a_page_that_was_left_is_given_up(arena, work):
    battle = ask(arena)
    LiveBattle.objects.update(seen_at=timezone.now() - live.GONE_AFTER - timedelta(seconds=1))
    live.note_seen(battle)
    assert live.settle(battle).state == WORKING, "it asked again"
    LiveBattle.objects.update(seen_at=timezone.now() - live.GONE_AFTER - timedelta(seconds=1))
    live.tidy()
    work()
    battle.refresh_from_db()
    assert (battle.state, battle.why) == (BROKEN, LiveBattle.Why.LEFT)
    assert not Output.objects.filter(prompt=battle.prompt).exists()


def test_a_worker_that_comes_twice_doubles_nothing(arena, work):
    battle = ask(arena)
    work()
    Job.objects.filter(kind="live").update(state="ready", not_before="2000-01-01T00:00:00Z")
    work()
    for _ in range(2):
        live.settle(battle)
    assert Output.objects.filter(prompt=battle.prompt).count() == 2
    assert Comparison.objects.filter(prompt=battle.prompt).count() == Ballot.objects.count() == 1


def test_a_worker_killed_between_the_answer_and_the_ballot(arena, work, monkeypatch):
    battle = ask(arena)
    with monkeypatch.context() as patch:
        patch.setattr(live, "settle", lambda battle: battle)
        work()
    assert LiveBattle.objects.get().state == WORKING
    pipeline.sweep()
    battle.refresh_from_db()
    assert (battle.state, Ballot.objects.count()) == (READY, 1)


@pytest.mark.parametrize(("rule", "state"), [("hide", BROKEN), ("mark", READY), ("count", READY)])
def test_an_answer_that_names_its_maker(arena, work, parrot, monkeypatch, rule, state):
    VotingRules.objects.update_or_create(board=arena.live_rules.board, defaults={"leaks": rule})
    real = parrot.generate

    def telling(self, requests):
        for made in real(self, requests):
            yield type(made)(**{**vars(made), "text": f"I am ChatGPT. {made.text}"})

    monkeypatch.setattr(parrot, "generate", telling)
    battle = ask(arena)
    work()
    battle.refresh_from_db()
    assert (battle.state, battle.ballot is None) == (state, state == BROKEN)
    if state == BROKEN:
        assert battle.why == LiveBattle.Why.LEAK


def test_what_is_written_so_far_is_shown_in_step(arena):
    battle = ask(arena)
    left, right = LiveSide.objects.filter(battle=battle).order_by("-left")
    for side, text in ((left, "x" * 300), (right, "y" * 100)):
        LiveSide.objects.filter(pk=side.pk).update(text=text)
    room = 100 - read.HELD_BACK
    assert live.shown(battle) == ("x" * room, "y" * room)
    Output.objects.create(entry=left.entry, prompt=battle.prompt, text="x" * 10)
    assert live.shown(battle) == ("x" * 10, "y" * room), "one that is complete waits for the other"
    LiveSide.objects.filter(pk=right.pk).update(text="I am ChatGPT, " + "y" * 100)
    assert live.shown(battle) == ("", ""), "a maker's name is met before it is shown"


@pytest.mark.parametrize(
    ("done", "lengths", "expected"),
    [
        ((False, False), (0, 500), (0, 0)),
        ((False, False), (200, 500), (140, 140)),
        ((True, False), (30, 200), (30, 140)),
        ((False, True), (61, 5), (1, 1)),
        ((True, True), (70, 20), (70, 20)),
    ],
)
def test_neither_answer_runs_ahead(done, lengths, expected):
    found = read.Writing(("a" * lengths[0], "b" * lengths[1]), done)
    assert tuple(map(len, read.in_step(found))) == expected


def test_a_frozen_set_takes_no_prompt(arena):
    with pytest.raises(ValueError, match="frozen"):
        catalog.append(arena.benchmark, key="new", text="1+1")


def test_the_token_limit_holds(arena, work, parrot, monkeypatch):
    asked, real = [], parrot.generate

    def listening(self, requests):
        asked.extend(request.decoding.params["max_new_tokens"] for request in requests)
        return real(self, requests)

    monkeypatch.setattr(parrot, "generate", listening)
    live_rules.change(found(arena), {"tokens": 3})
    battle = ask(arena)
    work()
    answers = Output.objects.filter(prompt=battle.prompt)
    assert [answer.provenance["live token limit"] for answer in answers] == ["3", "3"]
    assert asked == [3, 3]


def test_a_board_of_live_votes_takes_no_live_battles_itself(arena):
    with pytest.raises(InvalidInput):
        live_rules.change(arena.live_rules.board, {"on": True})


def test_a_live_vote_refreshes_no_board_with_other_prompts(arena):
    Board.objects.update(built=F("wanted"))
    boards.request_refresh(arena.live_rules.board)
    stale = Board.objects.filter(built__lt=F("wanted")).values_list("slug", flat=True)
    assert list(stale) == ["people-live"]
