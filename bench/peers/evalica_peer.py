"""evalica's Bradley–Terry ratings, without intervals: `python evalica_peer.py BATTLES`. Run by the peers' Python."""

from __future__ import annotations

import math
import sys

import evalica
import pandas as pd

from bench.clock import clocked, report

WINNERS = {"model_a": evalica.Winner.X, "model_b": evalica.Winner.Y, "tie": evalica.Winner.Draw}
TOLERANCE, LIMIT = 1e-9, 10_000
"""Tighter than its own 1e-6 and 100 rounds, so that the answers can be compared; the rounds cost next to nothing."""


def main() -> None:
    """Loads the file, and turns the columns into what it is fastest on and its own winners, outside of the timing."""
    battles = pd.read_parquet(sys.argv[1], columns=["model_a", "model_b", "winner"])
    # of pandas' own columns of text it would make Python strings one by one, which takes four times as long
    a, b = battles["model_a"].astype(object), battles["model_b"].astype(object)
    winners = battles["winner"].map(WINNERS).tolist()
    found, cost = clocked(lambda: evalica.bradley_terry(a, b, winners, tolerance=TOLERANCE, limit=LIMIT))
    report({name: 400 * math.log10(score) for name, score in found.scores.items()}, cost)


if __name__ == "__main__":
    main()
