"""Simulates arenas with a known truth: votes that drawing by gain needs beside drawing all pairs alike.

`python bench/pairing.py --help`. In each scenario both rules draw pairs in batches and refit after each; told is when
the mean 95 % interval by gain is as narrow as that of drawing alike after a fixed number of votes. `best` is what no
rule can beat at large counts, by the optimal design for the true strengths (only from nothing). After that fixed number
of votes: the mean error of the ratings in standard errors of it over the replicates (`bias_z`, the largest of the
entries; of unbiased means the largest stays below `bias_limit` 99 times in 100), and the share of 95 % intervals that
hold the truth. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# Run as a script, only this file's own folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from bench.processes import SINGLE, machine
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.pairing import Sampling, probabilities
from leaderboard.ratings.strengths import SCALE, Fit, fit

Floats = NDArray[np.float64]
TIES = 0.2
"""Share of ties between equal entries; they fall with the gap, and half of each counts for either side."""
UNIFORM = Sampling(uniform=1.0, least=0.0)
Z = float(norm.ppf(0.975))


@dataclass(frozen=True)
class Scenario:
    """`spread`: standard deviation of the true strengths in logits. `newcomers`: entries that no vote so far was on,
    while the others have `before` votes each. `votes`: what uniform drawing is given.
    """

    name: str
    entries: int
    spread: float
    votes: int
    newcomers: int = 0
    before: int = 0
    batch: int = 50

    @property
    def truth(self) -> Floats:
        """(K,) strengths in logits, evenly spaced, in an order that does not follow the entries' places."""
        even = np.linspace(-1, 1, self.entries)
        return np.random.default_rng(11).permutation(even * self.spread / even.std())


SCENARIOS = (
    Scenario("from nothing, spread as of LMArena", 20, 1.0, 3000),
    Scenario("from nothing, strong and weak", 20, 2.0, 3000),
    Scenario("4 of 20 are new", 20, 1.2, 1000, newcomers=4, before=400),
    Scenario("2 of 20 are new", 20, 1.0, 1000, newcomers=2, before=400),
    Scenario("5 of 30 are new", 30, 1.2, 1000, newcomers=5, before=300),
)


@dataclass
class Arena:
    """Votes so far among K entries of known strengths."""

    truth: Floats
    rng: np.random.Generator
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    credit: Floats

    @classmethod
    def of(cls, scenario: Scenario, seed: int) -> Arena:
        """The votes from before, drawn alike among the entries that were there."""
        nobody = np.empty(0, dtype=np.int64)
        arena = cls(scenario.truth, np.random.default_rng(seed), nobody, nobody, np.empty(0))
        old = scenario.entries - scenario.newcomers
        if scenario.before:
            there = np.arange(scenario.entries) < old
            alike = np.outer(there, there) & ~np.eye(scenario.entries, dtype=bool)
            arena.vote(alike / alike.sum(), scenario.before * old // 2)
        return arena

    @property
    def battles(self) -> Battles:
        """Every vote a battle of its own."""
        names = tuple(f"m{i}" for i in range(len(self.truth)))
        return Battles(names, self.a, self.b, self.credit, np.arange(len(self.credit)))

    @property
    def seen(self) -> Floats:
        """(K, K) votes on each pair."""
        found = np.zeros((len(self.truth), len(self.truth)))
        np.add.at(found, (self.a, self.b), 1)
        return found + found.T

    def vote(self, chances: Floats, count: int) -> None:
        """So many more votes on pairs drawn with these chances."""
        size = len(self.truth)
        a, b = np.divmod(self.rng.choice(size * size, count, p=chances.ravel()), size)
        p = expit(self.truth[a] - self.truth[b])
        tie = 4 * TIES * p * (1 - p)
        tied = self.rng.random(count) < tie
        won = self.rng.random(count) < (p - tie / 2) / (1 - tie)  # so that the credit is p on average
        self.a, self.b = np.concatenate([self.a, a]), np.concatenate([self.b, b])
        self.credit = np.concatenate([self.credit, np.where(tied, 0.5, won)])

    def step(self, rule: Sampling, count: int) -> None:
        """A batch by the rule, as between two refreshes."""
        battles = self.battles
        allowed = ~np.eye(len(self.truth), dtype=bool)
        self.vote(probabilities(battles.names, allowed, self.seen, fit(battles), rule), count)


def widths(found: Fit) -> Floats:
    """(K,) widths of the 95 % intervals in points; infinite where the entries are not on one scale."""
    if not found.connected:
        return np.full(len(found.names), np.inf)
    return np.asarray(2 * Z * SCALE * np.sqrt(np.diag(found.covariance)))


@dataclass(frozen=True)
class Run:
    """One replicate. `needed`: votes by gain until the width that drawing alike ends with, which is `width`.

    `errors` by rule: (K,) of the ratings in points after the scenario's votes, so that no stopping rule chose the
    moment. `inside`: share of the intervals by gain that hold the truth then.
    """

    needed: int
    width: float
    errors: dict[str, Floats]
    inside: float


def replicate(scenario: Scenario, seed: int, rule: Sampling) -> Run:
    """Both rules on one truth."""
    plain, arena = Arena.of(scenario, seed), Arena.of(scenario, seed + 100_000)
    for _ in range(scenario.votes // scenario.batch):
        plain.step(UNIFORM, scenario.batch)
    alike = fit(plain.battles)
    goal, needed, end = float(widths(alike).mean()), 0, None
    for votes in range(scenario.batch, 2 * scenario.votes + 1, scenario.batch):
        arena.step(rule, scenario.batch)
        found = fit(arena.battles)
        end = found if votes == scenario.votes else end
        needed = needed or votes * int(widths(found).mean() <= goal)
        if needed and end is not None:
            break
    assert end is not None
    errors = {"gain": error_of(end, scenario), "alike": error_of(alike, scenario)}
    inside = float(np.mean(np.abs(errors["gain"]) <= widths(end) / 2))
    return Run(needed or 2 * scenario.votes, goal, errors, inside)


def error_of(found: Fit, scenario: Scenario) -> Floats:
    """(K,) in points, both sides centred."""
    return np.asarray(SCALE * (found.theta - (scenario.truth - scenario.truth.mean())))


def summary(scenario: Scenario, runs: Sequence[Run]) -> dict[str, Any]:
    """What a scenario tells over its replicates."""
    needed = np.array([run.needed for run in runs])
    saved = 1 - needed / scenario.votes
    gain, alike = (np.array([run.errors[name] for run in runs]) for name in ("gain", "alike"))
    return {
        **asdict(scenario),
        "width": float(np.mean([run.width for run in runs])),
        "needed": float(needed.mean()),
        "saved": float(saved.mean()),
        "saved_se": float(saved.std(ddof=1) / np.sqrt(len(runs))),
        "best": None if scenario.before else best_saving(scenario.truth),
        "bias_points": float(np.abs(gain.mean(axis=0)).max()),
        "bias_points_alike": float(np.abs(alike.mean(axis=0)).max()),
        "bias_z": bias_z(gain),
        "bias_z_alike": bias_z(alike),
        "bias_limit": float(norm.ppf(1 - 0.005 / scenario.entries)),
        "inside": float(np.mean([run.inside for run in runs])),
        "replicates": len(runs),
    }


def bias_z(errors: Floats) -> float:
    """The largest mean error of an entry in standard errors of it, of (replicates, K) errors."""
    spread = errors.std(axis=0, ddof=1) / np.sqrt(len(errors))
    return float(np.abs(errors.mean(axis=0) / spread).max())


def best_saving(truth: Floats, rounds: int = 2000) -> float:
    """The share of votes that the A-optimal design saves against uniform drawing at large counts.

    Multiplicative algorithm (Silvey, Titterington and Torsney 1978) on the summed variance.
    """
    size = len(truth)
    z = truth[:, None] - truth[None, :]
    weight = expit(z) * expit(-z)
    alike = (1 - np.eye(size)) / (size * (size - 1))
    chances = alike
    for _ in range(rounds):
        moved = np.linalg.matrix_power(_variance(chances * weight), 2)
        gain = weight * (np.diag(moved)[:, None] + np.diag(moved)[None, :] - 2 * moved)
        chances = chances * np.sqrt(np.maximum(gain, 0))
        chances = chances / chances.sum()
    width = [np.sqrt(np.diag(_variance(p * weight))).mean() for p in (chances, alike)]
    return float(1 - (width[0] / width[1]) ** 2)


def _variance(information: Floats) -> Floats:
    both = information + information.T
    constant = float(both.sum()) / len(both) ** 2
    return np.asarray(np.linalg.inv(np.diag(both.sum(axis=0)) - both + constant) - 1 / (constant * len(both) ** 2))


def measured(scenario: Scenario, replicates: int, rule: Sampling, processes: int = 1) -> dict[str, Any]:
    """The summary over seeds 0, 1, ….."""
    given = [scenario] * replicates, range(replicates), [rule] * replicates
    if processes == 1:
        return summary(scenario, list(map(replicate, *given)))
    with ProcessPoolExecutor(processes) as pool:
        return summary(scenario, list(pool.map(replicate, *given)))


def line(row: dict[str, Any]) -> str:
    """What a scenario's line says."""
    best = "" if row["best"] is None else f", at best {100 * row['best']:.0f} %"
    return (
        f"{row['name']:36} {row['votes']} votes alike, {row['needed']:.0f} by gain: {100 * row['saved']:.0f} % fewer"
        f" (± {100 * row['saved_se']:.1f}{best}); largest mean error"
        f" {row['bias_points']:.1f} points (z {row['bias_z']:.1f}), alike {row['bias_points_alike']:.1f}"
        f" (z {row['bias_z_alike']:.1f}), limit z {row['bias_limit']:.1f}; {100 * row['inside']:.1f} % inside"
    )


def main() -> None:
    """Every scenario."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=200, help="of each scenario (200)")
    parser.add_argument("--processes", type=int, default=2, help="at a time (2)")
    options, rule, found = parser.parse_args(), Sampling(), []
    for scenario in SCENARIOS:
        row = measured(scenario, options.replicates, rule, options.processes)
        found.append(row)
        print(line(row), flush=True)
    print(json.dumps({"rule": rule.canonical(), "scenarios": found, "machine": machine()}))


if __name__ == "__main__":
    os.environ |= {name: value for name, value in SINGLE.items() if name.endswith("_NUM_THREADS")}
    main()
