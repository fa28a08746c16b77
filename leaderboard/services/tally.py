"""What a board has counted so far: its facts as columns, kept in a file, so that a refresh reads new rows only.

The file is disposable: without it, or where the board's entries or judges have changed, all is read again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.utils import timezone

from leaderboard.contracts.values import FinishReason
from leaderboard.models import Board
from leaderboard.queries.exports import UNKNOWN
from leaderboard.ratings.entry_flags import MarkerHits, OutputSummary, summarise
from leaderboard.services.masks import held_back, taken_back
from leaderboard.services.streams import STREAMS, Columns, Scope, outputs_of

log = logging.getLogger(__name__)


@dataclass
class Tally:
    """All columns of a board: `columns` are what counts. `votes`: all that was read; `heard`: those not taken back.

    `summaries`: of each entry's outputs by id. `memo`: results worth keeping, by content.
    """

    key: str
    columns: dict[str, Columns]
    votes: Columns
    heard: Columns
    summaries: dict[int, OutputSummary] = field(default_factory=dict)
    memo: dict[str, Any] = field(default_factory=dict)
    changed: bool = False

    @property
    def digest(self) -> list[Any]:
        """What was counted, whatever the order in which it came."""
        return [[name, len(c), f"{c.digest:x}"] for name, c in self.columns.items()]


def tally(scope: Scope, now: datetime | None = None) -> Tally:
    """The board's columns, brought up to the present facts; `store` keeps them for the next time."""
    found, memo = _load(scope)
    at, first = (now or timezone.now()).timestamp(), found is None
    if found is None:
        found = _of(scope.key, {name: stream.empty() for name, stream in STREAMS.items()}, memo=memo)
    changed = [name for name, stream in STREAMS.items() if stream.read(scope, found.columns[name], at, first=first)]
    found.changed = bool(changed)
    found.heard = found.votes.without(taken_back(scope, found.votes))
    found.columns["votes"] = found.heard.without(held_back(scope, found.heard))
    if "outputs" in changed:
        _summarise(scope, found)
    return found


def _of(key: str, columns: dict[str, Columns], **more: Any) -> Tally:
    return Tally(key, columns, columns["votes"], columns["votes"], **more)


def _summarise(scope: Scope, found: Tally) -> None:
    """Summaries of the entries that have new outputs, over those whose texts are known."""
    count = dict(zip(*np.unique(found.columns["outputs"]["entry"], return_counts=True), strict=True))
    for entry, n in count.items():
        if int(entry) in found.summaries and found.summaries[int(entry)].n == n:
            continue
        rows = outputs_of(scope).filter(entry=int(entry)).order_by("prompt__position", "sample")
        rows = rows.exclude(provenance__has_key=UNKNOWN)
        texts = list(rows.values_list("text", "prompt_id", "finish_reason"))
        prompts, cut = [row[1] for row in texts], [row[2] == FinishReason.LENGTH.value for row in texts]
        known = any(row[2] for row in texts)
        found.summaries[int(entry)] = summarise((row[0] for row in texts), prompts, cut if known else None)


def _path(board: Board) -> Path:
    return Path(settings.DATA_DIR) / "tallies" / f"{board.pk}.npz"


def store(scope: Scope, found: Tally) -> None:
    """Keep the columns for the next refresh. A full disk costs time later, nothing else."""
    whole = {**found.columns, "votes": found.votes}
    arrays = {f"{name}.{column}": a for name, c in whole.items() for column, a in c.values.items()}
    notes = {
        "key": found.key,
        "digests": {name: f"{c.digest:x}" for name, c in whole.items()},
        "summaries": {str(pk): dataclasses.asdict(summary) for pk, summary in found.summaries.items()},
        "memo": found.memo,
    }
    path = _path(scope.board)
    # No two writers share a name, be they threads, processes or hosts.
    part = path.with_suffix(f".{secrets.token_hex(8)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.savez(file, allow_pickle=False, notes=np.array(json.dumps(notes)), **arrays)
        part.replace(path)
    except OSError as problem:
        log.warning("The tally of board %s was not stored: %s", scope.board.slug, problem)
        with contextlib.suppress(OSError):
            part.unlink()


def _load(scope: Scope) -> tuple[Tally | None, dict[str, Any]]:
    """What was kept, and its memo; None where that is nothing, damaged, of other facts, or ahead of the database.

    The memo is by content, so it holds for other facts too.
    """
    try:
        with np.load(_path(scope.board), allow_pickle=False) as file:
            notes = json.loads(str(file["notes"]))
            found, memo = _restored(notes, file), dict(notes["memo"])
    except FileNotFoundError:
        return None, {}
    except Exception as problem:  # a damaged archive can raise almost anything
        log.warning("The tally of board %s is read anew: %r", scope.board.slug, problem)
        return None, {}
    whole = found.key == scope.key and all(s.has_last(scope, found.columns[name]) for name, s in STREAMS.items())
    return (found if whole else None), memo


def _restored(notes: dict[str, Any], file: Any) -> Tally:
    columns = {}
    for name, stream in STREAMS.items():
        columns[name] = stream.empty()
        columns[name].values = {column: file[f"{name}.{column}"] for column in columns[name].values}
        if len({len(column) for column in columns[name].values.values()}) != 1:
            raise ValueError(f"The columns of {name} differ in length.")
        columns[name].digest = int(notes["digests"][name], 16)
    summaries = {int(pk): _summary(fields) for pk, fields in notes["summaries"].items()}
    return _of(notes["key"], columns, summaries=summaries, memo=notes["memo"])


def _summary(fields: dict[str, Any]) -> OutputSummary:
    return OutputSummary(**{**fields, "markers": tuple(MarkerHits(**hit) for hit in fields["markers"])})
