"""Signs that an entry plays the judge instead of answering, each with its evidence.

`summarise` reads an entry's outputs once and keeps numbers only; `flag_entries` weighs the summaries of one
board against each other. A flag is a reason to look, not a verdict.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from statistics import median

from leaderboard.ratings.flag_sentences import Evidence, sentence_of

UNIQUE_SHARE = 0.9
"""Share of different outputs, of the share to be expected, below which repeats are a flag."""
SHORT_ANSWER_SHARE = 0.5
"""The same on boards whose answers repeat by nature, where honest entries differ more."""
LEAST_DIFFERENT = 10
"""Different outputs to be expected below which answers are a choice of few, and repeats say nothing."""
LEAST_PROMPTS = 10
LEAST_OTHERS = 2
"""Other entries that a comparison with the board needs."""
LEAST_SLOPES = 5
SLOPE_SHARE = 1 / 3
"""Of the median ψ of the others. In AlpacaEval's published fits several ordinary entries lie under one half."""
LENGTH_SPREAD = 0.01
"""Standard deviation over mean of the lengths; below it they do not follow the prompts."""
SHORT = 20
"""Code points; outputs this short may well all have one length."""
MARKED_SHARE = 0.01
EMPTY_SHARE = 0.05
TRUNCATED_SHARE = 0.5
LONG = 5
"""Times the board's median length."""
EXCERPT = 80

_MARKERS: Mapping[str, tuple[tuple[str, ...], re.Pattern[str]]] = {
    kind: (needles, re.compile(pattern, re.MULTILINE))
    for kind, needles, pattern in (
        (
            "role-token",
            ("<|", "<start_of_turn>", "inst]", "<<sys>>"),
            r"<\|(?:im_start|start_header_id|begin_of_text|system|user|assistant)\|>|<start_of_turn>|\[/?inst\]|<<sys>>",
        ),
        (
            "pair-record",
            ("model_identifier", "output_", "answer_", "response_"),
            r"\bmodel_identifier[\"']?\s*[:=]|[\"'](?:output|answer|response)_[12ab][\"']\s*:",
        ),
        (
            "judge-heading",
            ("model output", "best model identifier", "your verdict", "your judg", "[the ", "outputs from the models"),
            r"^#{1,6} *(?:(?:the )?model outputs?|best model identifier|your (?:verdict|judge?ment))\b"
            r"|\[the (?:start|end) of (?:the )?(?:assistant|reference|user)|\bunordered outputs from the models\b",
        ),
        (
            "verdict-token",
            ("[[",),
            r"\[\[[abc](?:[><=]{1,2}[abc])?\]\]|\brating: *\[\[\d{1,2}(?:\.\d+)?\]\]",
        ),
        (
            "override",
            ("ignore", "disregard", "forget"),
            r"\b(?:ignore|disregard|forget) (?:all |any |everything )?(?:of )?(?:the |your |my |these |those )?"
            r"(?:above|previous|preceding|prior|earlier)\b",
        ),
    )
}
"""By kind: texts of which one must occur, a cheap first look, and the pattern; both for lower-case text."""


@dataclass(frozen=True)
class MarkerHits:
    """`n` outputs hold a marker of this `kind`; the first is output `place`, with `excerpt` around the marker."""

    kind: str
    n: int
    place: int
    excerpt: str


@dataclass(frozen=True)
class OutputSummary:
    """What is kept of an entry's outputs.

    `n` outputs, `n_empty` of them blank. Of the others the first to each prompt is compared: `n_compared`,
    with `n_unique` different ones, and their length in code points, mean and standard deviation (ddof 0).
    `n_truncated`: outputs that hit the token limit, None where not known.
    """

    n: int
    n_empty: int
    n_compared: int
    n_unique: int
    mean_length: float
    sd_length: float
    n_truncated: int | None = None
    markers: tuple[MarkerHits, ...] = ()

    @property
    def unique_share(self) -> float:
        """Different outputs over those compared; 1 where there are none."""
        return self.n_unique / self.n_compared if self.n_compared else 1.0


@dataclass(frozen=True)
class Entry:
    """One entry of a board. `psi`: its slope on instruction difficulty; `lc`, `raw`: win rates in points."""

    name: str
    outputs: OutputSummary | None = None
    psi: float | None = None
    lc: float | None = None
    raw: float | None = None


@dataclass(frozen=True)
class Flag:
    """A reason to look at an entry before it is ranked."""

    kind: str
    entry: str
    evidence: Evidence = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return sentence_of(self.kind, self.evidence)


def summarise(
    texts: Iterable[str], prompts: Iterable[Hashable] | None = None, truncated: Iterable[bool] | None = None
) -> OutputSummary:
    """The summary of an entry's outputs, read once; memory grows by 16 bytes a different output.

    `prompts`: of each output, so that further samples of one prompt do not count as repeats; by default all
    differ. `truncated`: whether each hit the token limit. Outputs that differ only in case or white space
    are equal.

    Raises: ValueError where the three differ in number.
    """
    tally = _Tally()
    for place, (text, prompt, cut) in enumerate(_rows(texts, prompts, truncated)):
        tally.add(place, text, prompt)
        tally.n_truncated += cut
    return tally.summary(knows_truncated=truncated is not None)


def flag_entries(entries: Sequence[Entry], *, expected_unique: float = math.nan) -> tuple[Flag, ...]:
    """All flags of a board's entries, in their order.

    `expected_unique`: share of different answers among the references, where there are any. Repeats are
    judged against it, else against the median of the other entries, else against 1; so that a benchmark
    of short answers flags nobody for answering "yes" twice.

    Raises: ValueError where `expected_unique` is not in (0, 1].
    """
    if not math.isnan(expected_unique) and not 0 < expected_unique <= 1:
        raise ValueError("expected_unique must lie in (0, 1]")
    flags: list[Flag] = []
    for place, entry in enumerate(entries):
        others = [*entries[:place], *entries[place + 1 :]]
        flags += _slope(entry, others)
        if entry.outputs is not None:
            views = [other.outputs for other in others if other.outputs is not None]
            flags += chain(
                _repeats(entry.name, entry.outputs, views, expected_unique),
                _lengths(entry.name, entry.outputs, views),
                _marked(entry.name, entry.outputs),
                _empty(entry.name, entry.outputs, views),
                _runaway(entry.name, entry.outputs, views),
            )
    return tuple(flags)


def _rows(
    texts: Iterable[str], prompts: Iterable[Hashable] | None, truncated: Iterable[bool] | None
) -> Iterator[tuple[str, Hashable, bool]]:
    if prompts is None and truncated is None:
        return ((text, place, False) for place, text in enumerate(texts))
    if prompts is None:
        return ((t, place, c) for place, (t, c) in enumerate(zip(texts, truncated or (), strict=True)))
    if truncated is None:
        return ((text, prompt, cut) for (text, prompt), cut in zip(zip(texts, prompts, strict=True), repeat(False)))
    return zip(texts, prompts, truncated, strict=True)


class _Tally:
    """Running counts of outputs."""

    def __init__(self) -> None:
        self.n = self.n_empty = self.n_truncated = 0
        self.total = self.squares = 0
        self.prompts: set[Hashable] = set()
        self.digests: set[bytes] = set()
        self.markers: dict[str, MarkerHits] = {}

    def add(self, place: int, text: str, prompt: Hashable) -> None:
        self.n += 1
        words = text.split()
        if not words:
            self.n_empty += 1
            return
        self._look_for_markers(place, text)
        if prompt not in self.prompts:
            self.prompts.add(prompt)
            self.digests.add(
                hashlib.blake2b(" ".join(words).casefold().encode(errors="surrogatepass"), digest_size=16).digest()
            )
            self.total += len(text)
            self.squares += len(text) ** 2

    def _look_for_markers(self, place: int, text: str) -> None:
        lower = text.lower()
        # Lower case can be longer (İ), and then places in it are not places in the text.
        shown = text if len(text) == len(lower) else lower
        for kind, (needles, pattern) in _MARKERS.items():
            if any(needle in lower for needle in needles) and (hit := pattern.search(lower)):
                seen = self.markers.get(kind)
                first = (seen.place, seen.excerpt) if seen else (place, _excerpt(shown, hit))
                self.markers[kind] = MarkerHits(kind, (seen.n if seen else 0) + 1, *first)

    def summary(self, *, knows_truncated: bool) -> OutputSummary:
        compared = len(self.prompts)
        # Whole numbers until the end, so that equal lengths have a spread of exactly 0.
        spread = compared * self.squares - self.total**2
        return OutputSummary(
            n=self.n,
            n_empty=self.n_empty,
            n_compared=compared,
            n_unique=len(self.digests),
            mean_length=self.total / compared if compared else 0.0,
            sd_length=math.sqrt(spread) / compared if compared else 0.0,
            n_truncated=self.n_truncated if knows_truncated else None,
            markers=tuple(self.markers.values()),
        )


def _excerpt(text: str, hit: re.Match[str]) -> str:
    around = max(0, EXCERPT - (hit.end() - hit.start())) // 2
    return text[max(0, hit.start() - around) : hit.end() + around]


def _board(others: Sequence[OutputSummary], number: Callable[[OutputSummary], float], least: int = 1) -> float | None:
    """Median over the other entries with at least `least` outputs compared; None where they are too few."""
    values = [number(other) for other in others if other.n_compared >= least]
    return median(values) if len(values) >= LEAST_OTHERS else None


def _repeats(name: str, own: OutputSummary, others: Sequence[OutputSummary], references: float) -> Iterator[Flag]:
    usual = _board(others, lambda other: other.unique_share, LEAST_PROMPTS)
    expected = (usual if usual is not None else 1.0) if math.isnan(references) else references
    if own.n_compared < LEAST_PROMPTS or expected * own.n_compared < LEAST_DIFFERENT:
        return
    least = expected * (UNIQUE_SHARE if expected >= UNIQUE_SHARE else SHORT_ANSWER_SHARE)
    if own.unique_share >= least:
        return
    evidence = {
        "n_compared": own.n_compared,
        "n_unique": own.n_unique,
        "unique_share": own.unique_share,
        "expected_share": expected,
    }
    if own.n_unique == 1:
        yield Flag("constant-output", name, evidence)
        return
    yield Flag("duplicate-outputs", name, evidence)


def _lengths(name: str, own: OutputSummary, others: Sequence[OutputSummary]) -> Iterator[Flag]:
    if own.n_compared < LEAST_PROMPTS or own.sd_length > LENGTH_SPREAD * own.mean_length:
        return
    usual = _board(others, lambda other: other.sd_length / other.mean_length, LEAST_PROMPTS)
    ordinary_here = own.mean_length < SHORT if usual is None else usual <= LENGTH_SPREAD
    if ordinary_here:
        return
    yield Flag(
        "zero-length-variance",
        name,
        {"n_compared": own.n_compared, "mean_length": own.mean_length, "sd_length": own.sd_length},
    )


def _slope(own: Entry, others: Sequence[Entry]) -> Iterator[Flag]:
    slopes = [other.psi for other in others if other.psi is not None]
    if own.psi is None or own.lc is None or own.raw is None or len(slopes) < LEAST_SLOPES:
        return
    usual = median(slopes)
    if own.psi < SLOPE_SHARE * usual and own.lc > own.raw:
        yield Flag(
            "low-difficulty-slope",
            own.name,
            {"psi": own.psi, "median_psi": usual, "lc": own.lc, "raw": own.raw},
        )


def _marked(name: str, own: OutputSummary) -> Iterator[Flag]:
    for hits in own.markers:
        if hits.n >= MARKED_SHARE * own.n:
            yield Flag(
                "template-markers",
                name,
                {"marker": hits.kind, "n": hits.n, "n_outputs": own.n, "place": hits.place, "excerpt": hits.excerpt},
            )


def _empty(name: str, own: OutputSummary, others: Sequence[OutputSummary]) -> Iterator[Flag]:
    usual = _board(others, lambda other: other.n_empty / other.n) or 0.0
    if own.n and own.n_empty / own.n > EMPTY_SHARE + usual:
        yield Flag(
            "empty-outputs",
            name,
            {"n_outputs": own.n, "n_empty": own.n_empty, "median_share": usual},
        )


def _runaway(name: str, own: OutputSummary, others: Sequence[OutputSummary]) -> Iterator[Flag]:
    known = [other for other in others if other.n_truncated is not None]
    usual = _board(known, lambda other: (other.n_truncated or 0) / other.n) or 0.0
    if own.n_truncated and own.n_truncated / own.n > max(TRUNCATED_SHARE, 2 * usual):
        yield Flag(
            "runaway-outputs",
            name,
            {"n_outputs": own.n, "n_truncated": own.n_truncated, "median_share": usual},
        )
    length = _board(others, lambda other: other.mean_length)
    if length is not None and own.n_compared and own.mean_length > LONG * length:
        yield Flag(
            "runaway-outputs",
            name,
            {"mean_length": own.mean_length, "median_length": length},
        )
