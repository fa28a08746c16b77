"""Reads what was said before outputs: the turns that a prompt has of itself, and an entry's own answers before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from leaderboard.contracts.values import Message, Role
from leaderboard.models import Comparison, Output, Prompt

BATCH = 500
"""Prompts whose answers are read by one query."""

Spot = tuple[Prompt, int, int]
"""A prompt, an entry's id and a sample: where an output is, or will be."""


class MissingTurnError(Exception):
    """An entry has no answer to a turn that comes before."""


@dataclass(frozen=True)
class Turn:
    """One message of a conversation. `output`: the entry's answer that it is; None where everyone has the same turn,
    and where the entry has no answer.
    """

    role: Role
    content: str
    output: Output | None = None
    missing: bool = False


def chain_of(prompt: Prompt, known: Mapping[int, Prompt]) -> list[Prompt]:
    """The prompts that it follows, first to last. `known`: all prompts of the benchmark by id."""
    found: list[Prompt] = []
    while prompt.follows_id is not None:
        prompt = known[prompt.follows_id]
        found.insert(0, prompt)
    return found


def answers_before(pair: Comparison) -> list[Output]:
    """What the two entries of a pair answered to the turns before; no query where nothing is before it."""
    if pair.prompt.follows_id is None:
        return []
    talks = Talks.of_pairs([pair])
    turns = (turn for side in (pair.a, pair.b) for turn in talks.before(pair.prompt, side.entry_id, side.sample))
    return [turn.output for turn in turns if turn.output is not None]


class Talks:
    """The conversations of many outputs, in two queries for each turn before theirs, and none where none follows."""

    def __init__(self, spots: Iterable[Spot]) -> None:
        """`spots`: all that will be asked about."""
        self._prompts: dict[int, Prompt] = {}
        self._answers: dict[tuple[int, int, int], Output] = {}
        wanted = {(prompt.follows_id, entry, sample) for prompt, entry, sample in spots if prompt.follows_id}
        while wanted:
            self._read(wanted)
            known = self._prompts
            before = ((known[pk].follows_id, entry, sample) for pk, entry, sample in wanted)
            wanted = {(pk, entry, sample) for pk, entry, sample in before if pk}

    @classmethod
    def of_pairs(cls, comparisons: Iterable[Comparison]) -> Talks:
        """Of both sides of each."""
        return cls((one.prompt, side.entry_id, side.sample) for one in comparisons for side in (one.a, one.b))

    @classmethod
    def of_outputs(cls, outputs: Iterable[Output]) -> Talks:
        """Of each of them; their prompts must be read."""
        return cls((one.prompt, one.entry_id, one.sample) for one in outputs)

    def _read(self, wanted: set[tuple[int, int, int]]) -> None:
        entries, samples = {entry for _, entry, _ in wanted}, {sample for _, _, sample in wanted}
        ids = sorted({pk for pk, _, _ in wanted} - self._prompts.keys())
        fields = ("entry_id", "prompt_id", "sample", "text", "finish_reason", "provenance")
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            self._prompts |= Prompt.objects.in_bulk(part)
            found = Output.objects.filter(prompt__in=part, entry__in=entries, sample__in=samples).only(*fields)
            self._answers |= {(row.prompt_id, row.entry_id, row.sample): row for row in found}

    def answer(self, prompt: Prompt, entry: int, sample: int) -> Output | None:
        """The entry's answer to the turn before this prompt; None where none is stored, and where nothing is before."""
        return self._answers.get((prompt.follows_id or 0, entry, sample))

    def before(self, prompt: Prompt, entry: int, sample: int) -> list[Turn]:
        """The turns before the prompt, as this entry's sample met them."""
        if prompt.follows_id is None:
            return [Turn(turn["role"], turn["content"]) for turn in prompt.earlier]
        last, own = self._prompts[prompt.follows_id], self.answer(prompt, entry, sample)
        answer = Turn("assistant", own.text if own else "", own, missing=own is None)
        return [*self.before(last, entry, sample), Turn("user", last.text), answer]

    def messages(self, prompt: Prompt, entry: int, sample: int) -> tuple[Message, ...]:
        """The same as models and judges get it. Raises MissingTurnError where an answer is missing."""
        turns = self.before(prompt, entry, sample)
        if any(turn.missing for turn in turns):
            raise MissingTurnError(f"There is no answer to the turn before the prompt '{prompt.key}'.")
        return tuple(Message(turn.role, turn.content) for turn in turns)
