"""Length-controlled fits of a whole board: which difficulty, which entries are refused, joint replicates.

The formulas are in `length_fit`, the choice of rows in `length_views`, the plugin in `length_control`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from leaderboard.contracts.said import said
from leaderboard.ratings.battles import Battles
from leaderboard.ratings.difficulty import Ints, fit_difficulty
from leaderboard.ratings.intervals import IntervalParams, z_value
from leaderboard.ratings.length_fit import (
    BASELINE_FIT,
    FOLDS,
    LengthFit,
    Regulariser,
    Rows,
    between,
    choose_c,
    fit_regulariser,
    fit_rows,
    length_controlled,
    points,
    refits,
)
from leaderboard.ratings.length_views import Prompts, View, verdicts, views
from leaderboard.ratings.logistic import Floats, sigmoid

PUBLISHED = "alpacaeval-2"
EDGE = 1e-12
"""A share this close to 0 or 1 is taken as this far from it."""
WITHOUT = said("Values without it can be some points too high for weak entries.")
Source = Literal["given", "fitted", "none"]


class LengthControlledParams(IntervalParams):
    """Settings of `LengthControlled`."""

    baseline: str = Field(default="", title="Baseline", description="Entrant to compare with; it must be named.")
    mode: Literal["default", "alpacaeval-2"] = Field(
        default="default",
        title="Mode",
        description="alpacaeval-2 reproduces the published fit: C chosen by cross-validation for each entry, "
        "difficulty joined by row position, no check of coverage.",
    )
    c: float = Field(
        default=2.78, gt=0, le=10_000, title="C", description="Inverse strength of the penalty, in the default mode."
    )
    difficulty: Literal["auto", "given", "fitted", "none"] = Field(
        default="auto",
        title="Prompt difficulty",
        description="given: the benchmark's own; fitted: from this board's verdicts; none: left out; "
        "auto: the first of the three that can be had.",
    )
    coverage: float = Field(
        default=1.0,
        gt=0,
        le=1,
        title="Coverage",
        description="Least share of the prompts that an entry must have verdicts on, in the default mode.",
    )
    replicates: int = Field(
        default=200, ge=0, le=2_000, title="Replicates", description="Bootstrap refits; 0 gives no interval."
    )
    seed: int = Field(default=0, ge=0, title="Seed", description="Decides which prompts the replicates draw.")
    measure: str = Field(default="chars", title="Measure", description="The measure of length in the battles.")


@dataclass(frozen=True)
class Interval:
    """Points; `se` the standard deviation over the replicates."""

    se: float
    low: float
    high: float


@dataclass(frozen=True)
class Entry:
    """One entry's fit. Without `fit`, `refusal` says why.

    `places` (p,): the prompts, as places among the difficulties, that its value is the mean over.
    `replicates` (R, 3): φ, ψ, θ refitted, NaN where a replicate drew none of its prompts.
    """

    name: str
    view: View
    refusal: str = ""
    fit: LengthFit | None = None
    value: float | None = None
    difficulty: Floats | None = None
    places: Ints | None = None
    replicates: Floats | None = None
    interval: Interval | None = None


@dataclass(frozen=True)
class Board:
    """Every entry's fit, in the order of the names, on the same drawn prompts.

    `difficulty` (P,), from `source`; `draws` (R, units) how often each replicate drew each unit.
    """

    entries: tuple[Entry, ...]
    baseline: str
    prompts: Prompts
    difficulty: Floats
    source: Source
    draws: NDArray[np.int64]
    confidence: float
    notes: tuple[str, ...]

    def between(self, i: str, j: str) -> tuple[float, Interval | None]:
        """Length-controlled win rate of i against j (points) over the prompts of both, and its interval.

        The interval rests on the joint replicates: both entries are refitted on the same drawn prompts.

        Raises: ValueError where a name is unknown or was refused, or the two share no prompt.
        """
        first, second = self._rated(i), self._rated(j)
        places = self._shared(first, second)
        gamma = self.difficulty[places]
        value = between(first.fit or BASELINE_FIT, second.fit or BASELINE_FIT, gamma)
        unit = self.prompts.unit[places]
        if len(np.unique(unit)) < 2:
            return value, None
        gap = self._coefficients(first) - self._coefficients(second)
        spread = points(gap, gamma, self.draws[:, unit])
        return value, interval(value, spread, self.confidence)

    def _rated(self, name: str) -> Entry:
        entry = next((entry for entry in self.entries if entry.name == name), None)
        if entry is None:
            raise ValueError(f"'{name}' is not among the entrants.")
        if entry.fit is None and name != self.baseline:
            raise ValueError(f"'{name}' has no length-controlled fit. {entry.refusal}")
        return entry

    def _shared(self, *pair: Entry) -> Ints:
        shared = np.arange(len(self.difficulty))
        for entry in pair:
            if entry.places is not None:
                shared = np.intersect1d(shared, entry.places)
        return shared[np.isfinite(self.difficulty[shared])]

    def _coefficients(self, entry: Entry) -> Floats:
        return np.zeros((len(self.draws), 3)) if entry.replicates is None else entry.replicates


def fit_board(battles: Battles, params: LengthControlledParams, regulariser: Regulariser | None = None) -> Board:
    """Fits every entry against the baseline.

    Raises: ValueError where the baseline is missing, the battles carry no lengths, or the difficulty that was
    asked for cannot be had.
    """
    if not params.baseline:
        raise ValueError(said("The length-controlled win rate needs a baseline."))
    prompts, board = views(battles, params.baseline, params.measure)
    source, gamma, notes = _difficulty(battles, prompts, board, params)
    bound = regulariser or Regulariser.none()
    rows = bound if source == "given" else bound.at_mean_difficulty()
    fitter = _Fitter(params, prompts, gamma, rows, _draws(params, prompts))
    entries = tuple(fitter.entry(name, view) for name, view in zip(battles.names, board, strict=True))
    notes += _regulariser_notes(params, source, len(bound.target))
    return Board(entries, params.baseline, prompts, gamma, source, fitter.draws, params.confidence, notes)


def interval(value: float, replicates: Floats, confidence: float) -> Interval | None:
    """From the (R,) replicates, all in points; None where fewer than two are numbers.

    Normal on the log-odds: logit(value) ± z·sd(logit of the replicates). On small boards and near 0 or 100 it
    covers the truth more often than percentiles or a normal interval in points, and it stays within 0 and 100.
    """
    found = replicates[np.isfinite(replicates)]
    if len(found) < 2:
        return None
    reach = z_value(confidence) * float(np.std(_log_odds(found), ddof=1))
    low, high = 100 * sigmoid(_log_odds(np.array([value])) + np.array([-reach, reach]))
    return Interval(float(np.std(found, ddof=1)), min(value, float(low)), max(value, float(high)))


def _log_odds(values: Floats) -> Floats:
    share = np.clip(values / 100, EDGE, 1 - EDGE)
    return np.asarray(np.log(share) - np.log1p(-share))


@dataclass(frozen=True)
class _Fitter:
    """What the fits of one board share."""

    params: LengthControlledParams
    prompts: Prompts
    difficulty: Floats
    regulariser: Regulariser
    draws: NDArray[np.int64]

    @property
    def published(self) -> bool:
        return self.params.mode == PUBLISHED

    @cached_property
    def _begin(self) -> LengthFit:
        return fit_regulariser(self.regulariser, self.params.c)

    def entry(self, name: str, view: View) -> Entry:
        view = view.once() if self.published else view
        refusal = self._refusal(view)
        if refusal or name == self.params.baseline:
            return Entry(name, view, refusal)
        places = np.arange(len(view.credit)) if self.published else view.prompt
        rows = Rows(view.length(), self.difficulty[places], view.credit, view.weight)
        c = choose_c(rows, self.regulariser) if self.published else self.params.c
        fit = fit_rows(rows, c, view.std_delta(), self.regulariser, self._begin)
        value = length_controlled(fit, rows.difficulty, rows.weight)
        unit = self.prompts.unit[view.prompt]
        drawn = self.draws[:, unit]
        replicates = refits(rows, fit, drawn, self.regulariser)
        spread = points(replicates, rows.difficulty, drawn * rows.weight)
        alone = np.all(unit == unit[0])
        found = None if alone else interval(value, spread, self.params.confidence)
        return Entry(
            name, view, "", fit, value, rows.difficulty, np.flatnonzero(np.bincount(places)), replicates, found
        )

    def _refusal(self, view: View) -> str:
        if not len(view.credit):
            return said("No verdicts against the baseline on answers of known length.")
        if not view.std_delta():
            return said("Its lengths differ from the baseline's by the same number everywhere.")
        return self._refusal_as_published(view) if self.published else self._refusal_by_default(view)

    def _refusal_as_published(self, view: View) -> str:
        n, size = len(view.credit), self.prompts.size
        if n > size:
            return said("It has {n} verdicts, and {size} difficulties to join by position.", n=n, size=size)
        return "" if n >= FOLDS else said("It has {n} verdicts, too few for {folds} folds.", n=n, folds=FOLDS)

    def _refusal_by_default(self, view: View) -> str:
        met, size = view.prompts, self.prompts.size
        if met < self.params.coverage * size - 1e-9:
            return said("Verdicts on {met} of {size} prompts only.", met=met, size=size)
        return said("Every verdict is the same.") if np.all(view.credit == view.credit[0]) else ""


def _draws(params: LengthControlledParams, prompts: Prompts) -> NDArray[np.int64]:
    units = prompts.units
    if not units:
        return np.zeros((params.replicates, 0), dtype=np.int64)
    return np.random.default_rng(params.seed).multinomial(units, np.full(units, 1 / units), size=params.replicates)


def _difficulty(
    battles: Battles, prompts: Prompts, board: tuple[View, ...], params: LengthControlledParams
) -> tuple[Source, Floats, tuple[str, ...]]:
    """Where the (P,) difficulty comes from, itself, and what the reader is told."""
    wanted = params.difficulty
    if params.mode == PUBLISHED and wanted in ("fitted", "none"):
        raise ValueError(
            said(
                "The mode {published} takes the benchmark's own difficulty; set difficulty to given.",
                published=PUBLISHED,
            )
        )
    if wanted in ("auto", "given") and _is_known(battles, params.mode):
        by_row = said("Difficulty: the benchmark's own, joined by row position.")
        by_prompt = said("Difficulty: the benchmark's own, joined by prompt.")
        gamma = np.asarray(battles.difficulty, dtype=np.float64)
        return "given", gamma, (by_row if params.mode == PUBLISHED else by_prompt,)
    if wanted == "given" or params.mode == PUBLISHED:
        raise ValueError(said("The battles give no prompts, or no difficulty for some of them."))
    reason: str = said("It was not asked for.")
    if wanted != "none":
        try:
            fitted = fit_difficulty(verdicts(board))
        except ValueError as problem:
            if wanted == "fitted":
                raise
            reason = str(problem)
        else:
            # prompts without a verdict against the baseline get the mean
            gamma = np.concatenate([fitted, np.zeros(prompts.size - len(fitted))])
            return "fitted", gamma, (said("Difficulty: fitted from this board's verdicts; intervals hold it fixed."),)
    return (
        "none",
        np.zeros(prompts.size),
        (said("Difficulty: left out. {reason} {without}", reason=reason, without=WITHOUT),),
    )


def _is_known(battles: Battles, mode: str) -> bool:
    if battles.difficulty is None or battles.prompt is None:
        return False
    if mode == PUBLISHED:
        return bool(np.all(np.isfinite(battles.difficulty)))
    return bool(np.all(np.isfinite(battles.difficulty[battles.prompt])))


def _regulariser_notes(params: LengthControlledParams, source: Source, rows: int) -> tuple[str, ...]:
    if not rows:
        if params.mode == PUBLISHED:
            return (said("Fitted without regularising rows. The published fit has them, so it is not reproduced."),)
        return (said("Fitted without regularising rows."),)
    if source == "given":
        return (said("Fitted with {rows} regularising rows.", rows=rows),)
    return (said("Fitted with {rows} regularising rows, at difficulty 0: theirs has another scale.", rows=rows),)


def coefficients(board: Board) -> dict[str, Mapping[str, float]]:
    """By name of each fitted entry: `length` (φ), `difficulty` (ψ), `entry` (θ), `c`, `std_delta`."""
    return {
        entry.name: {
            "length": entry.fit.length,
            "difficulty": entry.fit.difficulty,
            "entry": entry.fit.entry,
            "c": entry.fit.c,
            "std_delta": entry.fit.std_delta,
        }
        for entry in board.entries
        if entry.fit is not None
    }
