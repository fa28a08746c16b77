"""Caps on money and tokens: a chunk holds back the most that it can cost before it starts, and settles what it took.

Every change locks the rows of its purses in the order of their keys, so that workers side by side can neither pass a
cap nor wait for each other in a ring. What a killed worker had in flight was perhaps paid, but nobody can tell: it is
not counted. The cap of a purse that is filled anew every day stands in the row of its key without the date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.said import said
from leaderboard.models import Budget, Hold, Job, Submission
from leaderboard.models.budgets import NANO
from leaderboard.services import jobs
from leaderboard.services.prices import Rate

WAITING = said("Waiting for budget")
"""How the error of a job begins that waits for money or tokens."""
DAY, LIVE = "day", "live"
NAMES = {
    "submission": said("this submission"),
    "sweep": said("this sweep"),
    "judge": said("the judge"),
    DAY: said("the day"),
    LIVE: said("the day's live battles of this arena"),
}
DATED = re.compile(r":\d{4}-\d{2}-\d{2}$")
MOST_USD = 1_000_000
MOST_TOKENS = 10**15


class OverBudget(Exception):
    """Not even one more piece of work fits under a cap; the message says which, for people."""


@dataclass(frozen=True)
class Most:
    """The most that one piece of work can take; None where it cannot be told."""

    tokens: int | None
    nano: int | None


@dataclass(frozen=True)
class Took:
    """What was really used."""

    tokens: int = 0
    nano: int = 0


def most_of(prompt_tokens: int, output_tokens: int, rate: Rate | None) -> Most:
    """The bound of one call or several at a price; without a price only its tokens are known."""
    return Most(prompt_tokens + output_tokens, rate.nano(prompt_tokens, output_tokens) if rate else None)


def together(most: Sequence[Most]) -> Most:
    """Several pieces of work as one, of which nothing is done unless all is."""
    return Most(_sum(one.tokens for one in most), _sum(one.nano for one in most))


def purses(job: Job, judge_id: int | None = None, submission: Submission | None = None) -> list[str]:
    """Keys of what pays for a job: its submission and sweep, its judge, and today.

    `submission`: whose part of a job it is, where the job works for several.
    """
    owner = submission or job.submission
    sweep = job.sweep_id or (owner.sweep_id if owner else None)
    named = {"submission": owner.pk if owner else None, "sweep": sweep, "judge": judge_id}
    return sorted([_today(DAY), *(f"{name}:{pk}" for name, pk in named.items() if pk is not None)])


def purses_of_live(arena_id: int) -> list[str]:
    """Keys of what pays for the live battles of an arena: its own purse of today, and today."""
    return sorted([_today(DAY), _today(f"{LIVE}:{arena_id}")])


def _today(key: str) -> str:
    return f"{key}:{timezone.now():%Y-%m-%d}"


def _of_cap(key: str) -> str:
    """The key of the row in which a purse's caps stand."""
    return DATED.sub("", key)


def capped(keys: Sequence[str]) -> bool:
    """Whether any of these purses has a cap now."""
    named = Budget.objects.filter(key__in=[_of_cap(key) for key in keys])
    return named.exclude(cap_nano=None, cap_tokens=None).exists()


def refusal(keys: Sequence[str], most: Sequence[Most]) -> str:
    """Why these pieces of work do not fit now, all together; empty where they do. Nothing is held back."""
    whole = together(most)
    known = {row.key: row for row in Budget.objects.filter(key__in=keys)}
    rooms = _with_caps([known.get(key) or Budget(key=key) for key in keys])
    return next(filter(None, (room.refuses(whole) for room in rooms)), "")


def hold(job: Job, keys: Sequence[str], most: Sequence[Most]) -> int:
    """Hold back for the first of these pieces of work, as many as fit; how many. Earlier holds of the job end.

    Raises: OverBudget where not one fits.
    """
    release(job)  # in a transaction of its own, since it may lock other purses
    with transaction.atomic():
        rooms = _with_caps(_locked(keys))
        fit = _fitting(rooms, most)
        if most and not fit:
            raise OverBudget(next(filter(None, (room.refuses(most[0]) for room in rooms))))
        if any(room.capped for room in rooms):
            tokens, nano = _sums(most[:fit])
            _add([room.row for room in rooms], held_nano=nano, held_tokens=tokens)
            Hold.objects.create(job=job, keys=list(keys), nano=nano, tokens=tokens)
        return fit


def settle(job: Job, keys: Sequence[str], held: Iterable[Most], took: Took) -> None:
    """Count what was used, and hold back no longer for the pieces that are done."""
    tokens, nano = _sums(held)
    with transaction.atomic(savepoint=False):
        rows = _locked(keys)
        kept = _own(job)
        if kept is None:  # there is no cap, or another worker has the job and the hold is its own
            tokens = nano = 0
        else:
            tokens, nano = min(tokens, kept.tokens), min(nano, kept.nano)
            Hold.objects.filter(pk=kept.pk).update(tokens=kept.tokens - tokens, nano=kept.nano - nano)
        _add(rows, held_tokens=-tokens, held_nano=-nano, spent_tokens=took.tokens, spent_nano=took.nano)


def release(job: Job) -> None:
    """End what is held back for a job that is ours now, also by a worker that had it before."""
    if _own(job) is None:
        return
    with transaction.atomic():
        kept = _own(job)
        if kept is not None:
            rows = _locked(kept.keys)
            if Hold.objects.filter(pk=kept.pk).delete()[0]:
                _add(rows, held_tokens=-kept.tokens, held_nano=-kept.nano)


@contextmanager
def released(job: Job, unless: type[Exception] | tuple[()] = ()) -> Iterator[None]:
    """Whatever the work holds back is held back no longer when it ends, but for an exception of the kind `unless`."""
    try:
        yield
    except unless:
        raise
    except BaseException:
        release(job)
        raise
    release(job)


def held_for(job: Job) -> list[str]:
    """Keys of the purses that hold something back for a job that is ours now; none where nothing is."""
    kept = _own(job)
    return list(kept.keys) if kept else []


def set_cap(key: str, *, usd: float | str | None = None, tokens: int | None = None) -> Budget:
    """Set both caps of a purse, None for none, and let what waits for budget try again. Raises InvalidInput."""
    if wrong := faults(usd, tokens):
        raise InvalidInput(*wrong)
    caps = {"cap_nano": None if usd is None else int(Decimal(str(usd)) * NANO), "cap_tokens": tokens}
    row, _ = Budget.objects.update_or_create(key=key, defaults=caps)
    jobs.wake(WAITING)
    return row


def faults(usd: float | str | None, tokens: int | None) -> list[FieldError]:
    """What is wrong with caps, at ("max_usd",) and ("max_tokens",)."""
    found = []
    if usd is not None and not _is_amount(usd):
        found.append(
            FieldError(
                ("max_usd",), said("Give dollars from 0 to {most_usd:,}, not '{usd}'.", most_usd=MOST_USD, usd=usd)
            )
        )
    if tokens is not None and not 0 <= tokens <= MOST_TOKENS:
        found.append(
            FieldError(
                ("max_tokens",), said("Give a number of tokens from 0 to {most_tokens:,}.", most_tokens=MOST_TOKENS)
            )
        )
    return found


def _is_amount(usd: float | str) -> bool:
    try:
        amount = Decimal(str(usd))
    except InvalidOperation:
        return False
    return amount.is_finite() and 0 <= amount <= MOST_USD


@dataclass(frozen=True)
class _Caps:
    nano: int | None
    tokens: int | None


@dataclass(frozen=True)
class _Room:
    """What is left in a purse."""

    row: Budget
    cap: _Caps

    @property
    def capped(self) -> bool:
        return self.cap != _Caps(None, None)

    @property
    def nano(self) -> int | None:
        return None if self.cap.nano is None else self.cap.nano - self.row.spent_nano - self.row.held_nano

    @property
    def tokens(self) -> int | None:
        return None if self.cap.tokens is None else self.cap.tokens - self.row.spent_tokens - self.row.held_tokens

    def refuses(self, one: Most) -> str:
        """Why a piece of work does not fit; empty where it does."""
        name = NAMES[self.row.key.split(":")[0]]
        if self.nano is not None and one.nano is None:
            return said(
                "{waiting}: {name} has a cap in dollars, but no price of the model is known.",
                waiting=WAITING,
                name=name,
            )
        if self.tokens is not None and one.tokens is None:
            return said(
                "{waiting}: {name} has a cap in tokens, but this judge cannot tell the most it takes.",
                waiting=WAITING,
                name=name,
            )
        if self.nano is not None and one.nano is not None and one.nano > self.nano:
            return said(
                "{waiting}: {name} has ${value:.4f} left, one more may cost ${value_2:.4f}.",
                waiting=WAITING,
                name=name,
                value=max(0, self.nano) / NANO,
                value_2=one.nano / NANO,
            )
        if self.tokens is not None and one.tokens is not None and one.tokens > self.tokens:
            return said(
                "{waiting}: {name} has {value:,} tokens left, one more may take {tokens:,}.",
                waiting=WAITING,
                name=name,
                value=max(0, self.tokens),
                tokens=one.tokens,
            )
        return ""


def _own(job: Job) -> Hold | None:
    """The job's hold, unless another worker has claimed the job since."""
    return Hold.objects.filter(job=job, job__epoch=job.epoch).first()


def _sums(some: Iterable[Most]) -> tuple[int, int]:
    """Tokens and billionths together; what cannot be told counts as nothing, for where it matters it is refused."""
    found = list(some)
    return sum(one.tokens or 0 for one in found), sum(one.nano or 0 for one in found)


def _sum(amounts: Iterable[int | None]) -> int | None:
    """None where one of them cannot be told."""
    found = list(amounts)
    return None if None in found else sum(amount or 0 for amount in found)


def _fitting(rooms: Sequence[_Room], most: Sequence[Most]) -> int:
    """How many of the first pieces fit into every purse together."""
    nano = min((room.nano for room in rooms if room.nano is not None), default=None)
    tokens = min((room.tokens for room in rooms if room.tokens is not None), default=None)
    for place, one in enumerate(most):
        nano, tokens = _less(nano, one.nano), _less(tokens, one.tokens)
        if (nano is not None and nano < 0) or (tokens is not None and tokens < 0):
            return place
    return len(most)


def _less(room: int | None, amount: int | None) -> int | None:
    """What is left of a room; an amount that nobody can tell fits only where there is no cap."""
    if room is None:
        return None
    return -1 if amount is None else room - amount


def _locked(keys: Sequence[str]) -> list[Budget]:
    """The rows of the purses, locked in order. SQLite's transactions lock the whole file.

    Missing rows are made before any is locked: whoever waits to make one must not hold what another needs.
    """
    wanted = Budget.objects.filter(key__in=keys).order_by("key")
    if wanted.count() < len(set(keys)):
        Budget.objects.bulk_create([Budget(key=key) for key in sorted(set(keys))], ignore_conflicts=True)
    return list(wanted.select_for_update())


def _with_caps(rows: Sequence[Budget]) -> list[_Room]:
    keys = [_of_cap(row.key) for row in rows]
    found = {row.key: _Caps(row.cap_nano, row.cap_tokens) for row in Budget.objects.filter(key__in=keys)}
    return [_Room(row, found.get(key, _Caps(None, None))) for row, key in zip(rows, keys, strict=True)]


def _add(rows: Sequence[Budget], **amounts: int) -> None:
    """Add to locked rows."""
    if added := {name: F(name) + amount for name, amount in amounts.items() if amount}:
        Budget.objects.filter(pk__in=[row.pk for row in rows]).update(**added)
