"""A language model rates one answer on a scale: as a metric of outputs, and as a judge that compares two ratings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from judges.core import Asker, Format, Reading, Spent, most_tokens
from judges.frames import FilledPrompt, JudgePrompt, Single, fill_single
from leaderboard.contracts.values import Message, Pair, Scorable, Scored, Verdict, VerdictState


@dataclass(frozen=True)
class Rating:
    """What a judge made of one answer. `place`: where it stands on the scale, from 0 to 1; None unless scored."""

    reading: Reading
    spent: Spent
    filled: FilledPrompt
    prompt: JudgePrompt
    place: float | None

    def evidence(self) -> dict[str, Any]:
        """Plain JSON from which a stranger can read the rating again."""
        code = {"code": self.filled.code} if self.filled.code else {}
        cut = {"cut": list(self.filled.cut["a"])} if self.filled.cut else {}
        own = {"state": str(self.reading.state), "score": self.reading.value, "raw": self.spent.raw}
        asked = {"prompt": self.prompt.name, "request_digest": self.filled.digest}
        return {**own, **asked, **code, **cut, **self.spent.evidence()}


class Rater:
    """A prompt, a scale and a format. A kind of rater gives all three by `wordings`, `scale` and `form`."""

    def __init__(self, params: Any) -> None:
        self.params = params
        self._asker = Asker(params)

    @property
    def scale(self) -> tuple[float, float]:
        """Lowest and highest number."""
        return 1.0, 10.0

    @property
    def form(self) -> Format:
        """What is asked, and how the reply is read."""
        raise NotImplementedError

    @property
    def wordings(self) -> Sequence[JudgePrompt]:
        """Every prompt that it may use."""
        raise NotImplementedError

    def wording(self, one: Single) -> JudgePrompt:
        """The prompt for this answer."""
        return self.wordings[0]

    def fill(self, one: Single) -> FilledPrompt:
        """The messages for this answer."""
        return fill_single(self.wording(one), one, self.params.presentation)

    def rate(self, singles: Sequence[Single]) -> Iterator[tuple[str, Rating]]:
        """Each answer's rating under its key, as it is known. Raises what the generator raises."""
        known = {one.key: one for one in singles}
        filled = {key: self.fill(one) for key, one in known.items()}
        low, high = self.scale
        for key, reading, spent in self._asker.run(self.form, filled):
            place = None if reading.value is None else (reading.value - low) / (high - low)
            yield key, Rating(reading, spent, filled[key], self.wording(known[key]), place)

    @property
    def may_wait(self) -> bool:
        """Whether its calls may go through a Batch API."""
        return self._asker.may_wait

    def provenance(self) -> dict[str, str]:
        """The model, prompts and parser."""
        names, digests = (" ".join(getattr(one, part) for one in self.wordings) for part in ("name", "digest"))
        own = {"prompt": names, "prompt_digest": digests, "parser_version": self.form.version}
        return {**self._asker.provenance(), **own}


class RatingMetric:
    """The base of metrics that a language model tells: the place on the scale, from 0 (lowest) to 1 (highest)."""

    name: ClassVar[str]
    version: ClassVar[str]
    rater: ClassVar[type[Rater]]

    def __init__(self, params: Any) -> None:
        self._rater = self.rater(params)

    def score(self, *, prompt: str, reference: str, text: str) -> Scored:
        """The value for one output; what is no number is unscored, and its state is the reason."""
        return self.score_many([Scorable(prompt, reference, text)])[0]

    def score_many(self, items: Sequence[Scorable]) -> list[Scored]:
        """The value for each output, asked for all at once. Raises what the generator raises."""
        singles = [Single(str(place), one.prompt, one.text, one.reference) for place, one in enumerate(items)]
        found = dict(self._rater.rate(singles))
        return [_scored(found[one.key]) for one in singles]

    def provenance(self) -> Mapping[str, str]:
        """The model, prompt and parser."""
        return {**self._rater.provenance(), "metric": self.name, "metric_version": self.version}


class RatingJudge:
    """The base of judges that rate each answer alone and compare the two ratings, so order makes no difference.

    Identical answers tie without a call. Where one rating is missing, its state is the verdict's.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    both_orders: ClassVar[bool] = False
    rater: ClassVar[type[Rater]]

    def __init__(self, params: Any) -> None:
        self.params = params
        self._rater = self.rater(params)

    def judge(self, pairs: Sequence[Pair]) -> Iterator[Verdict]:
        """One verdict a pair, once both ratings are there. An answer that meets several others is rated once."""
        places: dict[Single, str] = {}
        waiting: list[tuple[Pair, str, str]] = []
        for pair in pairs:
            if pair.identical:
                yield Verdict(pair.key, VerdictState.SCORED, 0.5, evidence={"identical": True})
            else:
                a, b = (places.setdefault(single, str(len(places))) for single in sides(pair))
                waiting.append((pair, a, b))
        meets: dict[str, list[tuple[Pair, str, str]]] = {}
        for one in waiting:
            for key in one[1:]:
                meets.setdefault(key, []).append(one)
        ratings: dict[str, Rating] = {}
        told: set[str] = set()
        for key, rating in self._rater.rate([_named(single, name) for single, name in places.items()]):
            ratings[key] = rating
            for pair, a, b in meets[key]:
                if a in ratings and b in ratings:
                    new = [ratings[name] for name in dict.fromkeys((a, b)) if name not in told]
                    told |= {a, b}
                    yield self._verdict(pair, ratings[a], ratings[b], new)

    @property
    def cacheable(self) -> bool:
        """Greedy replies are the same each time, but for noise; a second try draws."""
        return bool(self.params.tries == 1)

    @property
    def may_wait(self) -> bool:
        """Whether its calls may go through a Batch API."""
        return self._rater.may_wait

    def most_tokens(self, pair: Pair) -> tuple[int, int]:
        """Prompt and output tokens that both ratings take at most."""
        if pair.identical:
            return 0, 0
        asked = [most_tokens(self._rater.form, self._rater.fill(one)) for one in sides(pair)]
        return sum(sent for sent, _ in asked), sum(written for _, written in asked)

    def preview(self, pair: Pair) -> tuple[Message, ...]:
        """What would be sent for the answer in the first slot; the other is asked about alike."""
        a, b = sides(pair)
        return self._rater.fill(b if pair.swapped else a).messages

    def provenance(self) -> Mapping[str, str]:
        """The model, prompt and parser."""
        return {**self._rater.provenance(), "judge": self.name, "judge_version": self.version}

    def _verdict(self, pair: Pair, a: Rating, b: Rating, new: Sequence[Rating]) -> Verdict:
        """`new`: the ratings that no verdict before this one has counted the cost of."""
        state = next((r.reading.state for r in (a, b) if r.place is None), VerdictState.SCORED)
        counts = Spent([reply for one in new for reply in one.spent.made]).counts()
        returned = Spent(a.spent.made + b.spent.made).returned()
        evidence = {"a": a.evidence(), "b": b.evidence(), "rated_before": 2 - len(new), **returned}
        credit = None if a.place is None or b.place is None else self._credit(a.place, b.place)
        raw = f"{_told(a)} against {_told(b)}"
        return Verdict(pair.key, state, credit, raw=raw, evidence=evidence, **counts)

    def _credit(self, a: float, b: float) -> float:
        """By which is higher, or by how much; `a` and `b` are in [0, 1]."""
        if self.params.credit == "margin":
            return 0.5 + (a - b) / 2
        return (a > b) + 0.5 * (a == b)


def sides(pair: Pair) -> tuple[Single, Single]:
    """Both answers, each on its own and without a key."""
    shared = (pair.reference, pair.earlier_a, pair.checklist)
    other = (pair.reference, pair.earlier_b, pair.checklist)
    return Single("", pair.prompt, pair.answer_a, *shared), Single("", pair.prompt, pair.answer_b, *other)


def _named(single: Single, key: str) -> Single:
    return Single(key, single.prompt, single.answer, single.reference, single.earlier, single.checklist)


def _told(rating: Rating) -> str:
    return f"{rating.reading.value:g}" if rating.reading.value is not None else str(rating.reading.state)


def _scored(rating: Rating) -> Scored:
    value = rating.place
    return Scored(value, "" if value is not None else str(rating.reading.state), rating.spent.raw)
