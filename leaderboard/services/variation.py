"""The non-determinism report: how a model's score on a board varies with its decoding, over samples and prompts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypedDict

import numpy as np
from django.db import transaction
from django.db.models.functions import Length
from numpy.typing import NDArray

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.values import FinishReason
from leaderboard.models import Board, Entry, Score, Submission, VariationReport
from leaderboard.ratings.variation.best_of import best_of_n
from leaderboard.ratings.variation.flips import rank_flips
from leaderboard.ratings.variation.gaps import greedy_gap
from leaderboard.ratings.variation.majority import NO_ANSWER
from leaderboard.ratings.variation.paired import paired_tests
from leaderboard.ratings.variation.resampling import Bootstrap
from leaderboard.ratings.variation.runs import consistency, summarise_runs
from leaderboard.ratings.variation.split import split_variance
from leaderboard.ratings.variation.tables import prompt_means
from leaderboard.ratings.variation.volume import equal_volume
from leaderboard.services.details import plain

FORMAT = 3
PLAN = Bootstrap(replicates=1000, seed=0)
Floats = NDArray[np.float64]


class Report(TypedDict):
    """Keys of `VariationReport.details`. Scores are shares of 1; estimates have value, se, low and high or None.

    `metric`, `prompts`, `replicates`, `confidence`; `greedy`: slug of the greedy entry or "". `entries`: one row a
    configuration, greedy first and then by label, with `slug`, `label`, `strategy`, `params`, `samples` (runs),
    `runs` (mean, std, best, worst, range, se…), `gap` (greedy, sampled, gap as estimates, for sampled ones),
    `consistency` (always, sometimes, never, unscored), `split` (levels), `best_of` (by selector [k, estimate],
    over `best_of_prompts`; `best_of_left_out` have fewer scored samples), `template`,
    `length` (mean tokens and characters), `truncated` and `empty` shares, and how many outputs are `unscored`.
    `tests`: every pair of configurations, paired by prompt and Holm-corrected over all of them. `volume`: the best of
    equally many settings of each strategy, chosen on every second prompt and scored on the others.
    `flips`: pairs of models, and how greedy and the mean of the samples of the configuration `label` rank them,
    over all models of the board.
    """

    metric: str
    prompts: int
    replicates: int
    confidence: float
    greedy: str
    entries: list[dict[str, Any]]
    tests: list[dict[str, Any]]
    volume: dict[str, Any] | None
    flips: list[dict[str, Any]]


@dataclass
class Samples:
    """Scores of one entry, (P, N) by prompt and sample, NaN where there is none, and what else the report needs.

    `answers`: numbers of extracted answers, `NO_ANSWER` where none was stated. `logprob`: mean a token, nats.
    """

    score: Floats
    answers: NDArray[np.int64]
    logprob: Floats
    tokens: Floats
    chars: Floats
    truncated: NDArray[np.bool_]


FIELDS = (
    "output__entry_id",
    "output__prompt__position",
    "output__sample",
    "value",
    "extracted",
    "output__logprob",
    "output__output_tokens",
    "chars",
    "output__finish_reason",
)


def refresh_when_idle(board: Board) -> list[VariationReport]:
    """As `refresh`, but not while submissions to the board still run: the last of them asks again."""
    running = Submission.objects.filter(board=board).exclude(state__in=Submission.ENDED)
    return [] if running.exists() else refresh(board)


def refresh(board: Board) -> list[VariationReport]:
    """A report of each model with two entries or more; an equal one is reused. Nothing without a metric."""
    if board.metric is None:
        return []
    entries = list(board.ranked_entries().with_parts().order_by("slug"))
    rows = list(_scores(board, entries).values_list(*FIELDS))
    by_model: dict[int, list[Entry]] = {}
    for entry in entries:
        by_model.setdefault(entry.model_id, []).append(entry)
    digest = _digest(board, entries, rows)
    wanted = {model: own for model, own in by_model.items() if len(own) > 1}
    known = VariationReport.objects.filter(board=board, digest=digest, model__in=wanted)
    if known.count() == len(wanted):
        return list(known)
    samples = _samples(board, entries, rows)
    flips = _flips(entries, samples)
    made = []
    with transaction.atomic():
        for model, own in wanted.items():
            details = plain(_report(board, own, samples, flips))
            report, _ = VariationReport.objects.get_or_create(
                board=board, model_id=model, digest=digest, defaults={"details": details}
            )
            made.append(report)
    return made


def _scores(board: Board, entries: Sequence[Entry]) -> Any:
    found = Score.objects.filter(metric=board.metric, output__entry__in=entries)
    found = found.filter(output__prompt__benchmark=board.benchmark_id).annotate(chars=Length("output__text"))
    return found.order_by("output__entry", "output__prompt__position", "output__sample")


def _digest(board: Board, entries: Sequence[Entry], rows: Sequence[Any]) -> str:
    names = {entry.pk: entry.fingerprint for entry in entries}
    assert board.metric is not None
    head = [FORMAT, board.slug, board.benchmark.digest, board.metric.fingerprint, sorted(names.values())]
    return fingerprint("variation", head, sorted([names[row[0]], *row[1:5]] for row in rows))


def _samples(board: Board, entries: Sequence[Entry], rows: Sequence[Any]) -> dict[int, Samples]:
    size = board.benchmark.prompts.count()
    count = {entry.pk: 0 for entry in entries}
    for row in rows:
        count[row[0]] = max(count[row[0]], row[2] + 1)
    places = {
        at: i for i, at in enumerate(board.benchmark.prompts.order_by("position").values_list("position", flat=True))
    }
    found = {pk: _empty(size, n) for pk, n in count.items()}
    names: dict[tuple[int, str], int] = {}
    for pk, position, sample, value, extracted, logprob, tokens, chars, finish in rows:
        own, at = found[pk], (places[position], sample)
        own.score[at] = np.nan if value is None else value
        own.answers[at] = names.setdefault((position, extracted), len(names)) if extracted else NO_ANSWER
        own.logprob[at] = np.nan if logprob is None else logprob / max(1, tokens or 1)
        own.tokens[at] = np.nan if tokens is None else tokens
        own.chars[at], own.truncated[at] = chars, finish == FinishReason.LENGTH.value
    return found


def _empty(prompts: int, samples: int) -> Samples:
    shape = (prompts, samples)
    blanks = (np.full(shape, np.nan) for _ in range(4))
    score, logprob, tokens, chars = blanks
    return Samples(
        score, np.full(shape, NO_ANSWER, dtype=np.int64), logprob, tokens, chars, np.zeros(shape, dtype=np.bool_)
    )


def _greedy_of(entries: Sequence[Entry]) -> Entry | None:
    """The plain greedy entry; another that always gives the same output where there is none."""
    fixed = sorted((e for e in entries if not e.decoding.samples), key=lambda e: (e.decoding.label != "greedy", e.slug))
    return fixed[0] if fixed else None


def _report(
    board: Board, entries: Sequence[Entry], samples: Mapping[int, Samples], flips: list[dict[str, Any]]
) -> Report:
    fixed = {template: _greedy_of(own) for template, own in _by_template(entries).items()}
    greedy = next((entry for entry in fixed.values() if entry), None)
    order = sorted(entries, key=lambda e: (e.template.system, e != fixed[e.template_id], e.decoding.label))
    return {
        "metric": str(board.metric),
        "prompts": len(next(iter(samples.values())).score),
        "replicates": PLAN.replicates,
        "confidence": PLAN.confidence,
        "greedy": greedy.slug if greedy else "",
        "entries": [_row(entry, samples[entry.pk], _base(fixed[entry.template_id], samples)) for entry in order],
        "tests": _tests(order, samples),
        "volume": _volume(order, samples),
        "flips": flips,
    }


def _by_template(entries: Sequence[Entry]) -> dict[int, list[Entry]]:
    found: dict[int, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.template_id, []).append(entry)
    return found


def _base(greedy: Entry | None, samples: Mapping[int, Samples]) -> Floats | None:
    """(P,) scores of the greedy entry, None where it has none."""
    return samples[greedy.pk].score[:, 0] if greedy and samples[greedy.pk].score.shape[1] else None


def _scored(entries: Sequence[Entry], samples: Mapping[int, Samples]) -> dict[int, Floats]:
    """(P,) prompt means of each entry that has a score."""
    means = {entry.pk: prompt_means(samples[entry.pk].score) for entry in entries if samples[entry.pk].score.size}
    return {pk: values for pk, values in means.items() if np.any(np.isfinite(values))}


def _tests(entries: Sequence[Entry], samples: Mapping[int, Samples]) -> list[dict[str, Any]]:
    means = _scored(entries, samples)
    pairs = [
        (a, b) for a, b in combinations(entries, 2) if a.template_id == b.template_id and {a.pk, b.pk} <= set(means)
    ]
    labels = {f"{first.slug} {second.slug}": (means[first.pk], means[second.pk]) for first, second in pairs}
    found = paired_tests(labels)
    return [
        {**dataclasses.asdict(test), "first": first.decoding.label, "second": second.decoding.label}
        for test, (first, second) in zip(found, pairs, strict=True)
    ]


def _volume(entries: Sequence[Entry], samples: Mapping[int, Samples]) -> dict[str, Any] | None:
    """None for fewer than two strategies that sample, or too few prompts to choose on some and score on others."""
    means = _scored(entries, samples)
    strategies: dict[str, list[Floats]] = {}
    for entry in entries:
        if entry.decoding.samples and entry.pk in means:
            strategies.setdefault(entry.decoding.strategy, []).append(means[entry.pk])
    if len(strategies) < 2:
        return None
    tables = {name: np.stack(rows) for name, rows in sorted(strategies.items())}
    try:
        return dataclasses.asdict(equal_volume(tables, np.arange(len(next(iter(means.values())))) % 2 == 0, PLAN))
    except ValueError:
        return None


def _row(entry: Entry, own: Samples, greedy: Floats | None) -> dict[str, Any]:
    runs = own.score.shape[1]
    row: dict[str, Any] = {
        "slug": entry.slug,
        "label": entry.decoding.label,
        "strategy": entry.decoding.strategy,
        "params": dict(entry.decoding.params),
        "template": entry.template.name,
        "samples": runs,
        "length": {"tokens": _mean(own.tokens), "chars": _mean(own.chars)},
        "truncated": _mean(np.where(np.isnan(own.chars), np.nan, own.truncated)),
        "empty": _mean(np.where(np.isnan(own.chars), np.nan, own.chars == 0)),
        "unscored": int(np.sum(np.isnan(own.score) & ~np.isnan(own.chars))),
    }
    if not runs or np.all(np.isnan(own.score)):
        return row
    row["runs"] = dataclasses.asdict(summarise_runs(own.score))
    row["consistency"] = dataclasses.asdict(consistency(own.score))
    if entry.decoding.samples and greedy is not None:
        row["gap"] = dataclasses.asdict(greedy_gap(greedy, own.score, PLAN))
    if runs > 1:
        split = split_variance(own.score)
        row["split"] = dataclasses.asdict(split) if split else None
        row |= _best_of(own)
    return row


def _mean(values: NDArray[Any]) -> float | None:
    known = values[~np.isnan(values.astype(np.float64))]
    return float(known.mean()) if len(known) else None


def _best_of(own: Samples) -> dict[str, Any]:
    """By selector [k, estimate], and over how many prompts; likelihood is the mean log-probability a token."""
    selectors = {"likelihood": own.logprob} if np.any(np.isfinite(own.logprob)) else {}
    found = best_of_n(own.score, selectors, own.answers, plan=PLAN)
    curves = {
        curve.selector: [[point.k, dataclasses.asdict(point.score)] for point in curve.points] for curve in found.curves
    }
    return {"best_of": curves, "best_of_prompts": found.prompts, "best_of_left_out": found.left_out}


def _flips(entries: Sequence[Entry], samples: Mapping[int, Samples]) -> list[dict[str, Any]]:
    """For each configuration and template that two models or more share: every pair of them under both rankings."""
    found = []
    for own in _by_template(entries).values():
        by_model: dict[int, list[Entry]] = {}
        for entry in own:
            by_model.setdefault(entry.model_id, []).append(entry)
        fixed = {model: _base(_greedy_of(mine), samples) for model, mine in by_model.items()}
        shared: dict[str, list[Entry]] = {}
        for entry in own:
            if entry.decoding.samples and fixed[entry.model_id] is not None and samples[entry.pk].score.shape[1]:
                shared.setdefault(entry.decoding.label, []).append(entry)
        for label, some in sorted(shared.items()):
            found += _flipped(label, some, [fixed[entry.model_id] for entry in some], samples) if len(some) > 1 else []
    return found


def _flipped(
    label: str, entries: Sequence[Entry], greedy: Sequence[Floats | None], samples: Mapping[int, Samples]
) -> list[dict[str, Any]]:
    scores = [samples[entry.pk].score for entry in entries]
    rows = np.stack([row for row in greedy if row is not None])
    pairs = rank_flips(_names(entries), rows, scores, PLAN).pairs
    return [{"label": label, "template": entries[0].template.name, **dataclasses.asdict(pair)} for pair in pairs]


def _names(entries: Sequence[Entry]) -> list[str]:
    """The models' names, with the revision where two share one."""
    names = [entry.model.name for entry in entries]
    if len(set(names)) == len(names):
        return names
    return [f"{entry.model.name} {entry.model.revision or entry.model.source} ({entry.slug})" for entry in entries]
