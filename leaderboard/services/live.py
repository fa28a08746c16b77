"""Live battles: take a voter's prompt, have two entries answer it, and make the ballot once both answers are there.

Whether an answer is there is told by its Output alone, so a worker that is killed, or comes late, doubles nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leaderboard.contracts import registry
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.said import said
from leaderboard.models import Board, Comparison, ConsentText, Job, LiveBattle, LiveRules, LiveSide, Output, VotingRules
from leaderboard.queries import live as read
from leaderboard.queries.integrity import rules_of
from leaderboard.services import ballots, catalog, facts, jobs, limits, live_costs, live_drawing
from leaderboard.services.identity_leaks import given_away, names_in
from leaderboard.services.jobs import NewJob
from leaderboard.services.live_rules import LiveSettings, settings_of
from leaderboard.services.text import storable

log = logging.getLogger(__name__)
State, Why = LiveBattle.State, LiveBattle.Why
NOTICE = said(
    "Your prompt and both answers are stored, and may be published with the votes of this arena. Write nothing "
    "private. You can have the texts erased later."
)
GONE_AFTER = timedelta(seconds=45)
"""A page that has not asked for so long was left."""
NOTED_EVERY = timedelta(seconds=5)
TOO_DEAR = gettext_lazy(
    "What live battles may cost here today is used up, so no answer was asked for. Vote on stored answers, or come "
    "back tomorrow."
)
TOO_MANY = {
    ("account", "day"): gettext_lazy("At most %(limit)s prompts a day for one account."),
    ("session", "day"): gettext_lazy("At most %(limit)s prompts a day for one session."),
    ("network", "day"): gettext_lazy("At most %(limit)s prompts a day from one network."),
    ("arena", "day"): gettext_lazy("At most %(limit)s prompts a day on this arena."),
}


def ask(arena: Board, text: str, *, voter: str, whose: Mapping[str, str], accepted: bool) -> LiveBattle:
    """Start a battle on a voter's prompt; while one of the voter's is not over, that one is given back.

    `whose`: as for `limits.count_vote`. Raises InvalidInput at ("prompt",), ("accepted",) or (), and TooMany.
    """
    rules = settings_of(arena)
    prompt = storable(text).replace("\r\n", "\n").strip()
    _check(rules, prompt, accepted)
    if (open_one := read.open_battle(arena, voter=voter)) is not None:
        return open_one
    drawn = live_drawing.draw(arena)
    if drawn is None:
        raise _fault(_("Fewer than two entries can answer now. Try again in a few minutes."))
    if reason := live_costs.refusal(arena, prompt, [drawn.left, drawn.right], rules.tokens):
        log.warning("A live battle on %s was refused: %s", arena.slug, reason)
        raise _fault(str(TOO_DEAR))
    limits.count(f"{arena.pk}:live", {**whose, "arena": str(arena.pk)}, rules.canonical(), sentences=TOO_MANY)
    with transaction.atomic():
        home = LiveRules.objects.select_for_update().select_related("board__benchmark").get(arena=arena)
        if (open_one := read.open_battle(arena, voter=voter)) is not None:
            return open_one
        if LiveBattle.objects.filter(arena=arena, state=State.WORKING).count() >= rules.waiting:
            raise _fault(_("As many battles as this arena allows are under way. Try again in a minute."))
        return _start(home, prompt, drawn, voter=voter, rules=rules)


def _check(rules: LiveSettings, prompt: str, accepted: bool) -> None:
    if not rules.on:
        raise _fault(_("This arena takes no live battles now."))
    if not prompt:
        raise _fault(_("Write what both are to answer."), "prompt")
    if len(prompt) > rules.characters:
        message = _("The prompt has %(n)s characters; at most %(limit)s are allowed here.")
        raise _fault(message % {"n": len(prompt), "limit": rules.characters}, "prompt")
    if not accepted:
        raise _fault(_("Tick the box to agree that the prompt is stored."), "accepted")


def _start(home: LiveRules, prompt: str, drawn: live_drawing.Drawn, *, voter: str, rules: LiveSettings) -> LiveBattle:
    now = timezone.now()
    battle = LiveBattle(arena_id=home.arena_id, voter=voter, chance=drawn.chance, seen_at=now)
    battle.ends_at = now + timedelta(seconds=rules.seconds)
    battle.consent = _consent(home.board)
    battle.prompt = catalog.append(home.board.benchmark, key=battle.pk.hex, text=prompt)
    battle.save(force_insert=True)
    if home.board.own_entries:
        home.board.entries.add(drawn.left, drawn.right)  # the arena may have got them since
    sides = [
        LiveSide(battle=battle, left=left, entry=entry) for left, entry in ((True, drawn.left), (False, drawn.right))
    ]
    jobs.enqueue([_job(side) for side in LiveSide.objects.bulk_create(sides)])
    return battle


def _consent(board: Board) -> ConsentText:
    """The text that was accepted, in the source's language, whatever language it was read in."""
    digest = fingerprint("consent", board.pk, str(NOTICE))
    return ConsentText.objects.get_or_create(board=board, digest=digest, defaults={"text": str(NOTICE)})[0]


def _job(side: LiveSide) -> NewJob:
    kind = registry.generators.get(side.entry.model.generator)
    payload = {"side": side.pk, "model": side.entry.model_id}
    return NewJob(_key(side), Job.Kind.LIVE, f"gpu.{kind.backend}", payload, items=1)


def _key(side: LiveSide) -> str:
    return f"live:{side.battle_id}:{'left' if side.left else 'right'}"


def settle(battle: LiveBattle) -> LiveBattle:
    """End a battle that is over: both answers are there, one cannot be made, the time is up, or the page was left.

    Safe to call at any time and by many at once.
    """
    battle.refresh_from_db()
    if battle.state != State.WORKING:
        return battle
    sides = list(battle.sides.order_by("-left"))
    answers = {one.entry_id: one for one in Output.objects.filter(prompt=battle.prompt_id, sample=0)}
    if all(side.entry_id in answers for side in sides):
        _make_ballot(battle, *(answers[side.entry_id] for side in sides))
    elif why := _broken(battle, sides):
        _break(battle, sides, why)
    battle.refresh_from_db()
    return battle


def _broken(battle: LiveBattle, sides: list[LiveSide]) -> str:
    """Why this battle can have no end; "" while it can."""
    now, open_jobs = timezone.now(), Job.objects.filter(key__in=[_key(side) for side in sides])
    if now >= battle.ends_at:
        return Why.LATE
    if open_jobs.filter(state__in=(Job.State.FAILED, Job.State.CANCELLED)).exists():
        return Why.FAILED
    return Why.LEFT if now - battle.seen_at > GONE_AFTER else ""


def _break(battle: LiveBattle, sides: list[LiveSide], why: str) -> None:
    with transaction.atomic():
        if _end(battle, State.BROKEN, why=why):
            jobs.cancel_keys([_key(side) for side in sides])


def refuse(battle: LiveBattle) -> None:
    """End a battle whose answers a cap does not allow."""
    _break(battle, list(battle.sides.all()), Why.BUDGET)


def leave(battle: LiveBattle) -> None:
    """End a battle that its author gives up."""
    _break(battle, list(battle.sides.all()), Why.LEFT)


def _make_ballot(battle: LiveBattle, left: Output, right: Output) -> None:
    """The pair, and a ballot on it unless an answer named its maker where that is hidden; by one caller only."""
    with transaction.atomic():
        if not _end(battle, State.READY):
            return
        row = facts.comparison_row(left, right)
        facts.add_comparisons([row])
        pair = Comparison.objects.get(a=row.a_id, b=row.b_id)
        own = LiveRules.objects.select_related("board").get(arena=battle.arena_id).board
        rules = rules_of(own)
        if rules.leaks == VotingRules.Leaks.HIDE and given_away(own, rules, pair):
            LiveBattle.objects.filter(pk=battle.pk).update(state=State.BROKEN, why=Why.LEAK)
            return
        swapped = pair.a_id != left.pk
        ballot = ballots.open_on(own, voter=battle.voter, comparison=pair.pk, swapped=swapped, chance=battle.chance)
        LiveBattle.objects.filter(pk=battle.pk).update(ballot=ballot)


def _end(battle: LiveBattle, state: str, *, why: str = "") -> bool:
    """Whether this call ended the battle. What was written so far is dropped: the answers are stored as facts."""
    ended = LiveBattle.objects.filter(pk=battle.pk, state=State.WORKING).update(state=state, why=why)
    if ended:
        LiveSide.objects.filter(battle=battle).update(text="")
    return bool(ended)


def note_seen(battle: LiveBattle) -> None:
    """The page is still there."""
    now = timezone.now()
    LiveBattle.objects.filter(pk=battle.pk, seen_at__lt=now - NOTED_EVERY).update(seen_at=now)


def shown(battle: LiveBattle) -> tuple[str, str]:
    """What the page may show of the answers now, left and right; nothing where one has named its maker."""
    found = read.writing(battle)
    own = LiveRules.objects.select_related("board").get(arena=battle.arena_id).board
    rules = rules_of(own)
    if rules.leaks == VotingRules.Leaks.HIDE and names_in(own, rules, found.texts):
        return "", ""
    return read.in_step(found)


def tidy() -> None:
    """For the sweep: end what is over and whose page does not ask any more."""
    for battle in LiveBattle.objects.filter(state=State.WORKING):
        settle(battle)


def _fault(message: str, *field: str) -> InvalidInput:
    return InvalidInput(FieldError(field, message))
