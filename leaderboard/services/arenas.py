"""Makes arenas out of boards. An arena is a child board that ranks by people's votes; `arena_changes` changes one."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pydantic import Field, StringConstraints, field_validator

from leaderboard.contracts.params import FieldError, InvalidInput, Params
from leaderboard.contracts.said import said
from leaderboard.models import ArenaPolicy, Board, Entry, Prompt, User
from leaderboard.queries import sign_in
from leaderboard.ratings.pairing import Sampling
from leaderboard.services import boards, live_rules
from leaderboard.services.live_rules import LiveSettings
from leaderboard.services.text import storable

MOST_CONSENT = 20_000
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")
APART_TITLES = {
    Board.Voters.NAMED: gettext_noop("%(title)s, named voters"),
    Board.Voters.ANONYMOUS: gettext_noop("%(title)s, anonymous voters"),
}
"""Titles of the boards that rate votes apart, by whose they count. Stored in English; pages know `Board.voters`."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]


class ArenaSettings(Params):
    """What an arena is made of."""

    slug: Slug = Field(title="Short name", description="Part of the address: small letters, digits and hyphens.")
    title: str = Field(title="Title", min_length=1, max_length=100)
    entries: list[str] = Field(default=[], title="Entries", description="None chosen means all, also later ones.")
    categories: list[str] = Field(default=[], title="Categories of prompts", description="None chosen means all.")
    share: float = Field(
        default=1.0, gt=0, le=1, title="Share of prompts", description="1 is all of them; 0.5 a random half."
    )
    access: Literal["anyone", "account", "domain", "provider"] = Field(default="anyone", title="Who may vote")
    domains: list[str] = Field(default=[], title="E-mail domains", description="Such as example.org.", max_length=100)
    providers: list[str] = Field(
        default=[], title="Sign-in providers", description="Ids of those set up on this server.", max_length=100
    )
    consent: str = Field(
        default="",
        max_length=MOST_CONSENT,
        title="Consent text",
        description="Shown before the first vote, and accepted by each voter. Empty asks for nothing.",
    )
    invite_only: bool = Field(default=False, title="By invitation only")
    apart: bool = Field(
        default=False,
        title="Rate named and anonymous votes apart",
        description="Two more boards: one counts votes of accounts, the other votes without one.",
    )
    sampling: Sampling = Sampling()
    live: LiveSettings = LiveSettings()

    @field_validator("domains")
    @classmethod
    def _domains(cls, given: list[str]) -> list[str]:
        found = [name.strip().lower().removeprefix("@") for name in given]
        for name in found:
            if not DOMAIN.fullmatch(name):
                raise ValueError(said("'{name}' is not a domain; write one such as example.org.", name=name))
        return sorted(set(found))


def make(board: Board, settings: ArenaSettings, *, user: User | None) -> Board:
    """A new arena of the board's entries, and the boards that rate its votes apart.

    Raises InvalidInput at the names of `ArenaSettings`.
    """
    home = board.parent or board
    entries, prompts = _chosen(home, settings)
    slugs = [settings.slug, *(f"{settings.slug}-{voters}" for voters in APART_TITLES if settings.apart)]
    taken = sorted(Board.objects.filter(slug__in=slugs).values_list("slug", flat=True))
    if taken:
        message = _("There is a board '%(name)s' already. Choose another name.") % {"name": taken[0]}
        raise InvalidInput(FieldError(("slug",), message))
    try:
        with transaction.atomic():
            return _stored(home, settings, entries, prompts, user)
    except IntegrityError:
        raise InvalidInput(FieldError(("slug",), _("This name has just been taken. Choose another."))) from None


def _stored(
    home: Board, settings: ArenaSettings, entries: list[Entry], prompts: list[Prompt], user: User | None
) -> Board:
    arena = _child(home, settings.slug, settings.title, entries, open_to_votes=True)
    policy = ArenaPolicy.objects.create(
        board=arena,
        access=settings.access,
        domains=settings.domains,
        providers=sorted(set(settings.providers)),
        consent=storable(settings.consent).strip(),
        invite_only=settings.invite_only,
        asked=_asked(settings, len(prompts)),
        sampling=settings.sampling.canonical(),
        made_by=user,
    )
    policy.prompts.add(*prompts)
    if settings.apart:
        rate_apart(arena)
    live_rules.change(arena, settings.live.canonical(), user=user)
    boards.request_refresh(arena)
    return arena


def apart_of(arena: Board) -> list[Board]:
    """The boards that rate the arena's named and anonymous votes apart."""
    slugs = [f"{arena.slug}-{voters}" for voters in APART_TITLES]
    return list(Board.objects.filter(slug__in=slugs, parent=arena.parent_id, counts_votes=True).order_by("pk"))


def rate_apart(arena: Board) -> list[Board]:
    """Make the boards that rate named and anonymous votes apart, where they are missing; votes so far count too.

    Raises InvalidInput at ("apart",) where the arena is no child of a board, or another board has such a name.
    """
    if arena.parent is None:
        raise InvalidInput(FieldError(("apart",), _("Only an arena made of a board can rate votes apart.")))
    there, made = {one.slug for one in apart_of(arena)}, []
    for voters, template in APART_TITLES.items():
        slug, title = f"{arena.slug}-{voters}", template % {"title": arena.title[:100]}
        if slug in there:
            continue
        if Board.objects.filter(slug=slug).exists():
            message = _("There is a board '%(name)s' already. Choose another name.") % {"name": slug}
            raise InvalidInput(FieldError(("apart",), message))
        entries = list(arena.entries.all()) if arena.own_entries else []
        made.append(_child(arena.parent, slug, title, entries, voters=voters))
    for one in made:
        boards.request_refresh(one)
    return made


def _child(home: Board, slug: str, title: str, entries: Sequence[Entry], **more: Any) -> Board:
    made = Board.objects.create(
        slug=slug,
        title=storable(title),
        description=gettext_noop("Ranked by blind votes of people alone."),
        benchmark=home.benchmark,
        parent=home,
        own_entries=bool(entries),
        counts_votes=True,
        **more,
    )
    made.entries.add(*entries)
    return made


def _chosen(home: Board, settings: ArenaSettings) -> tuple[list[Entry], list[Prompt]]:
    """The entries and prompts that are named; none of a kind means all. Raises InvalidInput."""
    faults: list[FieldError] = []
    known = {entry.slug: entry for entry in home.ranked_entries()}
    faults += _unknown("entries", settings.entries, list(known), _("The board has no entry '%(name)s'."))
    if len(known) < 2:
        faults.append(FieldError((), _("An arena needs two entries. Add entries to the board first.")))
    if settings.entries and len(set(settings.entries)) < 2:
        faults.append(FieldError(("entries",), _("Choose two entries or more, or none for all.")))
    weighed = [*settings.sampling.weights, *settings.sampling.least_of]
    faults += _unknown("sampling", weighed, list(known), _("The board has no entry '%(name)s'."))
    faults += policy_faults(settings)
    prompts = list(home.benchmark.prompts.order_by("position").only("pk", "category"))
    named = [p.category for p in prompts if p.category]
    faults += _unknown("categories", settings.categories, named, _("The board has no category '%(name)s'."))
    if faults:
        raise InvalidInput(*faults)
    entries = [known[slug] for slug in dict.fromkeys(settings.entries)]
    return entries, _some(prompts, settings)


def policy_faults(settings: ArenaSettings) -> list[FieldError]:
    """What is wrong with who may vote, at ("domains",) and ("providers",)."""
    if settings.access == "domain" and not settings.domains:
        return [FieldError(("domains",), _("Name the domains whose addresses may vote.")), *_provider_faults(settings)]
    return _provider_faults(settings)


def _provider_faults(settings: ArenaSettings) -> list[FieldError]:
    if settings.access == "provider" and not settings.providers:
        return [FieldError(("providers",), _("Name the providers that people must sign in with."))]
    known = {one.id for one in sign_in.providers()}
    wrong = [name for name in settings.providers if name not in known]
    message = _("No sign-in provider '%(name)s' is set up on this server.")
    return [FieldError(("providers",), message % {"name": wrong[0]})] if wrong else []


def _unknown(field: str, named: Sequence[str], known: Sequence[str], sentence: str) -> list[FieldError]:
    wrong = [name for name in named if name not in known]
    return [FieldError((field,), sentence % {"name": wrong[0]})] if wrong else []


def _some(prompts: list[Prompt], settings: ArenaSettings) -> list[Prompt]:
    """The prompts that are voted on; none where that is all. A share is drawn by the arena's name, so it can be redone.

    Raises InvalidInput at ("share",).
    """
    if not settings.categories and settings.share == 1:
        return []
    wanted = [p for p in prompts if not settings.categories or p.category in settings.categories]
    count = math.ceil(settings.share * len(wanted))
    if not count:
        raise InvalidInput(FieldError(("share",), _("No prompt is left. Choose more of them.")))
    drawn = random.Random(f"arena {settings.slug}").sample(range(len(wanted)), count)
    return [wanted[place] for place in sorted(drawn)]


def _asked(settings: ArenaSettings, count: int) -> str:
    """Which prompts are voted on, in words; `web.vote_words.asked` reads them."""
    if not count:
        return "all prompts"
    kinds = f" of {', '.join(settings.categories)}" if settings.categories else ""
    share = f", a random {100 * settings.share:g} %" if settings.share < 1 else ""
    return storable(f"{count} prompt{'s' if count > 1 else ''}{kinds}{share}")[:300]
