"""Reads arenas for their operators: what can be chosen for one, its invitations, who joined."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from leaderboard.models import Admission, ArenaPolicy, AuditEntry, Board, Entry, Invite
from leaderboard.queries import audit_log

CHANGED = "arena-changed"
SHOWN_CHANGES = 20


def free_slug(home: Board) -> str:
    """A short name for a new arena of the board that no board has yet."""
    start = f"{home.slug}-arena"[:55]
    taken = set(Board.objects.filter(slug__startswith=start).values_list("slug", flat=True))
    names = [start, *(f"{start}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def entry_choices(home: Board) -> list[tuple[str, str]]:
    """Slug and name of each entry of the board."""
    entries = home.ranked_entries().with_parts().order_by("slug")
    return [(entry.slug, f"{entry.model.name}, {entry.decoding.label}") for entry in entries]


def categories(home: Board) -> list[str]:
    """The categories of the board's prompts."""
    return list(
        home.benchmark.prompts.exclude(category="").order_by("category").values_list("category", flat=True).distinct()
    )


def retired(board: Board) -> QuerySet[Any]:
    """Ids of the entries that an arena shows no more, for use inside another query."""
    links: Any = ArenaPolicy.retired.through
    found: QuerySet[Any] = links.objects.filter(arenapolicy__board=board).values("entry")
    return found


def shown(board: Board) -> list[Entry]:
    """The entries that are drawn, by name."""
    return list(board.ranked_entries().exclude(pk__in=retired(board)).order_by("slug"))


def retired_entries(board: Board) -> list[Entry]:
    """The entries that are drawn no more, by name."""
    return list(Entry.objects.filter(pk__in=retired(board)).order_by("slug"))


def changes(board: Board) -> list[AuditEntry]:
    """The latest changes of the arena, newest first."""
    return list(audit_log.entries_of(board).filter(action=CHANGED).order_by("-number")[:SHOWN_CHANGES])


def invites(board: Board) -> list[Invite]:
    """Every invitation, newest first."""
    return list(Invite.objects.filter(board=board).order_by("-pk"))


def joined(board: Board) -> int:
    """How many voters joined by an invitation or by accepting a text."""
    return Admission.objects.filter(board=board).values("voter").distinct().count()


def apart(board: Board) -> list[Board]:
    """Boards of the same parent that count votes of named or of anonymous voters alone."""
    if board.parent_id is None:
        return []
    found = Board.objects.filter(parent=board.parent_id, counts_votes=True)
    return list(found.exclude(voters=Board.Voters.ALL).order_by("slug"))
