"""The split of prompts: by key alone, near its share, and the same for everybody."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.variation.prompt_split import tune_mask

KEYS = st.lists(st.text(max_size=20), max_size=40, unique=True)
SHARES = st.floats(0, 1)


@given(KEYS, SHARES, st.randoms(use_true_random=False))
def test_neither_order_nor_neighbours_matter(keys, share, random):
    alone = {key: bool(tune_mask([key], share)[0]) for key in keys}
    mixed = random.sample(keys, len(keys))
    assert tune_mask(mixed, share).tolist() == [alone[key] for key in mixed]


@given(KEYS, SHARES, SHARES)
def test_a_larger_share_keeps_every_tune_prompt(keys, one, other):
    small, large = (tune_mask(keys, share) for share in sorted((one, other)))
    assert np.all(large[small])


@given(KEYS)
def test_nothing_and_everything(keys):
    assert not tune_mask(keys, 0.0).any()
    assert tune_mask(keys, 1.0).all()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_many_keys_come_near_the_share(share):
    count = 20_000
    found = tune_mask([f"task/{i}" for i in range(count)], share).mean()
    assert abs(found - share) < 5 * math.sqrt(share * (1 - share) / count)


@given(st.text(max_size=30), SHARES)
def test_the_rule_as_the_documentation_says_it(key, share):
    digest = hashlib.sha256(b"touchstone prompt split 1\0" + key.encode()).hexdigest()
    assert tune_mask([key], share)[0] == (int(digest[:16], 16) // 2**11 < share * 2**53)


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_share_outside_is_refused(share):
    with pytest.raises(ValueError, match="share"):
        tune_mask(["a"], share)
