"""Chooses among the candidates of one job and stores each choice as an output of the best-of-n entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leaderboard.contracts import registry
from leaderboard.contracts.protocols import Selector
from leaderboard.contracts.values import Candidate, Chosen
from leaderboard.models import Entry, Metric, Output, Prompt, Score
from leaderboard.services import catalog, facts
from workers.runtime import Lease

AT_ONCE = 16
"""Choices between two looks at the lease; each batch is stored before the next is begun."""

Place = tuple[int, int]
"""Prompt id and sample of an output to be chosen."""


def select(lease: Lease) -> None:
    """Each choice is stored with its evidence; raises RuntimeError where candidates are missing."""
    submission = lease.job.submission
    assert submission is not None
    entry = Entry.objects.with_parts().get(pk=submission.entry_id)
    todo = missing(entry, lease.job.payload["items"])
    strategy: Any = registry.decoding.build(entry.decoding.strategy, entry.decoding.params)
    name, settings = strategy.chosen_by
    selector = registry.selectors.build(name, settings)
    provenance = {"selector": name, "version": selector.version}
    for start in range(0, len(todo), AT_ONCE):
        _choose(entry, selector, todo[start : start + AT_ONCE], provenance)
        lease.check()
    lost = missing(entry, lease.job.payload["items"])
    if lost:
        raise RuntimeError(f"{len(lost)} of {len(todo)} choices could not be stored.")


def missing(entry: Entry, items: Sequence[Sequence[int]]) -> list[Place]:
    """Those of `items`, [prompt id, sample], that have no output of this entry yet."""
    prompts = {prompt for prompt, _ in items}
    stored = set(Output.objects.filter(entry=entry, prompt__in=prompts).values_list("prompt_id", "sample"))
    return [(prompt, sample) for prompt, sample in items if (prompt, sample) not in stored]


def _choose(entry: Entry, selector: Selector, places: Sequence[Place], provenance: Mapping[str, Any]) -> None:
    metric = catalog.metric(plugin=selector.metric[0], params=selector.metric[1]) if selector.metric else None
    prompts = Prompt.objects.in_bulk({prompt for prompt, _ in places})
    pools = _pools(entry, places)
    ratings = _known(metric, pools)
    candidates = [[_candidate(output, ratings) for output in pool] for pool in pools]
    chosen = list(selector.choose([prompts[prompt].text for prompt, _ in places], candidates))
    if len(chosen) != len(places):
        raise RuntimeError(f"The selector '{selector.name}' chose {len(chosen)} times for {len(places)} prompts.")
    if metric is not None:
        _store_ratings(metric, pools, chosen, ratings)
    facts.add_outputs(
        [
            _row(entry, sample, pool, made, provenance)
            for (_, sample), pool, made in zip(places, pools, chosen, strict=True)
        ]
    )


def _pools(entry: Entry, places: Sequence[Place]) -> list[list[Output]]:
    """The candidates of each place: sample s has those from s·n to s·n + n - 1. Raises RuntimeError."""
    n, pool = entry.decoding.candidates, entry.pool()
    found = {
        (output.prompt_id, output.sample): output
        for output in Output.objects.filter(entry=pool, prompt__in={prompt for prompt, _ in places})
    }
    own = [[found.get((prompt, sample * n + i)) for i in range(n)] for prompt, sample in places]
    whole = [[output for output in row if output is not None] for row in own]
    if any(len(row) < n for row in whole):
        raise RuntimeError(f"Some prompts have fewer than {n} candidates of {pool}.")
    return whole


def _known(metric: Metric | None, pools: Sequence[Sequence[Output]]) -> dict[int, float]:
    """Ratings from earlier runs, by output id."""
    if metric is None:
        return {}
    ids = [output.pk for pool in pools for output in pool]
    found = Score.objects.filter(metric=metric, output__in=ids, value__isnull=False)
    return {pk: float(value) for pk, value in found.values_list("output_id", "value")}


def _candidate(output: Output, ratings: Mapping[int, float]) -> Candidate:
    return Candidate(output.text, output.output_tokens or 0, output.logprob, ratings.get(output.pk))


def _store_ratings(
    metric: Metric, pools: Sequence[Sequence[Output]], chosen: Sequence[Chosen], known: Mapping[int, float]
) -> None:
    """Only what was rated now; a candidate that could not be rated has no score, so that it is tried again."""
    facts.add_scores(
        [
            Score(metric=metric, output_id=output.pk, value=rating)
            for pool, made in zip(pools, chosen, strict=True)
            for output, rating in zip(pool, made.ratings, strict=True)
            if rating is not None and output.pk not in known
        ]
    )


def _row(entry: Entry, sample: int, pool: Sequence[Output], made: Chosen, provenance: Mapping[str, Any]) -> Output:
    """The chosen text as an output. Its length is its own; time and money are those of all candidates."""
    shown = pool[made.index]
    costs = [cost for cost in (*(output.cost_usd for output in pool), made.cost_usd) if cost is not None]
    return Output(
        entry=entry,
        prompt_id=shown.prompt_id,
        sample=sample,
        seed=shown.seed,
        text=shown.text,
        finish_reason=shown.finish_reason,
        prompt_tokens=shown.prompt_tokens,
        output_tokens=shown.output_tokens,
        seconds=made.seconds + sum(output.seconds or 0.0 for output in pool),
        logprob=shown.logprob,
        prompt_truncated=shown.prompt_truncated,
        cost_usd=sum(costs) if costs else None,
        provenance={
            **provenance,
            "chosen": shown.pk,
            "candidates": [output.pk for output in pool],
            "ratings": list(made.ratings),
            "evidence": dict(made.evidence),
            "candidate_tokens": sum(output.output_tokens or 0 for output in pool),
            "generator": shown.provenance.get("generator", ""),
        },
    )
