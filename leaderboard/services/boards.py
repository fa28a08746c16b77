"""Makes board snapshots. A snapshot is keyed by the digest of its inputs, so equal facts give equal boards."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import CharField, Exists, F, Max, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from leaderboard.contracts import registry
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.models import Board, BoardSnapshot, CategoryStanding, Entry, Job, Standing, Submission, Vote
from leaderboard.queries import lengths
from leaderboard.queries.prepared import Prepared
from leaderboard.ratings import entry_flags
from leaderboard.services import flags, jobs, people, planning, voters
from leaderboard.services.details import Details, details, plain, sayings
from leaderboard.services.length_tables import Memo
from leaderboard.services.material import Ground
from leaderboard.services.rating import METHODS, Tables, add_ratings, rate, rates, rows
from leaderboard.services.streams import Columns, Scope
from leaderboard.services.tally import Tally, store, tally

MOST_CATEGORIES = 40
"""Boards with more categories than this are not rated by category."""


PATIENCE = 4.0
"""A patient request waits this many times as long as the last refresh took, so that rating stays a small part."""
LONGEST_WAIT = 60.0
LOOKED_AT = 1000
"""Votes that the sweep looks at; a board that is voted on more than others asks again with its next vote."""


def request_refresh(board: Board, *, patient: bool = False, at_once: bool = False) -> None:
    """Ask for a new snapshot of the board, its children, and boards that count the same votes.

    Many requests make one refresh. `patient`: more facts are on their way, so it may wait; the others wait longer the
    more of them there are. `at_once`: a person waits for the board itself, so it begins as soon as this is committed.
    """
    related = Board.objects.filter(_with(board))
    related.update(wanted=F("wanted") + 1)
    found = list(related.values_list("pk", flat=True))
    for pk in found:
        own = pk == board.pk
        _rearm(pk, patient=patient, share=1 if own else len(found), at_once=at_once and own)


def request_after_vote(board: Board) -> None:
    """Ask for what a vote changes, once it is committed. One query, and no lock, where all is asked for already.

    A refresh that has not begun reads every vote committed before; one that runs may have read its votes already.
    """
    parent = board.parent_id if board.counts_votes and board.parent_id else board.pk
    for pk in _LATE(own=board.pk, parent=parent, benchmark=board.benchmark_id):
        Board.objects.filter(pk=pk).update(wanted=F("wanted") + 1)
        _rearm(pk, patient=True)


def _late(own: int, parent: int, benchmark: int) -> QuerySet[Any]:
    """Boards of which no refresh waits, among those that count votes on a board."""
    key = Concat(Value("refresh:"), Cast("pk", CharField()))
    waiting = Job.objects.filter(key=OuterRef("key"), state=Job.State.READY)
    related = Q(pk=own) | Q(parent=own) | Q(parent=parent, counts_votes=True, benchmark=benchmark)
    found = Board.objects.filter(related).annotate(key=key).filter(~Exists(waiting))
    return found.order_by("pk").values_list("pk", flat=True)


_LATE = Prepared[int](_late, own=int, parent=int, benchmark=int)


def _with(board: Board) -> Q:
    """The board, its children and, where votes count, the other children of its parent that count votes."""
    own = Q(pk=board.pk) | Q(parent=board.pk)
    beside = Q(parent=board.parent_id, counts_votes=True, benchmark=board.benchmark_id)
    return own | beside if board.counts_votes and board.parent_id else own


def _rearm(pk: int, *, patient: bool = False, share: int = 1, at_once: bool = False) -> None:
    key, wait = f"refresh:{pk}", 0.0 if at_once else float(settings.REFRESH_SECONDS)
    if patient:
        took = Job.objects.filter(key=key).values_list("payload__seconds", flat=True).first() or 0.0
        wait = max(wait, min(PATIENCE * took * share, LONGEST_WAIT))
    else:
        jobs.hasten(key, wait)
    jobs.rearm(key, Job.Kind.REFRESH, "default", {"board": pk}, wait)
    if at_once:
        due = Job.objects.filter(key=key, state=Job.State.READY, sent_at=None)
        transaction.on_commit(lambda: jobs.ring_all(due))


def rearm_stale() -> None:
    """For the sweep: boards that still wait for a snapshot get their job back."""
    busy = set(Submission.objects.exclude(state__in=Submission.ENDED).values_list("board", flat=True))
    for pk, parent in Board.objects.filter(built__lt=F("wanted")).values_list("pk", "parent"):
        _rearm(pk, patient=bool(busy & {pk, parent}))
    for board in _with_unseen_votes():
        request_after_vote(board)


def newest_vote(board: Board) -> int:
    """The id of the last vote on the board; 0 where there is none."""
    return Vote.objects.filter(board=board).order_by("-pk").values_list("pk", flat=True).first() or 0


def _with_unseen_votes() -> list[Board]:
    """Boards that were voted on since their last refresh began, among the latest votes: a process that was killed
    between a vote and its request left nothing else behind."""
    last = Vote.objects.order_by("-pk").values_list("pk", flat=True).first()
    if last is None:
        return []
    latest = Vote.objects.filter(pk__gt=last - LOOKED_AT).order_by().values("board").annotate(newest=Max("pk"))
    newest = {row["board"]: row["newest"] for row in latest}
    known = Job.objects.filter(key__in=[f"refresh:{pk}" for pk in newest])
    for state, job in known.values_list("state", "payload"):
        if state != Job.State.DONE or job.get("votes", 0) >= newest[job["board"]]:  # one under way is told by `wanted`
            del newest[job["board"]]
    return list(Board.objects.filter(pk__in=newest))


FORMAT = 5
"""Part of every digest: a change of what a snapshot holds makes new ones."""


def refresh(board: Board) -> BoardSnapshot:
    """Rate the board's present facts; an equal snapshot is reused."""
    wanted = board.wanted
    entries = list(board.ranked_entries().with_parts().order_by("slug"))
    scope = Scope.of(board, entries)
    counted, cleared = tally(scope), flags.cleared(board)
    judged = people.judged(board)
    digest = _digest(board, entries, counted, cleared, judged)
    known = _known(board, digest)
    planned = known is not None and planning.is_current(board, known)
    made = None if planned else _rate(board, entries, counted, cleared, judged)
    if made or counted.changed:
        store(scope, counted)
    snapshot = known or _stored(board, digest, made)
    if made:
        planning.make(board, made.tables, snapshot)
    Board.objects.filter(pk=board.pk).update(current=snapshot, built=wanted)
    return snapshot


def _stored(board: Board, digest: str, made: Made | None) -> BoardSnapshot:
    """The snapshot with its rows; where another refresh of the same facts was quicker, that one's."""
    assert made is not None
    try:
        with transaction.atomic():
            return _store(board, digest, made)
    except IntegrityError:
        found = _known(board, digest)
        if found is None:
            raise
        return found


def _known(board: Board, digest: str) -> BoardSnapshot | None:
    return BoardSnapshot.objects.filter(board=board, digest=digest).first()


def _digest(
    board: Board, entries: list[Entry], counted: Tally, cleared: frozenset[tuple[str, str]], judged: Columns | None
) -> str:
    names = sorted({board.rater, *METHODS})
    return fingerprint(
        "board",
        FORMAT,
        board.slug,
        board.benchmark.digest,
        [[name, _version(name)] for name in names],
        [board.rater, board.pairing, board.baseline.fingerprint if board.baseline else ""],
        [entry.fingerprint for entry in entries],
        board.metric.fingerprint if board.metric else "",
        sorted(cleared),
        [given.difficulty, given.regulariser] if (given := lengths.given(board)) else [],
        sorted(board.judges.values_list("fingerprint", flat=True)),
        counted.digest,
        [f"{judged.digest:x}"] if judged is not None else [],
    )


def _version(rater: str) -> str:
    """Empty for a plugin that cannot be loaded, so that a snapshot without it is not taken for one with it."""
    try:
        return registry.ratings.get(rater).version
    except registry.PluginError:
        return ""


@dataclass(frozen=True)
class Made:
    """A snapshot before it is stored: columns of each row with its entry, best first, the same by category, flags.

    `tables`: of the whole board, to plan the next pairs by.
    """

    entries: list[Entry]
    rows: list[tuple[int, dict[str, Any]]]
    categories: dict[str, list[tuple[int, dict[str, Any]]]]
    details: Details
    flags: tuple[entry_flags.Flag, ...]
    ground: Ground
    voters: voters.Looked
    tables: Tables


def _rate(
    board: Board, entries: list[Entry], counted: Tally, cleared: frozenset[tuple[str, str]], judged: Columns | None
) -> Made:
    prompts = tuple(
        board.benchmark.prompts.only("pk", "benchmark", "key", "reference", "category", "follows_id").order_by(
            "position"
        )
    )
    own = tuple(board.judges.exclude(plugin="imported").values_list("pk", flat=True))
    ground = Ground(board, tuple(entries), prompts, counted, own, lengths.given(board))
    memo, counted.memo = counted.memo, {}
    seen = rates(ground, frozenset(), Memo(memo, counted.memo))
    found = flags.look(seen, counted, prompts)
    out = _kept_out(found, cleared, board.baseline.slug if board.baseline else "")
    whole = rates(ground, frozenset(out), Memo(memo, counted.memo)) if out else seen
    add_ratings(whole)
    told = details(whole, found, cleared)
    told["categories"], categories = _categories(ground, out, Memo(memo, counted.memo))
    lines = rows(whole, out)
    _add_neighbours(entries, lines, told)
    notes = [columns["note"] for part in (lines, *categories.values()) for _, columns in part]
    told["said"] = sayings(told["notes"], told["methods"], told["neighbours"], told["length"], notes)
    votes = voters.look(ground)
    told["voters"] = votes.counts
    told["people"] = people.people(ground, judged)
    return Made(entries, lines, categories, plain(told), found, ground, votes, whole)


def _kept_out(
    found: Sequence[entry_flags.Flag], cleared: frozenset[tuple[str, str]], baseline: str
) -> dict[str, list[str]]:
    """By slug the kinds of flag that nobody has cleared; the baseline stays in, as the others are measured by it."""
    out: dict[str, list[str]] = {}
    for flag in found:
        kinds = out.get(flag.entry, [])
        if flag.entry != baseline and (flag.entry, flag.kind) not in cleared and flag.kind not in kinds:
            out[flag.entry] = [*kinds, flag.kind]
    return out


def _categories(ground: Ground, out: dict[str, list[str]], memo: Memo) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What each category holds, and its rows; nothing where all prompts are of one, or there are too many."""
    names = sorted({prompt.category for prompt in ground.prompts if prompt.category})
    if not 1 < len(names) <= MOST_CATEGORIES:
        return [], {}
    told, found = [], {}
    for name in names:
        part = dataclasses.replace(ground, prompts=tuple(p for p in ground.prompts if p.category == name))
        tables = rate(part, frozenset(out), memo)
        told.append({"name": name, "prompts": len(part.prompts), "verdicts": tables.found.rows})
        if tables.found.rows:
            found[name] = rows(tables, out)
    return told, found


def _add_neighbours(entries: list[Entry], lines: list[tuple[int, dict[str, Any]]], told: Details) -> None:
    """The chance to stand above the next entry, and the judgments that would decide it, in each row."""
    by_better = {one["better"]: one for one in told["neighbours"]}
    for place, columns in lines:
        one = by_better.get(entries[place].slug, {})
        columns["chance"], columns["more"] = one.get("chance"), one.get("more")


def _store(board: Board, digest: str, made: Made) -> BoardSnapshot:
    snapshot = BoardSnapshot.objects.create(board=board, digest=digest, details=made.details)
    Standing.objects.bulk_create(
        Standing(snapshot=snapshot, entry=made.entries[place], position=position, **plain(columns))
        for position, (place, columns) in enumerate(made.rows, 1)
    )
    CategoryStanding.objects.bulk_create(
        CategoryStanding(
            snapshot=snapshot, category=name, entry=made.entries[place], position=position, **plain(columns)
        )
        for name, lines in made.categories.items()
        for position, (place, columns) in enumerate(lines, 1)
    )
    flags.record(board, made.entries, made.flags)
    voters.record(board, made.ground, made.voters)
    return snapshot
