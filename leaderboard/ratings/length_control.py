"""The length-controlled win rate as a plugin: a `RatingTable` from the fits of `length_board`."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from leaderboard.contracts.params import Params
from leaderboard.ratings.battles import Battles, Rating, RatingTable
from leaderboard.ratings.length_board import PUBLISHED, Board, Entry, LengthControlledParams, coefficients, fit_board
from leaderboard.ratings.length_fit import Regulariser, published_se
from leaderboard.ratings.ranks import with_ranks


class LengthControlled:
    """Plugin. What an entry would win against the baseline if its answers were as long (arXiv 2404.04475).

    An entry is refused, with a value of None and the reason in its note, where the value would mislead: not
    every prompt judged, nothing judged, every verdict the same, lengths that do not vary.

    `extra`: `difficulty` (given, fitted or none), and where fitted `gamma`, (P,) by prompt; by name `raw` (win
    rate in points, a prompt counted once) and `coefficients`; in the mode alpacaeval-2 also `lc_standard_error`,
    the figure AlpacaEval prints by that name, which is not a sampling error. For a claim about two entries use
    `length_board.fit_board(...).between(i, j)`.
    """

    name: ClassVar[str] = "length-controlled"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Length-controlled win rate against a baseline"
    Params: ClassVar[type[Params]] = LengthControlledParams

    def __init__(self, params: LengthControlledParams, regulariser: Regulariser | None = None) -> None:
        self.params = params
        self.regulariser = regulariser

    def rate(self, battles: Battles) -> RatingTable:
        """The table, in the order of `names`.

        Raises: ValueError where no baseline is named or it is not among the entrants, the battles carry no
        lengths, or the difficulty that was asked for cannot be had.
        """
        board = fit_board(battles, self.params, self.regulariser)
        return RatingTable(
            method=self.name,
            version=self.version,
            params=self.params.canonical(),
            ratings=with_ranks([self._rating(entry, battles) for entry in board.entries]),
            notes=board.notes,
            extra=self._extra(board),
        )

    def _rating(self, entry: Entry, battles: Battles) -> Rating:
        if entry.name == self.params.baseline:
            place = battles.names.index(entry.name)
            met = int(np.sum((battles.a == place) | (battles.b == place)))
            return Rating(entry.name, 50.0, 0.0, 50.0, 50.0, met, note="The baseline itself.")
        n, found = len(entry.view.credit), entry.interval
        if entry.value is None:
            return Rating(entry.name, None, None, None, None, n, note=entry.refusal)
        if found is None:
            note = "One cluster only: no interval." if self.params.replicates > 1 else ""
            return Rating(entry.name, entry.value, None, None, None, n, note=note)
        return Rating(entry.name, entry.value, found.se, found.low, found.high, n)

    def _extra(self, board: Board) -> dict[str, Any]:
        raw = {entry.name: entry.view.raw for entry in board.entries if entry.view.raw is not None}
        extra: dict[str, Any] = {"difficulty": board.source, "raw": raw, "coefficients": coefficients(board)}
        if board.source == "fitted":
            extra["gamma"] = board.difficulty.tolist()
        if self.params.mode == PUBLISHED:
            extra["lc_standard_error"] = {
                entry.name: published_se(entry.fit, entry.difficulty)
                for entry in board.entries
                if entry.fit is not None and entry.difficulty is not None
            }
        return extra
