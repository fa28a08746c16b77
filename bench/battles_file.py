"""Makes the battles that all sides rate: `python -m bench.battles_file FOLDER SIZE` writes FOLDER/SIZE.parquet."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

ENTRIES = 300
TIES = 0.3
SEED = 20240404
WINNERS = ("model_b", "tie", "model_a")


def battles_table(size: int, seed: int = SEED) -> pa.Table:
    """(size,) columns `model_a`, `model_b`, `winner` as text, `a`, `b` as int16 places and `credit` as float64.

    300 entries of normal strength (standard deviation 0.8 logits) and log-normal popularity, so that the most
    popular meets some hundred times as often as the least; 30 % of the battles are ties.
    """
    random = np.random.default_rng(seed)
    strength = random.normal(0, 0.8, ENTRIES)
    popularity = np.exp(random.normal(0, 1, ENTRIES))
    a, b = _pairs(random, popularity / popularity.sum(), size)
    won = random.random(size) < 1 / (1 + np.exp(strength[b] - strength[a]))
    outcome = np.where(random.random(size) < TIES, 1, np.where(won, 2, 0))
    names = [f"provider-{place % 17:02d}/model-{place:03d}-instruct" for place in range(ENTRIES)]
    return pa.table(
        {
            "model_a": _text(names, a),
            "model_b": _text(names, b),
            "winner": _text(WINNERS, outcome),
            "a": a.astype(np.int16),
            "b": b.astype(np.int16),
            "credit": outcome / 2,
        }
    )


def _pairs(
    random: np.random.Generator, share: NDArray[np.float64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two (size,) columns of places that differ in every row, both drawn by popularity."""
    a, b = (random.choice(ENTRIES, size, p=share) for _ in range(2))
    same = np.flatnonzero(a == b)
    b[same] = (a[same] + random.integers(1, ENTRIES, len(same))) % ENTRIES
    return a, b


def _text(words: list[str] | tuple[str, ...], places: NDArray[np.int64]) -> pa.Array:
    return pa.array(words).take(pa.array(places))


def main() -> None:
    """Writes the file that the arguments name, where it is not there yet."""
    folder, size = Path(sys.argv[1]), int(sys.argv[2])
    path = folder / f"{size}.parquet"
    if not path.exists():
        parquet.write_table(battles_table(size), path)


if __name__ == "__main__":
    main()
