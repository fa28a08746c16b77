"""Inserts facts: checked first, conflicts ignored, so that a late or doubled worker does no harm.

On SQLite an ignoring insert also swallows CHECK and NOT NULL faults; so rows are validated before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leaderboard.contracts.values import Generation, Scored, Verdict
from leaderboard.models import Comparison, Entry, Judge, Judgment, Metric, Output, Prompt, Score
from leaderboard.services.text import finite, storable, storable_json

BATCH = 500


def output_row(
    made: Generation, *, entry: Entry, prompt: Prompt, sample: int, seed: int, provenance: Mapping[str, Any]
) -> Output:
    """A Generation as a row, not yet stored."""
    returned = {"returned_model": storable(made.model)} if made.model else {}
    return Output(
        entry=entry,
        prompt=prompt,
        sample=sample,
        seed=seed,
        text=storable(made.text),
        finish_reason=str(made.finish_reason),
        prompt_tokens=made.prompt_tokens,
        output_tokens=made.output_tokens,
        seconds=finite(made.seconds),
        logprob=finite(made.logprob),
        prompt_truncated=made.prompt_truncated,
        cost_usd=finite(made.cost_usd),
        provenance={**provenance, **returned},
    )


def add_outputs(rows: Sequence[Output]) -> None:
    """Store outputs; one that is there already stays as it is."""
    Output.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def comparison_row(first: Output, second: Output) -> Comparison:
    """The unordered pair in its canonical order."""
    a, b = sorted((first, second), key=lambda output: output.pk)
    if a.prompt_id != b.prompt_id or a.pk == b.pk:
        raise ValueError("a comparison needs two outputs to one prompt")
    return Comparison(prompt_id=a.prompt_id, a=a, b=b, entry_a_id=a.entry_id, entry_b_id=b.entry_id)


def add_comparisons(rows: Sequence[Comparison]) -> None:
    """Store comparisons; a pair that is there already stays."""
    Comparison.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def judgment_row(
    verdict: Verdict,
    *,
    judge: Judge,
    comparison_id: int,
    swapped: bool,
    provenance: Mapping[str, Any],
    content: str = "",
) -> Judgment:
    """A Verdict as a row, not yet stored. `Verdict` itself refuses a credit that does not fit its state."""
    return Judgment(
        judge=judge,
        comparison_id=comparison_id,
        swapped=swapped,
        state=str(verdict.state),
        credit_a=verdict.credit_a,
        raw=storable(verdict.raw),
        evidence=storable_json(verdict.evidence),
        prompt_tokens=verdict.prompt_tokens,
        output_tokens=verdict.output_tokens,
        seconds=finite(verdict.seconds),
        cost_usd=finite(verdict.cost_usd),
        provenance=dict(provenance),
        content=content,
    )


def add_judgments(rows: Sequence[Judgment]) -> None:
    """Store verdicts; one that is there already stays as it is."""
    Judgment.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def score_row(scored: Scored, *, metric: Metric, output_id: int) -> Score:
    """A metric's value as a row, not yet stored."""
    return Score(
        metric=metric,
        output_id=output_id,
        value=finite(scored.value),
        reason=scored.reason[:80],
        extracted=storable(scored.extracted),
    )


def add_scores(rows: Sequence[Score]) -> None:
    """Store scores; one that is there already stays as it is."""
    Score.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
