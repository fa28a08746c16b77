"""One side of a live battle in a worker: what is shown meanwhile, its end, and its place before batch work."""

from __future__ import annotations

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.utils import timezone

from leaderboard.contracts import registry
from leaderboard.contracts.values import DecodingChoice, FinishReason, Generation, GenerationRequest, Message
from leaderboard.models import Board, Job, LiveBattle, LiveSide, Output
from leaderboard.services import arenas, jobs, live, live_rules
from leaderboard.services.arenas import ArenaSettings
from tests.factories import Parrot, submit, sums_board
from tests.leaderboard.conftest import bell, parrot, work  # noqa: F401
from workers import generation, tasks


def open_arena(work):  # noqa: F811
    cache.clear()
    home = sums_board()
    for model in ({"model": "right"}, {"model": "wrong", "wrong_every": 1}):
        submit(home, model)
    work()
    made = arenas.make(home, ArenaSettings(slug="people", title="People"), user=None)
    live_rules.change(made, {"on": True})
    return Board.objects.select_related("policy", "live_rules__board").get(pk=made.pk)


def ask(arena, voter="user:anna"):
    return live.ask(arena, "17+25", voter=voter, whose={}, accepted=True)


def first_job():
    return Job.objects.filter(kind="live").order_by("pk").first()


class Slow(Parrot):
    """Tells its answer in two halves; `between` runs after the first."""

    between = staticmethod(lambda told: None)

    def stream(self, request, told):
        [made] = self.generate([request])
        told(made.text[:9])
        type(self).between(told)
        return made


@pytest.fixture
def slow(monkeypatch):
    with registry.generators.override(Slow):
        yield Slow
    Slow.between = staticmethod(lambda told: None)


@pytest.mark.django_db(transaction=True)
def test_what_is_written_so_far_is_kept_for_the_page(parrot, slow, work):  # noqa: F811
    arena = open_arena(work)
    battle, seen = ask(arena), []

    def look(told):
        end = time.monotonic() + 30
        while not (texts := [text for text in battle.sides.values_list("text", flat=True) if text]):
            assert time.monotonic() < end
            time.sleep(0.05)
        seen.extend(texts)

    slow.between = staticmethod(look)
    tasks.run(first_job().pk)
    assert seen == ["So the an"]
    assert first_job().state == Job.State.DONE
    slow.between = staticmethod(lambda told: None)
    work()
    assert list(LiveSide.objects.values_list("text", flat=True)) == ["", ""], "facts hold the answers now"
    battle.refresh_from_db()
    assert battle.state == LiveBattle.State.READY


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["late", "left"])
def test_an_answer_that_nobody_waits_for_any_more_is_broken_off(parrot, slow, work, end):  # noqa: F811
    battle = ask(open_arena(work))

    def go_on(told):
        if end == "left":
            live.leave(battle)
        last = time.monotonic() + 30
        while time.monotonic() < last:
            told("So the answer")
            time.sleep(0.05)
        raise AssertionError("it was not ended")

    slow.between = staticmethod(go_on)
    if end == "late":
        LiveBattle.objects.update(ends_at=timezone.now() + timedelta(seconds=0.2))
    tasks.run(first_job().pk)
    battle.refresh_from_db()
    assert (battle.state, battle.why) == (LiveBattle.State.BROKEN, end)
    assert set(Job.objects.filter(kind="live").values_list("state", flat=True)) == {"cancelled"}
    assert not Output.objects.filter(prompt=battle.prompt).exists()


@pytest.fixture
def served(monkeypatch):
    """A worker that takes the parrot's queue."""
    queues = SimpleNamespace(consume_from={"gpu.parrot": None, "default": None})
    monkeypatch.setattr(tasks, "current_app", SimpleNamespace(amqp=SimpleNamespace(queues=queues)))


def made_for(battle, batch):
    """Ids of the outputs of a battle and of a submission, in the order in which they were stored."""
    answered = Output.objects.filter(prompt=battle.prompt).order_by("pk").values_list("pk", flat=True)
    own = Output.objects.filter(entry=batch.entry, prompt__benchmark=batch.board.benchmark).order_by("pk")
    return list(answered), list(own.values_list("pk", flat=True))


@pytest.mark.django_db
def test_who_waits_comes_before_batch_work(parrot, work, served):  # noqa: F811
    arena = open_arena(work)
    batch = submit(arena.parent, {"model": "third"})
    tasks.run(Job.objects.get(submission=batch, kind="plan").pk)
    battle = ask(arena)
    tasks.run(Job.objects.get(submission=batch, kind="generate").pk)
    battle.refresh_from_db()
    assert battle.state == LiveBattle.State.READY
    answered, own = made_for(battle, batch)
    assert max(answered) < min(own)


@pytest.mark.django_db
def test_batch_work_gives_way_in_the_middle(parrot, work, served, monkeypatch):  # noqa: F811
    arena = open_arena(work)
    monkeypatch.setattr(generation, "FLUSH_SECONDS", 0.0)
    batch, asked, real = submit(arena.parent, {"model": "third"}), [], parrot.generate

    def with_a_visitor(self, requests):
        for place, made in enumerate(real(self, requests)):
            if place == 2 and not asked:
                asked.append(ask(arena))
            yield made

    monkeypatch.setattr(parrot, "generate", with_a_visitor)
    tasks.run(Job.objects.get(submission=batch, kind="plan").pk)
    tasks.run(Job.objects.get(submission=batch, kind="generate").pk)
    answered, own = made_for(asked[0], batch)
    assert (len(answered), len(own)) == (2, 6)
    assert own[0] < min(answered) and max(answered) < own[-1]
    assert Job.objects.get(submission=batch, kind="generate").state == Job.State.DONE


@pytest.mark.django_db
def test_a_worker_of_other_queues_leaves_live_jobs_alone(parrot, work, served):  # noqa: F811
    ask(open_arena(work))
    Job.objects.filter(kind="live").update(queue="gpu.elsewhere")
    tasks.give_way()
    assert set(Job.objects.filter(kind="live").values_list("state", flat=True)) == {"ready"}


@pytest.mark.django_db
def test_a_failed_side_takes_the_other_one_along(parrot, work):  # noqa: F811
    battle = ask(open_arena(work))
    Job.objects.filter(pk=first_job().pk).update(state=Job.State.FAILED)
    assert live.settle(battle).why == LiveBattle.Why.FAILED
    assert not Job.objects.filter(kind="live", state__in=jobs.OPEN).exists()


def test_a_model_loaded_here_tells_what_it_writes():
    pebble = registry.generators.build("transformers", {"model": "pebble-s", "device": "cpu"})
    decoding = DecodingChoice("greedy", {"max_new_tokens": 24})
    request = GenerationRequest("k", (Message("user", "What is 17 + 25?"),), decoding, "n")
    told: list[str] = []
    made: Generation = pebble.stream(request, told.append)
    [whole] = pebble.generate([request])
    assert made.text == whole.text
    assert len(told) >= 10
    assert all(later.startswith(earlier) for earlier, later in zip(told, [*told[1:], made.text], strict=True))
    assert made.finish_reason in (FinishReason.STOP, FinishReason.LENGTH)
