"""Writes one answer of a live battle, and shows what is there of it while it is written."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from leaderboard.contracts import registry
from leaderboard.contracts.values import DecodingChoice, Generation, GenerationRequest
from leaderboard.models import Entry, LiveBattle, LiveSide, Output
from leaderboard.services import facts, live, live_rules, renderings
from leaderboard.services.budgets import OverBudget
from leaderboard.services.text import storable
from workers.generation import request_of
from workers.generators.stopping import Stopped, stopping
from workers.making_account import LiveAccount
from workers.runtime import Lease, LeaseLost, generator_for

log = logging.getLogger(__name__)
SHOW_SECONDS = 0.4


@dataclass(frozen=True)
class Asked:
    """Which answer: always the first sample, whose noise comes from the prompt's own random key."""

    entry: Entry
    key: str
    sample: ClassVar[int] = 0
    seed: ClassVar[int] = 0


def answer(lease: Lease) -> None:
    """Make and store the output of one side; nothing where the battle is over, or the output is there already.

    A battle that a cap refuses is over.
    """
    side = LiveSide.objects.select_related("battle__prompt__benchmark", "battle__arena__live_rules").get(
        pk=lease.job.payload["side"]
    )
    battle = live.settle(side.battle)
    if battle.state != LiveBattle.State.WORKING or _stored(side):
        return
    side.entry = type(side.entry).objects.with_parts().get(pk=side.entry_id)
    most = live_rules.settings_of(battle.arena).tokens
    request = _short(request_of(Asked(side.entry, f"live:{side.pk}"), battle.prompt), most)
    account = LiveAccount(lease.job, side.entry.model, battle.arena_id)
    try:
        account.hold(request)
    except OverBudget as problem:
        log.warning("The live battle %s was refused: %s", battle.pk, problem)
        live.refuse(battle)
        raise LeaseLost(lease.job.key) from None
    generator = generator_for(side.entry.model)
    try:
        with _shown(side, lease) as shown:
            made = _write(generator, request, shown)
    except Stopped:
        account.cut()
        live.settle(battle)
        raise LeaseLost(lease.job.key) from None
    provenance = {"generator": side.entry.model.generator, **generator.provenance(), "live token limit": str(most)}
    own: dict[str, Any] = {"entry": side.entry, "sample": Asked.sample, "seed": Asked.seed}
    row = facts.output_row(made, prompt=battle.prompt, provenance=provenance, **own)
    account.price(row)
    with transaction.atomic():
        facts.add_outputs([row])
        account.settle(row)
    renderings.prepare([row])
    live.settle(battle)


def _short(request: GenerationRequest, most: int) -> GenerationRequest:
    """The same, ended after `most` tokens where the entry's own limit is longer."""
    own = request.decoding
    limit = min(most, registry.decoding.build(own.strategy, own.params).max_new_tokens)
    return replace(request, decoding=DecodingChoice(own.strategy, {**own.params, "max_new_tokens": limit}))


def _stored(side: LiveSide) -> bool:
    return Output.objects.filter(entry=side.entry_id, prompt=side.battle.prompt_id, sample=0).exists()


class Shown:
    """What is there of an answer. `tell` may be called from any thread; it raises Stopped once nobody waits."""

    def __init__(self) -> None:
        self.text, self.over = "", threading.Event()

    def tell(self, text: str) -> None:
        """Take the text so far."""
        if self.over.is_set():
            raise Stopped("Nobody waits for this answer any more.")
        self.text = text


def _write(generator: Any, request: GenerationRequest, shown: Shown) -> Generation:
    """By the generator's own `stream` where it has one; else the whole answer comes at once."""
    mark = stopping.set(shown.over.is_set)
    try:
        if hasattr(generator, "stream"):
            made: Generation = generator.stream(request, shown.tell)
        else:
            [made] = generator.generate([request])
        return made
    finally:
        stopping.reset(mark)


@contextmanager
def _shown(side: LiveSide, lease: Lease) -> Iterator[Shown]:
    """Keeps the text so far in the side's row from a thread of its own while the answer is written."""
    shown, done = Shown(), threading.Event()
    thread = threading.Thread(target=_keep, args=(side, lease, shown, done), daemon=True)
    thread.start()
    try:
        yield shown
    finally:
        done.set()
        thread.join()


def _keep(side: LiveSide, lease: Lease, shown: Shown, done: threading.Event) -> None:
    kept = ""
    working = LiveSide.objects.filter(pk=side.pk, battle__state=LiveBattle.State.WORKING)
    try:
        while not done.wait(SHOW_SECONDS):
            text = storable(shown.text)
            try:
                alive = working.exists() if text == kept else bool(working.update(text=text))
            except DatabaseError:  # away for a moment: the page waits a little longer
                connection.close()
                continue
            kept = text
            if not alive or lease.lost.is_set() or timezone.now() >= side.battle.ends_at:
                shown.over.set()
                return
    finally:
        connection.close()
