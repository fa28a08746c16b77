"""One configuration's row of the non-determinism report: its runs, gap, lengths, shares, splits and curves."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.models import Entry
from leaderboard.ratings.variation.best_of import best_of_n
from leaderboard.ratings.variation.gaps import greedy_gap
from leaderboard.ratings.variation.resampling import Bootstrap, Draws
from leaderboard.ratings.variation.runs import consistency, summarise_runs
from leaderboard.ratings.variation.tables import prompt_means
from leaderboard.services.variation_samples import LIKELIHOOD, Samples
from leaderboard.services.variation_splits import metric_split
from leaderboard.services.variation_texts import MEASURES, Wording

PLAN = Bootstrap(replicates=1000, seed=0)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """What is known of one entry. `greedy` (P,): scores to compare it with, None for none; `judged`: by judge."""

    samples: Samples
    wording: Wording
    greedy: Floats | None
    judged: Mapping[str, Any]


def row_of(entry: Entry, known: Known, draws: Draws) -> dict[str, Any]:
    """The row; keys as `services.variation.Report` says."""
    own = known.samples
    row: dict[str, Any] = {
        "slug": entry.slug,
        "label": entry.decoding.label,
        "strategy": entry.decoding.strategy,
        "params": dict(entry.decoding.params),
        "template": entry.template.name,
        "sampled": entry.decoding.samples,
        "samples": own.runs,
        "seeds": own.seed_count,
        "lengths": {"tokens": _mean(draws, own.tokens), "chars": _mean(draws, own.chars)},
        "shares": _shares(draws, known),
        "unscored": int(np.sum(np.isnan(own.score) & ~np.isnan(own.chars))),
        "diversity": diversity(draws, known.wording),
        "judged": dict(known.judged),
    }
    if not own.runs or np.all(np.isnan(own.score)):
        return row
    row["right_wrong"] = bool(np.all(np.isnan(own.score) | np.isin(own.score, (0.0, 1.0))))
    row["runs"] = dataclasses.asdict(summarise_runs(own.score))
    row["consistency"] = dataclasses.asdict(consistency(own.score))
    if entry.decoding.samples and known.greedy is not None:
        row["gap"] = dataclasses.asdict(greedy_gap(known.greedy, own.score, PLAN))
    if own.runs > 1:
        row["split"] = metric_split(own, PLAN)
        row |= _best_of(own)
    return row


def _mean(draws: Draws, table: Floats) -> dict[str, Any]:
    """Mean of (P, N) values, each prompt weighing the same, with its interval."""
    return dataclasses.asdict(draws.mean(prompt_means(table)))


def _shares(draws: Draws, known: Known) -> dict[str, Any]:
    own = known.samples
    there = ~np.isnan(own.chars)
    shares = {"truncated": own.truncated, "empty": own.chars == 0}
    found = {name: _mean(draws, np.where(there, flags, np.nan)) for name, flags in shares.items()}
    return {**found, "repeated": _mean(draws, known.wording.stuck)}


def diversity(draws: Draws, wording: Wording) -> dict[str, Any] | None:
    """Means over prompts of what was measured of the first samples; None where there are not two."""
    if not wording.compared:
        return None
    measured = {name: dataclasses.asdict(draws.mean(wording.measures[name])) for name in MEASURES}
    return {"samples": wording.compared, **measured}


def diversity_by_prompt(entry: Entry, known: Known) -> Floats:
    """(P,) 1 − Self-BLEU; 0 for an entry that always gives the same output, NaN where it is not known."""
    if known.wording.compared:
        return np.asarray(1.0 - known.wording.measures["self_bleu"])
    there = ~np.isnan(prompt_means(known.samples.score))
    return np.where(there & (not entry.decoding.samples), 0.0, np.nan)


def _best_of(own: Samples) -> dict[str, Any]:
    """By selector [k, estimate], and over how many prompts; likelihood is the mean log-probability a token."""
    selectors = {LIKELIHOOD: own.logprob} if np.any(np.isfinite(own.logprob)) else {}
    found = best_of_n(own.score, selectors | own.ratings, own.answers, plan=PLAN)
    curves = {
        curve.selector: [[point.k, dataclasses.asdict(point.score)] for point in curve.points] for curve in found.curves
    }
    return {"best_of": curves, "best_of_prompts": found.prompts, "best_of_left_out": found.left_out}
