"""Labels of clusters, however they are numbered."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.clusters import count_clusters, places


@given(st.lists(st.one_of(st.integers(-5, 40), st.integers(-(10**17), 10**17)), max_size=40))
def test_places_are_those_of_a_sort(labels):
    array = np.array(labels, dtype=np.int64)
    names, expected = np.unique(array, return_inverse=True)
    found, count = places(array)
    assert (found.tolist(), count) == (expected.tolist(), len(names))
    assert count_clusters(array, len(array)) == len(names)


def test_no_labels_count_the_rows():
    assert count_clusters(None, 12) == 12
