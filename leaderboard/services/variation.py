"""The non-determinism report: how a model's score on a board varies with its decoding, over samples and prompts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypedDict

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.said import said
from leaderboard.models import Board, Entry, Judge, Metric, Submission, VariationReport
from leaderboard.ratings.variation.flips import rank_flips
from leaderboard.ratings.variation.paired import paired_tests
from leaderboard.ratings.variation.prompt_split import tune_mask
from leaderboard.ratings.variation.resampling import Draws
from leaderboard.ratings.variation.tables import prompt_means
from leaderboard.ratings.variation.tradeoffs import measured_tradeoffs
from leaderboard.ratings.variation.volume import equal_volume
from leaderboard.services.details import plain
from leaderboard.services.variation_judges import judged, judges_of, split_of, varies
from leaderboard.services.variation_rows import PLAN, Known, diversity_by_prompt, row_of
from leaderboard.services.variation_samples import (
    DIGESTED,
    Samples,
    add_ratings,
    rated,
    read_rows,
    samples_of,
    selecting,
)
from leaderboard.services.variation_texts import compared_samples, read_wording

FORMAT = 5
Floats = NDArray[np.float64]


class Report(TypedDict):
    """Keys of `VariationReport.details`. Scores are shares of 1; estimates have value, se, low and high or None.

    `metric`, `prompts`, `replicates`, `confidence`; `greedy`: slug of the greedy entry or "". `judges`: name of each,
    and the `reason` why its credit is not split. `entries`: one row a configuration, greedy first and then by label,
    with `slug`, `label`, `strategy`, `params`, `template`, `sampled` (False: always the same output), `samples`
    (runs), `seeds`, `runs` (mean, std, best, worst, range, se…), `gap` (greedy, sampled, gap as estimates, for sampled
    ones), `consistency` (always, sometimes, never, unscored), `split` (levels, and why others are `absent`), `judged`
    (such splits of the credit by each judge that varies), `right_wrong` (every score is 0 or 1), `best_of` (by
    selector [k, estimate], over `best_of_prompts`; `best_of_left_out` have fewer scored samples; for right or wrong
    the oracle is pass@k), `lengths` (tokens and chars as estimates), `shares` (truncated, empty, repeated as
    estimates), `diversity` (self_bleu, distinct_1, distinct_2 and unique as estimates over the first `samples` of each
    prompt, the same number for all) and how many outputs are `unscored`.
    `tradeoffs`: by `name`, the slug, `quality`, `diversity` (1 − Self-BLEU) and `eda` as estimates, `on_frontier` and
    the `frontier_share` of the replicates.
    `tests`: every pair of configurations, paired by prompt and Holm-corrected over all of them. `volume`: the best of
    equally many settings of each strategy, chosen on one half of the prompts and scored on the other
    (`ratings.variation.prompt_split`).
    `flips`: pairs of models, and how greedy and the mean of the samples of the configuration `label` rank them,
    over all models of the board.
    """

    metric: str
    prompts: int
    replicates: int
    confidence: float
    greedy: str
    judges: list[dict[str, Any]]
    entries: list[dict[str, Any]]
    tradeoffs: list[dict[str, Any]]
    tests: list[dict[str, Any]]
    volume: dict[str, Any] | None
    flips: list[dict[str, Any]]


def refresh_when_idle(board: Board) -> list[VariationReport]:
    """As `refresh`, but not while submissions to the board still run: the last of them asks again."""
    running = Submission.objects.filter(board=board).exclude(state__in=Submission.ENDED)
    return [] if running.exists() else refresh(board)


def refresh(board: Board) -> list[VariationReport]:
    """A report of each model with two entries or more; an equal one is reused. Nothing without a metric."""
    if board.metric is None:
        return []
    entries = list(board.ranked_entries().with_parts().order_by("slug"))
    rows = read_rows(board, entries)
    by_model: dict[int, list[Entry]] = {}
    for entry in entries:
        by_model.setdefault(entry.model_id, []).append(entry)
    sources = Sources.of(board)
    digest = _digest(board, entries, rows, sources)
    wanted = {model: own for model, own in by_model.items() if len(own) > 1}
    known = VariationReport.objects.filter(board=board, digest=digest, model__in=wanted)
    if known.count() == len(wanted):
        return list(known)
    samples = samples_of(board, entries, rows)
    add_ratings(board, entries, sources.metrics, samples)
    flips = _flips(entries, samples)
    made = {model: plain(_report(board, own, samples, flips, sources)) for model, own in wanted.items()}
    return _stored(board, digest, made)


def _stored(board: Board, digest: str, made: Mapping[int, Any]) -> list[VariationReport]:
    """All or none, so that no page sees half of them."""
    with transaction.atomic():
        return [
            VariationReport.objects.get_or_create(
                board=board, model_id=model, digest=digest, defaults={"details": details}
            )[0]
            for model, details in made.items()
        ]


@dataclass(frozen=True)
class Sources:
    """What else than the board's metric the report rests on: metrics that select, judges, and those that vary."""

    metrics: list[Metric]
    judges: list[Judge]
    varying: list[Judge]

    @classmethod
    def of(cls, board: Board) -> Sources:
        """Of the board as it is now."""
        judges = judges_of(board)
        return cls(selecting(board), judges, [judge for judge in judges if varies(judge)])


def _digest(board: Board, entries: Sequence[Entry], rows: Sequence[Any], sources: Sources) -> str:
    names = {entry.pk: entry.fingerprint for entry in entries}
    assert board.metric is not None
    head = [FORMAT, board.slug, board.benchmark.digest, board.metric.fingerprint, sorted(names.values())]
    more = [rated(board, entries, sources.metrics), judged(board, entries, sources.varying)]
    own = sorted([names[row[0]], *row[1:DIGESTED]] for row in rows)
    return fingerprint("variation", [*head, *more, [judge.fingerprint for judge in sources.judges]], own)


def _greedy_of(entries: Sequence[Entry]) -> Entry | None:
    """The plain greedy entry; another that always gives the same output where there is none."""
    fixed = sorted((e for e in entries if not e.decoding.samples), key=lambda e: (e.decoding.label != "greedy", e.slug))
    return fixed[0] if fixed else None


def _report(
    board: Board,
    entries: Sequence[Entry],
    samples: Mapping[int, Samples],
    flips: list[dict[str, Any]],
    sources: Sources,
) -> Report:
    fixed = {template: _greedy_of(own) for template, own in _by_template(entries).items()}
    greedy = next((entry for entry in fixed.values() if entry), None)
    order = sorted(entries, key=lambda e: (e.template.system, e != fixed[e.template_id], e.decoding.label))
    known = _known(board, order, samples, {e.pk: _base(fixed[e.template_id], samples) for e in order}, sources)
    prompts = len(samples[order[0].pk].score)
    draws = Draws.of(prompts, PLAN)
    return {
        "metric": str(board.metric),
        "prompts": prompts,
        "replicates": PLAN.replicates,
        "confidence": PLAN.confidence,
        "greedy": greedy.slug if greedy else "",
        "judges": [_told(judge, sources) for judge in sources.judges],
        "entries": [row_of(entry, known[entry.pk], draws) for entry in order],
        "tradeoffs": _tradeoffs(order, known),
        "tests": _tests(order, samples),
        "volume": _volume(order, samples, tune_mask(_keys(board), 0.5)),
        "flips": flips,
    }


def _known(
    board: Board,
    entries: Sequence[Entry],
    samples: Mapping[int, Samples],
    greedy: Mapping[int, Floats | None],
    sources: Sources,
) -> dict[int, Known]:
    wording = read_wording(board, entries, samples, compared_samples(samples, entries))
    return {
        entry.pk: Known(
            samples[entry.pk],
            wording[entry.pk],
            greedy[entry.pk],
            {
                judge.name: found
                for judge in sources.varying
                if (found := split_of(board, judge, entry, samples[entry.pk], PLAN))
            },
        )
        for entry in entries
    }


def _told(judge: Judge, sources: Sources) -> dict[str, Any]:
    reason = (
        "" if judge in sources.varying else said("It judged each pair once and in one order, so nothing of it varies.")
    )
    return {"name": judge.name, "reason": reason}


def _tradeoffs(entries: Sequence[Entry], known: Mapping[int, Known]) -> list[dict[str, Any]]:
    """Score and diversity of each entry that has a score."""
    scored = [entry for entry in entries if np.any(np.isfinite(known[entry.pk].samples.score))]
    found = measured_tradeoffs(
        [entry.slug for entry in scored],
        [known[entry.pk].samples.score for entry in scored],
        [diversity_by_prompt(entry, known[entry.pk]) for entry in scored],
        PLAN,
    )
    return [dataclasses.asdict(one) for one in found]


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


def _keys(board: Board) -> list[str]:
    return list(board.benchmark.prompts.order_by("position").values_list("key", flat=True))


def _volume(entries: Sequence[Entry], samples: Mapping[int, Samples], tune: NDArray[np.bool_]) -> dict[str, Any] | None:
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
        return dataclasses.asdict(equal_volume(tables, tune, PLAN))
    except ValueError:
        return None


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
