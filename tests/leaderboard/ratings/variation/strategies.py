"""Random tables of scores with gaps."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

VALUES = st.one_of(st.sampled_from([0.0, 1.0]), st.integers(-8, 8).map(lambda i: i / 4))
GAPPY = st.one_of(VALUES, VALUES, VALUES, st.just(float("nan")))


@st.composite
def tables(draw: st.DrawFn, values: st.SearchStrategy[float] = GAPPY, least: int = 1, most: int = 6) -> np.ndarray:
    """Between `least` and `most` prompts and samples."""
    rows, columns = draw(st.integers(least, most)), draw(st.integers(least, most))
    cells = draw(st.lists(values, min_size=rows * columns, max_size=rows * columns))
    return np.array(cells).reshape(rows, columns)


def judged(prompts: int, samples: int, seed: int = 0, run_effect: float = 0.0) -> np.ndarray:
    """Right or wrong by a chance of each prompt's own, and `run_effect` times a normal draw per run."""
    rng = np.random.default_rng(seed)
    chance = rng.beta(0.6, 1.4, size=(prompts, 1))
    right = (rng.random((prompts, samples)) < chance).astype(float)
    return right + run_effect * rng.standard_normal(samples)
