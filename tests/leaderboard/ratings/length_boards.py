"""Boards with prompts, lengths and difficulties: drawn from the model, or the published AlpacaEval 2 data."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.length_fit import Regulariser
from leaderboard.ratings.logistic import sigmoid

BASE = "base"


def drawn(seed: int = 0, *, entries: int = 3, prompts: int = 40, whole: bool = False, given: bool = True) -> Battles:
    """`entries` e0, e1, … against the baseline on every prompt, some rows with the baseline as side a."""
    random = np.random.default_rng(seed)
    gamma = random.normal(size=prompts)
    w = random.normal([-1, 0.8, -0.5], [0.2, 0.2, 0.8], size=(entries, 3))
    entry, prompt = np.divmod(np.arange(entries * prompts), prompts)
    base, own = random.integers(200, 3000, size=prompts)[prompt], random.integers(100, 3000, size=len(entry))
    delta = (base - own).astype(np.float64)
    z = w[entry, 0] * np.tanh(delta / 1000) + w[entry, 1] * gamma[prompt] + w[entry, 2]
    credit = sigmoid(z + random.normal(size=len(z)))
    credit = np.round(credit) if whole else credit
    first = random.uniform(size=len(z)) < 0.5
    return Battles(
        names=(BASE, *(f"e{i}" for i in range(entries))),
        a=np.where(first, entry + 1, 0),
        b=np.where(first, 0, entry + 1),
        credit=np.where(first, credit, 1 - credit),
        cluster=prompt,
        prompt=prompt,
        difficulty=gamma if given else None,
        measures={"chars": (np.where(first, own, base).astype(float), np.where(first, base, own).astype(float))},
    )


def swapped(battles: Battles) -> Battles:
    """Every battle seen from the other side."""
    return Battles(
        battles.names,
        battles.b,
        battles.a,
        1 - battles.credit,
        battles.cluster,
        battles.prompt,
        battles.difficulty,
        {name: (right, left) for name, (left, right) in battles.measures.items()},
    )


def bound(seed: int = 0, rows: int = 60) -> Regulariser:
    """Regularising rows drawn from φ = −1, ψ = 0.8."""
    random = np.random.default_rng(seed)
    t, gamma = np.tanh(random.normal(size=rows)), random.normal(size=rows)
    return Regulariser.of(t, gamma, sigmoid(-t + 0.8 * gamma))


@cache
def alpaca(root: Path) -> Battles:
    """Every judged model against the baseline in stored order, with lengths and the published difficulty.

    The baseline is `BASE`, whatever its name; its own rows, ties with itself, are left out.
    """
    table = parquet.read_table(root / "alpaca_eval" / "annotations.parquet").to_pydict()
    gamma = parquet.read_table(root / "alpaca_eval" / "instructions.parquet")["difficulty"].to_numpy()
    model = np.array(table["model"])
    lengths = [np.array(table[name], dtype=np.float64) for name in ("len_output", "len_baseline")]
    tied = (np.array(table["preference"]) == 1.5) & (lengths[0] == lengths[1])
    kept = ~np.isin(model, [name for name in np.unique(model) if np.all(tied[model == name])])
    names, place = np.unique(model[kept], return_inverse=True)
    prompt = np.array(table["instruction_index"])[kept].astype(np.int64)
    return Battles(
        names=(BASE, *names.tolist()),
        a=place + 1,
        b=np.zeros(len(place), dtype=np.int64),
        credit=np.array(table["preference"])[kept] - 1,
        cluster=prompt,
        prompt=prompt,
        difficulty=gamma,
        measures={"chars": (lengths[0][kept], lengths[1][kept])},
    )


@cache
def alpaca_regulariser(root: Path, gamma: tuple[float, ...]) -> Regulariser:
    """The two gamed baselines, with reconstructed verdicts."""
    table = parquet.read_table(root / "alpaca_eval" / "gamed_baselines_surrogate.parquet").to_pydict()
    t = np.tanh(np.array(table["std_delta_len"]))
    return Regulariser.of(t, np.array(gamma)[np.array(table["instruction_index"])], table["preference_surrogate"])
