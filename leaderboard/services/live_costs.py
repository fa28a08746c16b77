"""What a live battle may cost at most, looked at before it begins; a worker holds back for each answer all the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leaderboard.contracts import registry
from leaderboard.models import Board, Entry
from leaderboard.services import budgets, prices
from leaderboard.services.budgets import Most
from leaderboard.services.making_costs import PAID, most_sent


def refusal(arena: Board, prompt: str, entries: Sequence[Entry], tokens: int) -> str:
    """Why the caps do not allow an answer of each of these entries now; empty where they do.

    `tokens`: of the longest answer that the arena allows.
    """
    keys = budgets.purses_of_live(arena.pk)
    paid = [entry for entry in entries if registry.generators.get(entry.model.generator).backend == PAID]
    if not paid or not budgets.capped(keys):
        return ""
    return budgets.refusal(keys, [_most(entry, prompt, tokens) for entry in paid])


def _most(entry: Entry, prompt: str, tokens: int) -> Most:
    sent = most_sent(filter(None, (entry.template.system, prompt)))
    own: Any = registry.decoding.build(entry.decoding.strategy, entry.decoding.params)
    return budgets.most_of(sent, min(own.max_new_tokens, tokens), prices.rate_of(entry.model.name))
