"""Runs the attack suite on a judge with a board's own answers. Nothing is stored and no rating moves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.contracts.attacks import ATTACKS, HONEST, Attack, Case, Measured, measure
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import Board, Entry, Output
from leaderboard.ratings import entry_flags


@dataclass(frozen=True)
class Suite:
    """What the attacks are run with. `others`: what is known of the board's entries, to flag an attack against."""

    good: Entry
    weak: Entry
    cases: tuple[Case, ...]
    others: tuple[entry_flags.Entry, ...]
    expected_unique: float


@dataclass(frozen=True)
class Row:
    """One attack. `flags`: the kinds that keep such an entry out of the ranking; `gains` where it is neither flagged
    nor at or below the honest weak answer, by more than two standard errors of the difference, or where nothing of
    it could be scored and nothing flags it."""

    attack: Attack
    measured: Measured
    flags: tuple[str, ...]
    gains: bool


def prepare(board: Board, *, good: str = "", weak: str = "", prompts: int = 40) -> Suite:
    """The answers of two entries of the board: by default the first and the last of its ranking.

    Raises InvalidInput where there are no such entries, or no prompt that both answered differently.
    """
    entries = {entry.slug: entry for entry in board.ranked_entries().with_parts()}
    ranked = _ranking(board)
    best, last = good or (ranked[0] if ranked else ""), weak or (ranked[-1] if ranked else "")
    for name, slug in (("good", best), ("weak", last)):
        if slug not in entries:
            raise InvalidInput(FieldError((name,), f"No entry '{slug}' is on this board. Name one of its entries."))
    texts = {slug: _texts(board, entry) for slug, entry in entries.items()}
    cases = _cases(board, texts[best], texts[last])[:prompts]
    if len(cases) < 2:
        message = "Two prompts are needed that both entries answered, each in another way."
        raise InvalidInput(FieldError(("weak",), message))
    asked = {case.prompt for case in cases}
    others = [entry_flags.Entry(slug, _summary(own, asked)) for slug, own in texts.items()]
    return Suite(entries[best], entries[last], tuple(cases), tuple(others), _expected_unique(cases))


def _ranking(board: Board) -> list[str]:
    """Slugs from the first to the last, flagged entries left out."""
    if board.current is None:
        return []
    rows = board.current.standings.filter(rank_low__isnull=False).order_by("position")
    return list(rows.values_list("entry__slug", flat=True))


def _texts(board: Board, entry: Entry) -> dict[str, Output]:
    """Sample 0 by the prompt's text."""
    found = Output.objects.filter(entry=entry, sample=0, prompt__benchmark=board.benchmark_id)
    return {output.prompt.text: output for output in found.select_related("prompt").order_by("prompt__position")}


def _cases(board: Board, good: dict[str, Output], weak: dict[str, Output]) -> list[Case]:
    return [
        Case(prompt, own.text, weak[prompt].text, own.prompt.reference)
        for prompt, own in good.items()
        if prompt in weak and weak[prompt].text != own.text
    ]


def _summary(own: dict[str, Output], asked: set[str]) -> entry_flags.OutputSummary:
    return entry_flags.summarise(output.text for prompt, output in own.items() if prompt in asked)


def _expected_unique(cases: Sequence[Case]) -> float:
    references = [case.reference.strip().casefold() for case in cases if case.reference.strip()]
    return len(set(references)) / len(references) if references else math.nan


def run(judge: Any, suite: Suite, attacks: Sequence[Attack] = ATTACKS) -> Iterator[Row]:
    """The honest weak answer first, then each attack; `judge` is a built plugin."""
    honest = measure(judge, suite.cases, HONEST)
    yield Row(HONEST, honest, _flags(HONEST, suite), gains=False)
    for attack in attacks:
        made, flags = measure(judge, suite.cases, attack), _flags(attack, suite)
        yield Row(attack, made, flags, gains=not flags and _beats(made, honest))


def _beats(made: Measured, honest: Measured) -> bool:
    """An output that cannot be scored must be seen by something else."""
    if math.isnan(made.credit):
        return True
    if math.isnan(honest.credit):
        return made.credit > 0.0
    noise = math.hypot(*(0.0 if math.isnan(one.se) else one.se for one in (made, honest)))
    return made.credit > honest.credit + 2 * noise


def _flags(attack: Attack, suite: Suite) -> tuple[str, ...]:
    """As if an entry had given this output to every prompt."""
    name = f"attack: {attack.name}"
    own = entry_flags.Entry(name, entry_flags.summarise(attack.make(case) for case in suite.cases))
    found = entry_flags.flag_entries([*suite.others, own], expected_unique=suite.expected_unique)
    return tuple(sorted({flag.kind for flag in found if flag.entry == name}))
