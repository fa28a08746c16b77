"""The plan of pairs to vote on, made at a refresh by the published rule (`ratings.pairing`). Requests only read it."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext_noop

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.params import InvalidInput, parse_params
from leaderboard.contracts.values import Outcome
from leaderboard.models import ArenaPolicy, Board, BoardSnapshot, PairPlan, Prompt, PromptTurn, Vote
from leaderboard.ratings.pairing import Mask, Sampling, probabilities
from leaderboard.ratings.pairs import Floats
from leaderboard.ratings.strengths import Fit
from leaderboard.services.material import Ground, places_of
from leaderboard.services.rating import Tables

FORMAT = 1
"""Part of every plan's digest: a change of the rule makes new plans."""
MOST_CATEGORIES = 40
"""Prompts of more categories than this take turns as if they were of one."""
KEYS = 1 << 30
UNREADABLE = gettext_noop("The settings of this board's sampling could not be read, so the defaults are used.")
NO_FIT = gettext_noop("The votes gave no ratings to plan by, so the pairs seen least come first.")


@dataclass(frozen=True)
class Asked:
    """What the operator asks for. `prompts`: ids of those voted on, empty for all; `retired`: of entries not shown."""

    rule: Sampling
    prompts: frozenset[int] = frozenset()
    note: str = ""
    retired: frozenset[int] = frozenset()

    @classmethod
    def of(cls, board: Board) -> Asked:
        """By the board's policy; the defaults where it has none."""
        policy = ArenaPolicy.objects.filter(board=board).first()
        if policy is None:
            return cls(Sampling())
        prompts = frozenset(policy.prompts.values_list("pk", flat=True))
        gone = frozenset(policy.retired.values_list("pk", flat=True))
        try:
            return cls(parse_params(Sampling, policy.sampling), prompts, retired=gone)
        except InvalidInput:
            return cls(Sampling(), prompts, UNREADABLE, gone)

    @property
    def digest(self) -> str:
        """Of all that a plan rests on beside the votes."""
        gone = [sorted(self.retired)] if self.retired else []
        return fingerprint("pairs", FORMAT, self.rule.canonical(), sorted(self.prompts), *gone)


def is_current(board: Board, snapshot: BoardSnapshot) -> bool:
    """Whether the board has the plan that its policy asks for; a board that takes no votes needs none."""
    if not board.open_to_votes:
        return True
    return PairPlan.objects.filter(board=board, snapshot=snapshot, asked=Asked.of(board).digest).exists()


def make(board: Board, tables: Tables, snapshot: BoardSnapshot) -> None:
    """Store the plan that follows from what was rated, and give new prompts their turns; for boards that take votes.

    Where no pair can be shown the plan is empty.
    """
    if not board.open_to_votes:
        return
    asked = Asked.of(board)
    prompts = [p for p in tables.ground.prompts if not asked.prompts or p.pk in asked.prompts]
    allowed, met = _pairs_on(tables, prompts, asked.retired)
    turning = _by_category([prompt for prompt in prompts if prompt.pk in met])
    values = {
        "snapshot": snapshot,
        "rule": asked.rule.canonical(),
        "asked": asked.digest,
        "votes": _votes(tables.ground),
        **_chances(tables, allowed, asked),
        "categories": _category_chances(turning, asked.rule),
    }
    with transaction.atomic():
        _take_turns(board, turning)
        PairPlan.objects.update_or_create(board=board, defaults=values)


def _chances(tables: Tables, allowed: Mask, asked: Asked) -> dict[str, Any]:
    """Columns of the plan: entries, chances of their pairs, and what readers must know."""
    if not allowed.any():
        return {"entries": [], "pairs": b"", "note": asked.note}
    fit, note = _fit(tables)
    whole = probabilities(tables.battles.names, allowed, _seen(tables), fit, asked.rule)
    places = [place for place, pk in enumerate(_ids(tables)) if pk not in asked.retired]
    chances = whole[np.ix_(places, places)]
    pairs = (2 * chances[np.triu_indices(len(chances), 1)]).astype("<f4").tobytes()
    return {"entries": [_ids(tables)[place] for place in places], "pairs": pairs, "note": asked.note or note}


def _ids(tables: Tables) -> list[int]:
    return [tables.ground.entries[place].pk for place in tables.ranked]


def _pairs_on(tables: Tables, prompts: list[Prompt], retired: frozenset[int]) -> tuple[Mask, set[int]]:
    """(K, K) which ranked entries have a comparison on any of the prompts, and the prompts of those comparisons.

    Retired ones have none.
    """
    ids, pairs = _ids(tables), tables.ground.tally.columns["comparisons"]
    a, b = places_of(ids, pairs["entry_a"]), places_of(ids, pairs["entry_b"])
    kept = (a >= 0) & (b >= 0) & np.isin(pairs["prompt"], [prompt.pk for prompt in prompts])
    kept &= ~np.isin(pairs["entry_a"], list(retired)) & ~np.isin(pairs["entry_b"], list(retired))
    allowed = np.zeros((len(ids), len(ids)), dtype=np.bool_)
    allowed[a[kept], b[kept]] = allowed[b[kept], a[kept]] = True
    np.fill_diagonal(allowed, False)
    return allowed, set(np.unique(pairs["prompt"][kept]).tolist())


def _fit(tables: Tables) -> tuple[Fit | None, str]:
    try:
        return tables.fit, ""
    except ValueError:
        return None, NO_FIT


def _seen(tables: Tables) -> Floats:
    """(K, K) verdicts of each pair of ranked entries."""
    size = len(tables.battles.names)
    key = tables.battles.a.astype(np.int64) * size + tables.battles.b
    one_way = np.bincount(key, minlength=size * size).reshape(size, size).astype(np.float64)
    return np.asarray(one_way + one_way.T)


def _by_category(prompts: list[Prompt]) -> dict[int, str]:
    """The category under which each prompt takes turns, by the prompt's id."""
    few = len({prompt.category for prompt in prompts}) <= MOST_CATEGORIES
    return {prompt.pk: prompt.category if few else "" for prompt in prompts}


def _category_chances(turning: dict[int, str], rule: Sampling) -> list[tuple[str, float]]:
    size = Counter(turning.values())
    alike = rule.categories == "alike"
    return [(name, 1 / len(size) if alike else n / len(turning)) for name, n in sorted(size.items())]


def _votes(ground: Ground) -> int:
    """Votes so far: those that the board counts, or, where it counts none, those cast on it."""
    if ground.board.counts_votes:
        return len(ground.tally.columns["votes"])
    return Vote.objects.kept().filter(board=ground.board).exclude(outcome=Outcome.SKIP).count()


def _take_turns(board: Board, turning: dict[int, str]) -> None:
    """A row for each prompt. A new one starts level with the least shown of its category, so that it does not flood."""
    rows = PromptTurn.objects.filter(board=board)
    known = dict(rows.values_list("prompt_id", "category"))
    gone = [prompt for prompt, category in known.items() if turning.get(prompt) != category]
    if gone:
        rows.filter(prompt__in=gone).delete()
    new = [prompt for prompt in turning if prompt not in known or prompt in set(gone)]
    if not new:
        return
    level = dict(rows.order_by().values_list("category").annotate(Min("shown")))
    PromptTurn.objects.bulk_create(
        [
            PromptTurn(
                board=board,
                prompt_id=prompt,
                category=turning[prompt],
                shown=level.get(turning[prompt], 0),
                key=secrets.randbelow(KEYS),
            )
            for prompt in new
        ],
        ignore_conflicts=True,
    )
