"""The base of judges that show a language model two answers at once and read which it prefers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from judges.core import Asker, Format, LLMParams, most_tokens, verdict
from judges.frames import FilledPrompt, JudgePrompt, Presentation, SlotNames, fill_pair
from judges.prompts import RANDOM_NAMES
from leaderboard.contracts.params import Params
from leaderboard.contracts.values import Message, Pair, Verdict, VerdictState

PUBLISHED: SlotNames = ("A", "B")


class WrittenParams(LLMParams):
    """What every judge has that writes before it decides."""

    max_new_tokens: int = Field(2048, ge=1, le=4096, description="A reply longer than this many tokens is truncated.")
    tries: int = Field(1, ge=1, le=5, description="How often a reply without a clear verdict is asked for again.")
    longest_answer: int = Field(0, ge=0, description="Characters of an answer that are shown; 0 shows all.")


class ComparingParams(WrittenParams):
    """How two answers are called."""

    slot_names: Literal["random", "published"] = Field(
        "random", description="Names drawn for each pair and a code that no answer can know, or the published A and B."
    )

    @property
    def presentation(self) -> Presentation:
        """What goes with the names."""
        return Presentation(self.slot_names == "random", self.longest_answer)


class PairwiseJudge:
    """Identical answers tie without a call. What is no number keeps its own state, never a tie.

    A kind of judge gives `form` and `wordings`, and where it has several of these, `wording`.
    """

    both_orders: ClassVar[bool] = True
    name: ClassVar[str]
    version: ClassVar[str]
    title: ClassVar[str]
    Params: ClassVar[type[Params]]

    def __init__(self, params: Any) -> None:
        self.params = params
        self._asker = Asker(params)

    @property
    def form(self) -> Format:
        """What is asked, and how the reply is read."""
        raise NotImplementedError

    @property
    def wordings(self) -> Sequence[JudgePrompt]:
        """Every prompt that it may use."""
        raise NotImplementedError

    def wording(self, pair: Pair) -> JudgePrompt:
        """The prompt for this pair."""
        return self.wordings[0]

    def fill(self, pair: Pair) -> FilledPrompt:
        """The messages for this pair in its order."""
        names = pair_names(pair) if self.params.slot_names == "random" else PUBLISHED
        return fill_pair(self.wording(pair), pair, names, self.params.presentation)

    def preview(self, pair: Pair) -> tuple[Message, ...]:
        """What would be sent for this pair."""
        return self.fill(pair).messages

    @property
    def may_wait(self) -> bool:
        """Whether its calls may go through a Batch API."""
        return self._asker.may_wait

    def most_tokens(self, pair: Pair) -> tuple[int, int]:
        """Prompt and output tokens that a verdict on this pair takes at most."""
        return (0, 0) if pair.identical else most_tokens(self.form, self.fill(pair))

    def judge(self, pairs: Sequence[Pair]) -> Iterator[Verdict]:
        """One verdict a pair, as each is known.

        Raises: whatever the generator raises; RuntimeError where it leaves a request out or doubles one.
        """
        waiting: dict[str, Pair] = {}
        for index, pair in enumerate(pairs):
            if pair.identical:
                evidence = {"identical": True, **self._versions([self.wording(pair)])}
                yield Verdict(pair.key, VerdictState.SCORED, 0.5, evidence=evidence)
            else:
                waiting[str(index)] = pair
        filled = {key: self.fill(pair) for key, pair in waiting.items()}
        for key, reading, spent in self._asker.run(self.form, filled):
            pair = waiting[key]
            evidence = {**self._versions([self.wording(pair)]), **_shown(pair, filled[key])}
            yield verdict(pair.key, reading, spent, swapped=pair.swapped, evidence=evidence)

    def provenance(self) -> Mapping[str, str]:
        """The judge's model, prompt and parser; loads nothing unless a verdict was asked for before."""
        own = {**self._versions(self.wordings), "judge": self.name, "judge_version": self.version}
        return {**self._asker.provenance(), **own}

    def _versions(self, prompts: Sequence[JudgePrompt]) -> dict[str, str]:
        names, digests = (" ".join(getattr(one, part) for one in prompts) for part in ("name", "digest"))
        return {"prompt": names, "prompt_digest": digests, "parser_version": self.form.version}


def pair_names(pair: Pair) -> SlotNames:
    """Slot names decided by the texts alone: not by the order, nor by which side is called a."""
    texts = json.dumps([pair.prompt, *sorted((pair.answer_a, pair.answer_b))])
    return RANDOM_NAMES[hashlib.sha256(texts.encode()).digest()[0] % len(RANDOM_NAMES)]


def _shown(pair: Pair, filled: FilledPrompt) -> dict[str, Any]:
    """How the pair was shown; plain JSON. With the reply, a stranger can compute the verdict again."""
    shown: dict[str, Any] = {
        "slot_names": list(filled.names),
        "slots": ["b", "a"] if pair.swapped else ["a", "b"],
        "request_digest": filled.digest,
    }
    if filled.code:
        shown["code"] = filled.code
    if filled.cut:
        shown["cut"] = {side: list(lengths) for side, lengths in filled.cut.items()}
    return shown
