"""Measure pebble-reward and pebble-judge on held-out problems: `python -m models.evaluate_judges reward` or `judge`.

Both are asked through the plugins that a board uses. The outputs are sampled once and kept in `--work`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata

from leaderboard.contracts.registry import judges, metrics, selectors
from leaderboard.contracts.values import Candidate, Pair, Scorable
from models.evaluate import held_out
from models.samples import Sample, Sampled, read, sample, write

SETTINGS = (("pebble-s", 1.0), ("pebble-s", 1.5), ("pebble-m", 1.0), ("pebble-m", 1.5))
CANDIDATES = 4
LOWEST = -1e9
"""Stands for the score of an output that has none."""

JUDGE = {"generator": "transformers", "generator_params": {"model": "pebble-judge"}, "prompt": "short-1"}
SELECTORS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("likelihood", "likelihood", {}),
    ("majority", "majority", {}),
    ("reward", "reward-model", {"model": "pebble-reward"}),
)


def outputs(work: Path, prompts: int, seed: int) -> list[Sampled]:
    """Four outputs to each of `prompts` held-out problems under each of `SETTINGS`, in that order."""
    path = work / "samples" / f"held-out-{prompts}-{seed}.jsonl"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        wanted = [(name, heat, CANDIDATES) for name, heat in SETTINGS]
        write(path, sample(held_out(prompts, seed), wanted, seed))
    return read([path])


def under(problems: Sequence[Sampled], name: str, temperature: float) -> list[Sampled]:
    """The problems with only those outputs."""
    kept = [tuple(s for s in p.samples if (s.by, s.temperature) == (name, temperature)) for p in problems]
    return [replace(problem, samples=own) for problem, own in zip(problems, kept, strict=True)]


def auc(scores: Sequence[float], right: Sequence[bool]) -> float:
    """Chance that a right output scores above a wrong one, ties half (the Mann-Whitney statistic)."""
    good = np.asarray(right)
    count = int(good.sum())
    ranks = rankdata(scores)[good].sum() - count * (count + 1) / 2
    return float(ranks / (count * (len(good) - count)))


def picked(problems: Sequence[Sampled], name: str, settings: dict[str, Any]) -> float:
    """Share of problems where the selector shows a right one of the outputs, in percent."""
    pools = [[Candidate(s.text, s.tokens, s.logprob) for s in p.samples] for p in problems]
    chosen = selectors.build(name, settings).choose([p.question for p in problems], pools)
    return 100 * float(np.mean([p.samples[c.index].right for p, c in zip(problems, chosen, strict=True)]))


def reward_row(problems: Sequence[Sampled]) -> list[float]:
    """AUC of the reward, then percent right: one output, each selector, and the oracle; then their standard error."""
    each = [(p, s) for p in problems for s in p.samples]
    scored = metrics.build("reward-model", {"model": "pebble-reward"}).score_many(
        [Scorable(p.question, "", s.text) for p, s in each]
    )
    area = auc([LOWEST if one.value is None else one.value for one in scored], [s.right for _, s in each])
    one = 100 * float(np.mean([s.right for _, s in each]))
    shares = [picked(problems, name, settings) for _, name, settings in SELECTORS]
    oracle = 100 * float(np.mean([any(s.right for s in p.samples) for p in problems]))
    worst = 100 * max(sqrt(x / 100 * (1 - x / 100) / len(problems)) for x in (*shares, oracle))
    return [area, one, *shares, oracle, worst]


def reward_table(problems: Sequence[Sampled]) -> str:
    """Markdown, one row a setting."""
    names = ["AUC", "one output", *(label for label, *_ in SELECTORS), "oracle", "SE at most"]
    lines = ["| outputs of | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for name, heat in SETTINGS:
        area, *shares = reward_row(under(problems, name, heat))
        lines.append(f"| {name}, T {heat:g} | {area:.3f} | " + " | ".join(f"{x:.1f}" for x in shares) + " |")
    return "\n".join(lines)


def unequal(problem: Sampled) -> tuple[Sample, Sample] | None:
    """The first right and the first wrong output; None where all are right or all are wrong."""
    sides = [next((s for s in problem.samples if s.right is right), None) for right in (True, False)]
    return (sides[0], sides[1]) if sides[0] and sides[1] else None


def judged(problems: Sequence[Sampled]) -> tuple[list[tuple[Sample, Sample]], np.ndarray]:
    """Pairs of a right and a wrong output, and the credit of the right one, (pairs, orders); order 0 shows it first."""
    found = [(p, two) for p in problems if (two := unequal(p))]
    pairs = [
        Pair(f"{i}:{swapped:d}", p.question, right.text, wrong.text, swapped=swapped)
        for i, (p, (right, wrong)) in enumerate(found)
        for swapped in (False, True)
    ]
    credits = np.full((len(found), 2), np.nan)
    for verdict in judges.build("pairwise-llm", JUDGE).judge(pairs):
        place, order = map(int, verdict.key.split(":"))
        credits[place, order] = np.nan if verdict.credit_a is None else verdict.credit_a
    return [two for _, two in found], credits


def judge_row(problems: Sequence[Sampled]) -> list[float]:
    """See `judge_table`. A verdict that is no number counts as wrong in the accuracies, and elsewhere not at all."""
    pairs, credits = judged(problems)
    right = credits > 0.5
    both = np.nanmean(credits, axis=1) > 0.5
    first = np.stack([right[:, 0], ~right[:, 1]], axis=1)[~np.isnan(credits)]
    gaps = np.array([a.tokens - b.tokens for a, b in pairs])
    told = np.where(both, gaps, -gaps)[gaps != 0]
    accuracy = float(both.mean())
    error = sqrt(accuracy * (1 - accuracy) / len(pairs))
    shares = (accuracy, error, right.mean(), first.mean(), (right[:, 0] == right[:, 1]).mean())
    lengths = ((told > 0).mean(), (gaps[gaps != 0] > 0).mean())
    return [float(len(pairs)), *(100 * float(share) for share in (*shares, *lengths))]


def judge_table(problems: Sequence[Sampled]) -> str:
    """Markdown, one row a setting."""
    names = ("pairs", "right, both orders", "SE", "right, one order", "slot 1", "same in both orders")
    names = (*names, "names the longer", "longer is right")
    lines = ["| outputs of | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for name, heat in SETTINGS:
        count, *shares = judge_row(under(problems, name, heat))
        lines.append(f"| {name}, T {heat:g} | {count:.0f} | " + " | ".join(f"{x:.1f}" for x in shares) + " |")
    return "\n".join(lines)


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("reward", "judge"))
    parser.add_argument("--prompts", type=int, default=250)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path(".pebbles"), help="folder for samples")
    options = parser.parse_args()
    problems = outputs(options.work, options.prompts, options.seed)
    print((reward_table if options.what == "reward" else judge_table)(problems))


if __name__ == "__main__":
    main()
