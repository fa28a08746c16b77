"""Which of the votes that were read are left out of a board, found anew at every refresh, so that all can come back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leaderboard.queries.integrity import quarantined, withdrawn
from leaderboard.services.streams import Columns, Scope


def taken_back(scope: Scope, votes: Columns) -> NDArray[np.bool_]:
    """(n,) whether each vote was taken back, or was not blind."""
    if not len(votes):
        return np.zeros(0, dtype=np.bool_)
    found = [pk for rows in withdrawn(scope.board) for pk in rows.values_list("pk", flat=True)]
    return np.isin(votes["pk"], np.array(found, dtype=np.int64))


def held_back(scope: Scope, votes: Columns) -> NDArray[np.bool_]:
    """(n,) whether each vote is by a voter whom this board leaves out."""
    held = quarantined(scope.board)
    if not held or not len(votes):
        return np.zeros(len(votes), dtype=np.bool_)
    return np.isin(votes["voter"], np.array(sorted(held), dtype="U80"))
