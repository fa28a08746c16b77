"""arena-rank's Bradley–Terry ratings with intervals: `python arena_rank_peer.py BATTLES`. Run by the peers' Python."""

from __future__ import annotations

import sys

import pandas as pd
from arena_rank.models.bradley_terry import BradleyTerry
from arena_rank.utils.data_utils import PairDataset

from bench.clock import clocked, report


def rate(battles: pd.DataFrame) -> dict[str, float]:
    """Its documented example, from the columns of text; ratings by name."""
    dataset = PairDataset.from_pandas(battles)
    model = BradleyTerry(n_competitors=len(dataset.competitors))
    found = model.compute_ratings_and_cis(dataset, significance_level=0.05)
    # JAX computes in the background, so the last results are waited for here.
    found["rating_lower"].block_until_ready()
    return dict(zip(found["competitors"], found["ratings"].tolist(), strict=True))


def main() -> None:
    """Loads the file outside of the timing."""
    battles = pd.read_parquet(sys.argv[1], columns=["model_a", "model_b", "winner"])
    report(*clocked(lambda: rate(battles)))


if __name__ == "__main__":
    main()
