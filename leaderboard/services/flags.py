"""Flags on entries: raised by a refresh, cleared or raised again by a person with the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import Board, Entry, Flag, FlagDecision, Prompt, User
from leaderboard.ratings import entry_flags
from leaderboard.services import audit_log
from leaderboard.services.length_tables import LENGTH
from leaderboard.services.rating import Tables
from leaderboard.services.tally import Tally

RIGHT = "leaderboard.decide_flag"


def cleared(board: Board) -> frozenset[tuple[str, str]]:
    """(slug, kind) of each flag whose latest decision cleared it."""
    latest = FlagDecision.objects.filter(flag=OuterRef("pk")).order_by("-pk").values("cleared")[:1]
    found = Flag.objects.filter(board=_home(board)).annotate(now=Subquery(latest)).filter(now=True)
    return frozenset(found.values_list("entry__slug", "kind"))


def _home(board: Board) -> Board:
    """A child board shares its parent's entries and so their flags."""
    return board.parent or board


def look(result: Tables, tally: Tally, prompts: Sequence[Prompt]) -> tuple[entry_flags.Flag, ...]:
    """All that is to be seen now, cleared or not; `result` must rate every entry."""
    slopes = _slopes(result)
    raw, lc = (_values(result, name) for name in ("win-rate", LENGTH))
    entries = [
        entry_flags.Entry(
            entry.slug, tally.summaries.get(entry.pk), slopes.get(entry.slug), lc.get(entry.slug), raw.get(entry.slug)
        )
        for entry in result.ground.entries
    ]
    references = [prompt.reference.strip().casefold() for prompt in prompts if prompt.reference.strip()]
    expected = len(set(references)) / len(references) if references else float("nan")
    return entry_flags.flag_entries(entries, expected_unique=expected)


def _slopes(result: Tables) -> dict[str, float]:
    """ψ by slug, where prompts have a difficulty."""
    table = result.tables.get(LENGTH)
    if table is None or table.extra["difficulty"] == "none":
        return {}
    return {slug: row["difficulty"] for slug, row in table.extra["coefficients"].items()}


def _values(result: Tables, name: str) -> dict[str, float]:
    table = result.tables.get(name)
    return {r.name: r.value for r in table.ratings if r.value is not None} if table else {}


def record(board: Board, entries: Sequence[Entry], found: Sequence[entry_flags.Flag]) -> None:
    """Store the flags that are new; one that is there keeps the evidence it was raised with.

    Of several of one kind, as for several markers, the first is stored; a decision is on the kind.
    """
    ids = {entry.slug: entry.pk for entry in entries}
    known = set(Flag.objects.filter(board=_home(board)).values_list("entry__slug", "kind"))
    new = [
        Flag(
            board=_home(board),
            entry_id=ids[flag.entry],
            kind=flag.kind,
            evidence=dict(flag.evidence),
            sentence=flag.sentence[:500],
        )
        for flag in found
        if (flag.entry, flag.kind) not in known
    ]
    Flag.objects.bulk_create(new, ignore_conflicts=True)


def decide(*, flag: Flag, user: Any, cleared: bool, reason: str) -> FlagDecision:
    """Store a person's decision and ask for a new snapshot. Raises PermissionError, InvalidInput."""
    from leaderboard.services import boards

    if not isinstance(user, User) or not user.has_perm(RIGHT):
        raise PermissionError(f"Only a person with the permission {RIGHT} decides on flags.")
    told = " ".join(reason.split())
    if not told:
        raise InvalidInput(FieldError(("reason",), _("Say why, so that others can follow the decision.")))
    if len(told) > 500:
        raise InvalidInput(FieldError(("reason",), _("At most 500 characters.")))
    with transaction.atomic():
        decision = FlagDecision.objects.create(flag=flag, user=user, cleared=cleared, reason=told)
        action, data = "flag-cleared" if cleared else "flag-raised", {"kind": flag.kind}
        audit_log.write(action, board=flag.board, subject=flag.entry.slug[:120], user=user, reason=told, data=data)
        boards.request_refresh(flag.board)
    return decision
