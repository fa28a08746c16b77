"""Whether and how an arena takes live battles: the operator's settings, and the board that rates their votes apart."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pydantic import Field

from leaderboard.contracts.params import FieldError, InvalidInput, Params, parse_params
from leaderboard.models import ArenaPolicy, Board, LiveRules, User, VotingRules
from leaderboard.services import audit_log, boards, catalog

SUFFIX = "-live"
SLUG_ROOM, TITLE_ROOM = 80, 120
LIMIT = "0 is no limit."
LIVE_TITLE = gettext_noop("%(title)s, live")
"""Title of the board of live votes, stored in English; pages know it by `Board.live`."""


class LiveSettings(Params):
    """What an operator decides on live battles. Limits count prompts, by fixed days."""

    on: bool = Field(
        default=False,
        title="Allow live battles",
        description="A voter writes a prompt, and two entries answer it at once. The prompt is stored.",
    )
    rated: bool = Field(
        default=True,
        title="Rate live votes",
        description="They are rated on a board of their own, never with the arena's other votes.",
    )
    characters: int = Field(default=2000, ge=1, le=20_000, title="Longest prompt", description="In characters.")
    tokens: int = Field(default=256, ge=1, le=8192, title="Longest answer", description="In tokens.")
    seconds: int = Field(
        default=90, ge=5, le=900, title="Time limit", description="Seconds for both answers, with waiting."
    )
    waiting: int = Field(default=10, ge=1, le=1000, title="Most at once", description="Battles under way on the arena.")
    account_day: int = Field(default=50, ge=0, title="Prompts a day for an account", description=LIMIT)
    session_day: int = Field(default=50, ge=0, title="Prompts a day for a session", description=LIMIT)
    network_day: int = Field(default=500, ge=0, title="Prompts a day from a network", description=LIMIT)
    arena_day: int = Field(default=2000, ge=0, title="Prompts a day on the arena", description=LIMIT)


def settings_of(arena: Board) -> LiveSettings:
    """What holds on an arena now; the defaults, which allow none, where nobody has set anything."""
    rules = getattr(arena, "live_rules", None)
    if rules is None:
        return LiveSettings()
    policy = getattr(arena, "policy", None)
    return LiveSettings(**{**rules.settings, "on": policy is not None and policy.live})


def change(arena: Board, given: dict[str, Any], *, user: User | None = None) -> LiveSettings:
    """Set what is given, keep the rest, and log it; the first time, the board of live votes is made.

    Raises InvalidInput at ("live", …).
    """
    if arena.live or not arena.open_to_votes:
        raise InvalidInput(FieldError((), _("Only an arena whose prompts are its own takes live battles.")))
    before = settings_of(arena).canonical()
    wanted = parse_params(LiveSettings, {**before, **given}, "live")
    changed = {f"live {name}": [before[name], now] for name, now in wanted.canonical().items() if now != before[name]}
    if not changed:
        return wanted
    with transaction.atomic():
        rules = LiveRules.objects.select_related("board").filter(arena=arena).first()
        own = rules.board if rules else _board(arena)
        LiveRules.objects.update_or_create(arena=arena, defaults={"board": own, "settings": wanted.canonical()})
        ArenaPolicy.objects.update_or_create(board=arena, defaults={"live": wanted.on})
        _rate(own, wanted.rated)
        audit_log.write("arena-changed", board=arena, user=user, data=changed)
    return wanted


def _rate(own: Board, rated: bool) -> None:
    if own.counts_votes != rated:
        Board.objects.filter(pk=own.pk).update(counts_votes=rated)
        boards.request_refresh(own)


def _board(arena: Board) -> Board:
    """The board of an arena's live votes: its entries, its rules for voters, and prompts that voters add."""
    slug = _free_slug(arena)
    own = Board.objects.create(
        slug=slug,
        title=LIVE_TITLE % {"title": arena.title[: TITLE_ROOM - len(LIVE_TITLE % {"title": ""})]},
        description=gettext_noop("Ranked by blind votes on voters' own prompts, apart from all other votes."),
        benchmark=catalog.live_benchmark(slug),
        parent=arena.parent or arena,
        own_entries=arena.own_entries,
        counts_votes=True,
        open_to_votes=True,
        live=True,
    )
    if arena.own_entries:
        own.entries.add(*arena.entries.all())
    rules = VotingRules.objects.filter(board=arena).first()
    if rules is not None:
        rules.pk, rules.board, rules.attention_share = None, own, 0.0
        rules.save(force_insert=True)
    boards.request_refresh(own)
    return own


def _free_slug(arena: Board) -> str:
    start = arena.slug[: SLUG_ROOM - 10] + SUFFIX
    taken = set(Board.objects.filter(slug__startswith=start).values_list("slug", flat=True))
    return next(name for name in (start, *(f"{start}-{n}" for n in range(2, len(taken) + 3))) if name not in taken)
