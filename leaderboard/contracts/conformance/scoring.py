"""Checks of metrics and of selectors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from leaderboard.contracts.conformance.shared import Given, build, check_capabilities, check_json, expect
from leaderboard.contracts.values import Candidate, Scorable, Scored

SAMPLE_CASES = (
    ("What is 2 + 2?", "4", "So the answer is 4."),
    ("What is 2 + 2?", "4", "No idea."),
    ("What is 2 + 2?", "4", ""),
    ("Name a colour.", "", "Red \U0001f534\n\u2028"),
)


def check_metric(
    cls: Any, params: Given = None, cases: Iterable[tuple[str, str, str]] = SAMPLE_CASES, tolerance: float = 1e-4
) -> None:
    """A metric: a finite value, or None with a reason; the same again for the same output.

    `cases`: (prompt, reference, text). `tolerance`: between an output's value alone and among others.
    """
    metric, who = build(cls, params)
    cases = list(cases)
    _check_selects(cls, metric, cases)
    if hasattr(metric, "score_many"):
        _check_many(metric, cases, who, tolerance)
    for prompt, reference, text in cases:
        scored, again = (metric.score(prompt=prompt, reference=reference, text=text) for _ in range(2))
        expect(isinstance(scored, Scored), f"{who}.score() must give a Scored, not {scored!r}.")
        expect(scored == again, f"{who} gives the output {text!r} two values: {scored!r} and {again!r}.")
        if scored.value is None:
            expect(bool(scored.reason), f"{who} leaves the output {text!r} unscored without a reason.")
        else:
            expect(math.isfinite(scored.value), f"{who} gives {scored.value}; use None with a reason instead.")


def _check_selects(cls: Any, metric: Any, cases: Sequence[tuple[str, str, str]]) -> None:
    selects = getattr(cls, "selects", False)
    expect(isinstance(selects, bool), f"{cls.__name__}.selects must be True or False.")
    for prompt, reference, text in cases if selects else ():
        told, untold = (metric.score(prompt=prompt, reference=known, text=text) for known in (reference, ""))
        expect(told == untold, f"{cls.__name__}.selects is True, but the score of {text!r} depends on the reference.")


def _check_many(metric: Any, cases: Sequence[tuple[str, str, str]], who: str, tolerance: float) -> None:
    expect(list(metric.score_many([])) == [], f"{who} gives scores where no output was given.")
    many = metric.score_many([Scorable(*case) for case in cases])
    expect(len(many) == len(cases), f"{who}.score_many() gives {len(many)} scores for {len(cases)} outputs.")
    for (prompt, reference, text), scored in zip(cases, many, strict=True):
        alone = metric.score(prompt=prompt, reference=reference, text=text)
        same = scored == alone
        if scored.value is not None and alone.value is not None:
            same = math.isclose(scored.value, alone.value, rel_tol=tolerance, abs_tol=tolerance)
        expect(same, f"{who} gives the output {text!r} {scored!r} among others and {alone!r} alone.")


def check_selector(cls: Any, params: Given = None) -> None:
    """A selector: one choice a prompt, in order, a rating for each candidate, and the same choice the second time."""
    selector, who = build(cls, params)
    check_capabilities(cls.needs, f"{who}.needs")
    expect(list(selector.choose([], [])) == [], f"{who} chooses where no prompt was given.")
    prompts = [prompt for prompt, _, _ in SAMPLE_CASES]
    texts = [text for _, _, text in SAMPLE_CASES]
    candidates = [
        [Candidate(text, len(text), -float(len(text))) for text in texts[place:]] for place in range(len(texts))
    ]
    chosen, again = (list(selector.choose(prompts, candidates)) for _ in range(2))
    expect(len(chosen) == len(prompts), f"{who} gives {len(chosen)} choices for {len(prompts)} prompts.")
    expect(chosen == again, f"{who} chooses otherwise the second time.")
    for made, own in zip(chosen, candidates, strict=True):
        expect(len(made.ratings) == len(own), f"{who} gives {len(made.ratings)} ratings for {len(own)} candidates.")
        expect(0 <= made.index < len(own), f"{who} chooses candidate {made.index} of {len(own)}.")
        known = [rating for rating in made.ratings if rating is not None]
        expect(all(map(math.isfinite, known)), f"{who} rates with a number that is not finite; use None.")
        check_json(made.evidence, f"{who}'s evidence")
