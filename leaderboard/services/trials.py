"""Trials of a judge on stored pairs: asked for here, made by a worker, kept; then a board may take the judge."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from leaderboard.contracts import registry
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.registry import PluginError
from leaderboard.contracts.said import said
from leaderboard.models import Board, Comparison, Job, Judge, JudgeTrial, User
from leaderboard.services import boards, catalog, jobs
from leaderboard.services.jobs import NewJob
from leaderboard.services.orders import unjudged_by_order
from leaderboard.services.text import storable_json

PAIRS = 5
QUEUE = "judge"
CHUNK = 200
NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")
STAFF_ONLY = said("Only staff may try a judge and give it to a board.")

Shown = tuple[int, bool]
"""A comparison's id, and whether side b is shown first."""


def ask(*, board: str, plugin: str, params: Mapping[str, Any], user: User) -> uuid.UUID:
    """Have a worker try a judge on pairs of the board; the id of the trial to come.

    Raises: PermissionError for all but staff; InvalidInput at ("board",), ("judge",) or ("params", …).
    """
    if not user.is_staff:
        raise PermissionError(STAFF_ONLY)
    on, sound = check(board=board, plugin=plugin, params=params)
    made = uuid.uuid4()
    payload = {"board": on.pk, "plugin": plugin, "params": sound, "pairs": pairs_of(on), "user": user.pk}
    jobs.enqueue([NewJob(key_of(made), Job.Kind.TRIAL, QUEUE, payload)])
    return made


def key_of(trial: uuid.UUID) -> str:
    """The key of the job that makes a trial."""
    return f"trial:{trial}"


def check(*, board: str, plugin: str, params: Mapping[str, Any], tried: bool = True) -> tuple[Board, dict[str, Any]]:
    """The board, which needs pairs where the judge is to be tried, and the settings in full.

    Raises InvalidInput with every fault found.
    """
    faults: list[FieldError] = []
    found = Board.objects.filter(slug=board).first()
    if found is None:
        known = ", ".join(Board.objects.values_list("slug", flat=True)) or "none yet"
        faults.append(
            FieldError(("board",), said("There is no board '{board}'. Boards: {known}.", board=board, known=known))
        )
    elif tried and not pairs_of(found):
        faults.append(FieldError(("board",), said("{title} has no pairs of different outputs yet.", title=found.title)))
    sound: dict[str, Any] = {}
    try:
        sound = _settings(plugin, params)
    except InvalidInput as problem:
        faults += problem.errors
    if faults or found is None:
        raise InvalidInput(*faults)
    return found, sound


def _settings(plugin: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that the judge, and the model behind it, can be built from. Raises InvalidInput."""
    registry.judges.choose(plugin, "judge")
    parsed = registry.judges.parse(plugin, params, "params")
    built = registry.judges.build(plugin, params, "params")
    try:
        built.provenance()
    except InvalidInput as problem:
        raise InvalidInput(*(error.under("params", "generator_params") for error in problem.errors)) from None
    except PluginError as problem:
        field = "generator" if "generator" in type(parsed).model_fields else next(iter(type(parsed).model_fields))
        raise InvalidInput(FieldError(("params", field), str(problem))) from None
    return parsed.canonical()


def pairs_of(board: Board, count: int = PAIRS) -> list[Shown]:
    """Pairs of different texts, each on another prompt where there are enough, in both orders in turn.

    The prompts with the smallest hashes of their keys, so that every trial on a board shows the same ones.
    """
    entries = board.ranked_entries().values("pk")
    fresh = Comparison.objects.filter(prompt__benchmark=board.benchmark_id, entry_a__in=entries, entry_b__in=entries)
    fresh = fresh.exclude(a__text=F("b__text"))
    prompts = sorted(fresh.values_list("prompt_id", "prompt__key").distinct(), key=lambda row: fingerprint(row[1]))
    firsts = [fresh.filter(prompt=pk).order_by("pk").values_list("pk", flat=True)[0] for pk, _ in prompts[:count]]
    rest = fresh.exclude(pk__in=firsts).order_by("pk").values_list("pk", flat=True)[: count - len(firsts)]
    return [(pk, bool(place % 2)) for place, pk in enumerate([*firsts, *rest])]


def record(
    *, pk: uuid.UUID, board_id: int, plugin: str, params: Mapping[str, Any], rows: Sequence[Any], user_id: int | None
) -> None:
    """Keep what came of a trial, once. A person who is gone meanwhile is left out."""
    person = User.objects.filter(pk=user_id).first() if user_id is not None else None
    trial = JudgeTrial(
        id=pk, board_id=board_id, plugin=plugin, params=dict(params), rows=storable_json(list(rows)), user=person
    )
    JudgeTrial.objects.bulk_create([trial], ignore_conflicts=True)


def add_to_board(*, board: Board, plugin: str, params: Mapping[str, Any], name: str = "") -> tuple[Judge, int]:
    """Let the board count this judge, and queue its verdicts on all pairs that are there; the judge and how many.

    Raises InvalidInput at ("name",), ("judge",) or ("params", …).
    """
    if name and not NAME.fullmatch(name):
        raise InvalidInput(FieldError(("name",), said("Use 1 to 60 letters, digits, hyphens and underscores.")))
    if board.parent is not None:
        raise InvalidInput(
            FieldError(("board",), said("This board ranks what {title} does; add it there.", title=board.parent.title))
        )
    with transaction.atomic():
        judge = catalog.judge(plugin=plugin, params=params, name=name)
        board.judges.add(judge)
        asked = list(_jobs(board, judge))
        jobs.enqueue(asked)
        boards.request_refresh(board)
    return judge, sum(job.items for job in asked)


def _jobs(board: Board, judge: Judge) -> list[NewJob]:
    """Chunks of their own, which belong to no submission; the board is refreshed after each."""
    round_ = uuid.uuid4().hex[:8]
    made = []
    for swapped, ids in unjudged_by_order(board, judge, Q()).items():
        for start in range(0, len(ids), CHUNK):
            items = ids[start : start + CHUNK]
            payload = {"judge": judge.pk, "swapped": swapped, "board": board.pk, "items": items}
            key = f"judge:{judge.pk}:{int(swapped)}:{board.slug}:{round_}:{items[0]}"
            made.append(NewJob(key, Job.Kind.JUDGE, QUEUE, payload, None, len(items)))
    return made
