from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.contracts.registry import ratings
from leaderboard.ratings.battles import Battles, Rating, RatingTable
from leaderboard.ratings.length_board import LengthControlledParams
from leaderboard.ratings.length_control import LengthControlled
from leaderboard.ratings.length_fit import Regulariser, Rows, fit_rows, length_controlled, published_se
from leaderboard.ratings.logistic import Floats
from tests.leaderboard.ratings.length_boards import BASE, bound, drawn, swapped

SEEDS = st.integers(0, 1000)


def rate(battles: Battles, regulariser: Regulariser | None = None, **given: Any) -> RatingTable:
    params = LengthControlledParams(**{"baseline": BASE, "replicates": 20, **given})
    return LengthControlled(params, regulariser).rate(battles)


def same(before: RatingTable, after: RatingTable) -> None:
    """Equal in every number, up to the rounding of the fits."""
    for one, other in zip(before.ratings, after.ratings, strict=True):
        numbers = [(one.value, other.value), (one.se, other.se), (one.low, other.low), (one.high, other.high)]
        for left, right in numbers:
            assert right == pytest.approx(left, abs=1e-4)
        assert (one.name, one.n, one.note) == (other.name, other.n, other.note)


def e0(battles: Battles) -> tuple[Floats, Floats, Floats]:
    """Δ, γ and credit of e0, prompt by prompt, straight from the arrays."""
    rows = np.flatnonzero((battles.a == 1) | (battles.b == 1))
    left, right = (side[rows] for side in battles.measures["chars"])
    own_first = battles.a[rows] == 1
    credit = np.where(own_first, battles.credit[rows], 1 - battles.credit[rows])
    return np.where(own_first, right - left, left - right), battles.difficulty[battles.prompt[rows]], credit


def test_an_entry_is_the_fit_of_its_own_rows() -> None:
    battles, others = drawn(0), bound()
    delta, gamma, credit = e0(battles)
    s = np.std(delta, ddof=1)
    fit = fit_rows(Rows(np.tanh(delta / s), gamma, credit, np.ones(40)), 2.78, s, others)
    table = rate(battles, others)
    assert table.by_name()["e0"].value == pytest.approx(length_controlled(fit, gamma), abs=1e-6)
    assert table.by_name()["e0"].n == 40
    assert table.extra["raw"]["e0"] == pytest.approx(100 * np.mean(credit))
    assert table.extra["coefficients"]["e0"] == pytest.approx(
        {"length": fit.length, "difficulty": fit.difficulty, "entry": fit.entry, "c": 2.78, "std_delta": s}, abs=1e-7
    )


def test_the_baseline_is_exactly_50() -> None:
    assert dataclasses.replace(rate(drawn(0)).by_name()[BASE], rank_low=None, rank_high=None) == Rating(
        BASE, 50.0, 0.0, 50.0, 50.0, 120, note="The baseline itself."
    )


def test_the_method_names_itself_and_its_settings() -> None:
    table = rate(drawn(0), c=1.0)
    assert (table.method, table.version) == ("length-controlled", "1")
    assert table.params == {
        "confidence": 0.95,
        "baseline": BASE,
        "mode": "default",
        "c": 1.0,
        "difficulty": "auto",
        "coverage": 1.0,
        "replicates": 20,
        "seed": 0,
        "measure": "chars",
    }


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_row_order_does_not_matter(seed: int) -> None:
    battles = drawn(seed)
    order = np.random.default_rng(seed).permutation(len(battles.a))
    same(rate(battles, bound()), rate(battles.take(order), bound()))


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_row_order_does_not_matter_to_a_fitted_difficulty(seed: int) -> None:
    battles = drawn(seed, entries=10, prompts=20)
    order = np.random.default_rng(seed).permutation(len(battles.a))
    before, after = (rate(board, difficulty="fitted", replicates=0) for board in (battles, battles.take(order)))
    same(before, after)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from(["default", "alpacaeval-2"]))
def test_sides_do_not_matter(seed: int, mode: str) -> None:
    battles = drawn(seed)
    same(rate(battles, bound(), mode=mode), rate(swapped(battles), bound(), mode=mode))


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.floats(0, 0.2))
def test_two_orders_of_a_prompt_are_one_row_of_their_mean(seed: int, gap: float) -> None:
    battles = drawn(seed)
    middle = dataclasses.replace(battles, credit=np.clip(battles.credit, 0.2, 0.8))
    orders = np.where(battles.prompt % 3 == 0, 2, 1)
    both = middle.take(np.repeat(np.arange(len(battles.a)), orders))
    signs = np.concatenate([[1.0, -1.0] if n == 2 else [0.0] for n in orders])
    one, two = rate(middle, bound()), rate(dataclasses.replace(both, credit=both.credit + gap * signs), bound())
    for before, after in zip(one.ratings, two.ratings, strict=True):
        assert after.value == pytest.approx(before.value, abs=1e-4)
        assert after.se == pytest.approx(before.se, abs=1e-4)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_other_entries_do_not_matter_with_a_given_difficulty(seed: int) -> None:
    battles = drawn(seed)
    fewer = battles.take((battles.a != 3) & (battles.b != 3))
    before, after = rate(battles).by_name(), rate(fewer).by_name()
    for name in ("e0", "e1"):
        assert after[name].value == pytest.approx(before[name].value, abs=1e-9)
        assert after[name].se == pytest.approx(before[name].se, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.booleans(), st.booleans())
def test_numbers_are_plain_finite_and_in_range(seed: int, whole: bool, bare: bool) -> None:
    table = rate(drawn(seed, prompts=12, whole=whole), None if bare else bound())
    json.dumps([vars(r) for r in table.ratings] + [table.extra, table.params, table.notes], allow_nan=False)
    for found in table.ratings:
        assert found.value is None or 0 <= found.low <= found.value <= found.high <= 100


def refused(battles: Battles, **given: Any) -> str:
    """e0's note, after checking that it alone has no number."""
    table = rate(battles, bound(), **given)
    found = table.by_name()
    assert (found["e0"].value, found["e0"].se, found["e0"].low, found["e0"].rank_low) == (None, None, None, None)
    assert all(found[name].value is not None for name in (BASE, "e1", "e2"))
    assert "e0" not in table.extra["coefficients"]
    return found["e0"].note


def of_e0(battles: Battles) -> Floats:
    return (battles.a == 1) | (battles.b == 1)


def test_an_entry_without_verdicts_is_refused() -> None:
    battles = drawn(0)
    assert refused(battles.take(~of_e0(battles))) == "No verdicts against the baseline on answers of known length."


def test_incomplete_coverage_is_refused() -> None:
    battles = drawn(0)
    short = battles.take(~(of_e0(battles) & (battles.prompt == 5)))
    assert refused(short) == "Verdicts on 39 of 40 prompts only."
    assert refused(dataclasses.replace(short, difficulty=None)) == "Verdicts on 39 of 40 prompts only."
    assert rate(short, coverage=0.975).by_name()["e0"].value is not None


def test_coverage_is_not_a_matter_of_rounding() -> None:
    battles = drawn(0, prompts=100)
    seven = battles.take(~(of_e0(battles) & (battles.prompt >= 7)))
    # 0.07 · 100 is a little above 7 in floating point
    assert rate(seven, coverage=0.07).by_name()["e0"].value is not None


def test_an_unknown_length_is_a_missing_verdict() -> None:
    battles = drawn(0)
    left, right = battles.measures["chars"]
    holes = np.where(of_e0(battles) & (battles.prompt == 5), np.nan, left)
    assert refused(dataclasses.replace(battles, measures={"chars": (holes, right)})) == (
        "Verdicts on 39 of 40 prompts only."
    )


def test_a_benchmark_that_nobody_finished_is_refused() -> None:
    battles = dataclasses.replace(drawn(0), difficulty=np.append(drawn(0).difficulty, 0.0))
    assert [r.note for r in rate(battles).ratings[1:]] == ["Verdicts on 40 of 41 prompts only."] * 3


@pytest.mark.parametrize("verdict", [0.0, 0.5, 1.0])
def test_equal_verdicts_are_refused(verdict: float) -> None:
    battles = drawn(0)
    constant = np.where(battles.a == 1, verdict, np.where(battles.b == 1, 1 - verdict, battles.credit))
    assert refused(dataclasses.replace(battles, credit=constant)) == "Every verdict is the same."


def test_lengths_that_do_not_vary_are_refused() -> None:
    battles = drawn(0)
    left, right = battles.measures["chars"]
    flat = np.where(of_e0(battles), right + np.where(battles.a == 1, 7, -7), left)
    note = "Its lengths differ from the baseline's by the same number everywhere."
    assert refused(dataclasses.replace(battles, measures={"chars": (flat, right)})) == note
    given_mode = dataclasses.replace(battles, measures={"chars": (flat, right)})
    assert refused(given_mode, mode="alpacaeval-2") == note


def test_nothing_in_nothing_out() -> None:
    empty = drawn(0).take(np.zeros(120, dtype=bool))
    assert [r.value for r in rate(empty).ratings] == [50.0, None, None, None]
    assert [r.value for r in rate(dataclasses.replace(empty, difficulty=None)).ratings] == [50.0, None, None, None]


def test_no_replicates_no_interval() -> None:
    found = rate(drawn(0), replicates=0).by_name()["e0"]
    assert found.value == pytest.approx(rate(drawn(0)).by_name()["e0"].value, abs=1e-9)
    assert (found.se, found.low, found.high) == (None, None, None)


def test_the_seed_decides_the_interval_and_not_the_value() -> None:
    first, again, other = (rate(drawn(0), seed=seed).by_name()["e0"] for seed in (1, 1, 2))
    assert first == again
    assert first.value == other.value
    assert first.se != other.se


def test_the_standard_error_is_that_of_new_prompts() -> None:
    population, random = drawn(2, entries=1, prompts=3000), np.random.default_rng(0)
    found = []
    for _ in range(60):
        picked = random.choice(3000, size=150, replace=False)
        sample = population.take(picked)
        gamma = population.difficulty[sample.prompt]
        sample = dataclasses.replace(sample, prompt=np.arange(150), cluster=np.arange(150), difficulty=gamma)
        found.append(rate(sample, bound(), replicates=50).by_name()["e0"])
    spread = np.std([rating.value for rating in found], ddof=1)
    assert np.mean([rating.se for rating in found]) == pytest.approx(spread, rel=0.3)


def test_one_cluster_has_no_interval() -> None:
    found = rate(dataclasses.replace(drawn(0), cluster=np.zeros(120, dtype=np.int64))).by_name()["e0"]
    assert found.value == pytest.approx(rate(drawn(0)).by_name()["e0"].value, abs=1e-9)
    assert (found.se, found.low, found.high, found.note) == (None, None, None, "One cluster only: no interval.")


def test_a_cluster_of_several_prompts_widens_the_interval() -> None:
    # 10 clusters of 4 copies of one prompt each carry the information of 10 prompts
    ten = drawn(3, entries=1, prompts=10)
    copies = ten.take(np.tile(np.arange(10), 4))
    prompt = copies.prompt + 10 * np.repeat(np.arange(4), 10)
    board = dataclasses.replace(copies, prompt=prompt, difficulty=np.tile(ten.difficulty, 4), cluster=copies.prompt)
    apart = dataclasses.replace(board, cluster=prompt)
    together, alone = (rate(b, bound(), replicates=200).by_name()["e0"] for b in (board, apart))
    assert together.value == pytest.approx(alone.value, abs=1e-9)
    assert 1.5 < together.se / alone.se < 2.5


@pytest.mark.parametrize(
    ("given", "entries", "known", "source", "note"),
    [
        ("auto", 3, True, "given", "Difficulty: the benchmark's own, joined by prompt."),
        ("given", 3, True, "given", "Difficulty: the benchmark's own, joined by prompt."),
        ("auto", 10, False, "fitted", "Difficulty: fitted from this board's verdicts; intervals hold it fixed."),
        ("fitted", 10, True, "fitted", "Difficulty: fitted from this board's verdicts; intervals hold it fixed."),
        ("auto", 3, False, "none", "Difficulty: left out. A difficulty needs 10 entries."),
        ("none", 10, True, "none", "Difficulty: left out. It was not asked for."),
    ],
)
def test_the_board_says_which_difficulty(given: str, entries: int, known: bool, source: str, note: str) -> None:
    table = rate(drawn(0, entries=entries, given=known), difficulty=given, replicates=0)
    assert table.extra["difficulty"] == source
    assert table.notes[0].startswith(note)
    assert all(r.value is not None for r in table.ratings)


def test_a_hole_in_the_difficulties_is_not_given() -> None:
    battles = drawn(0)
    holed = dataclasses.replace(battles, difficulty=np.where(np.arange(40) == 3, np.nan, battles.difficulty))
    assert rate(holed).extra["difficulty"] == "none"
    for mode in ("default", "alpacaeval-2"):
        with pytest.raises(ValueError, match="no difficulty for some of them"):
            rate(holed, difficulty="given", mode=mode)


def test_a_difficulty_without_prompts_cannot_be_joined() -> None:
    bare = dataclasses.replace(drawn(0), prompt=None)
    assert rate(bare).extra["difficulty"] == "none"
    with pytest.raises(ValueError, match="The battles give no prompts"):
        rate(bare, mode="alpacaeval-2")


def test_without_difficulty_its_coefficient_is_zero() -> None:
    table = rate(drawn(0), bound(), difficulty="none")
    assert [row["difficulty"] for row in table.extra["coefficients"].values()] == [0.0] * 3


def test_a_fitted_difficulty_comes_close_to_the_given_one() -> None:
    battles = drawn(1, entries=30, prompts=200)
    own, fitted = (rate(battles, difficulty=source, replicates=0).ratings for source in ("given", "fitted"))
    gaps = [abs(one.value - other.value) for one, other in zip(own, fitted, strict=True)]
    assert np.mean(gaps) < 2


def test_a_fitted_difficulty_is_kept_by_prompt() -> None:
    table = rate(drawn(0, entries=12), difficulty="fitted", replicates=0)
    gamma = np.array(table.extra["gamma"])
    assert (gamma.mean(), gamma.std()) == (pytest.approx(0, abs=1e-6), pytest.approx(1, abs=1e-6))


def test_a_fitted_difficulty_that_cannot_be_had_is_refused() -> None:
    with pytest.raises(ValueError, match="needs 10 entries"):
        rate(drawn(0), difficulty="fitted")


def test_the_board_says_how_it_was_regularised() -> None:
    assert rate(drawn(0)).notes[1] == "Fitted without regularising rows."
    assert rate(drawn(0), bound()).notes[1] == "Fitted with 60 regularising rows."
    assert "at difficulty 0" in rate(drawn(0), bound(), difficulty="none").notes[1]
    assert "not reproduced" in rate(drawn(0), mode="alpacaeval-2").notes[1]


def test_the_published_mode_joins_by_position() -> None:
    battles = drawn(0)
    backwards = battles.take(np.arange(len(battles.a))[::-1])
    delta, _, credit = e0(backwards)
    s = np.std(delta, ddof=1)
    table = rate(backwards, bound(), mode="alpacaeval-2")
    c = table.extra["coefficients"]["e0"]["c"]
    fit = fit_rows(Rows(np.tanh(delta / s), battles.difficulty, credit, np.ones(40)), c, s, bound())
    assert table.by_name()["e0"].value == pytest.approx(length_controlled(fit, battles.difficulty), abs=1e-6)
    assert table.extra["lc_standard_error"]["e0"] == pytest.approx(published_se(fit, battles.difficulty), abs=1e-6)
    assert table.notes[0] == "Difficulty: the benchmark's own, joined by row position."


def test_the_published_mode_takes_an_incomplete_entry_by_its_first_difficulties() -> None:
    battles = drawn(0)
    short = battles.take(~(of_e0(battles) & (battles.prompt == 5)))
    delta, _, credit = e0(short)
    s, gamma = np.std(delta, ddof=1), battles.difficulty[:39]
    table = rate(short, bound(), mode="alpacaeval-2")
    c = table.extra["coefficients"]["e0"]["c"]
    fit = fit_rows(Rows(np.tanh(delta / s), gamma, credit, np.ones(39)), c, s, bound())
    assert table.by_name()["e0"].value == pytest.approx(length_controlled(fit, gamma), abs=1e-6)


def test_the_published_mode_counts_every_row_in_full() -> None:
    battles = drawn(0)
    rows = np.flatnonzero(of_e0(battles))
    # prompt 3 in the place of prompt 5, with another verdict: the same rows but for the name of one prompt
    twice = dataclasses.replace(battles, prompt=np.where(of_e0(battles) & (battles.prompt == 5), 3, battles.prompt))
    before, after = (
        rate(board, bound(), mode="alpacaeval-2", replicates=0).by_name()["e0"] for board in (battles, twice)
    )
    assert after.value == before.value
    assert before.n == len(rows)


def test_the_published_mode_refuses_what_it_cannot_join_or_fold() -> None:
    battles = drawn(0)
    rows = np.flatnonzero(of_e0(battles))
    doubled = battles.take(np.concatenate([np.arange(120), rows[:1]]))
    assert refused(doubled, mode="alpacaeval-2") == "It has 41 verdicts, and 40 difficulties to join by position."
    four = battles.take(np.concatenate([rows[:4], np.flatnonzero(~of_e0(battles))]))
    assert refused(four, mode="alpacaeval-2") == "It has 4 verdicts, too few for 5 folds."


@pytest.mark.parametrize("source", ["fitted", "none"])
def test_the_published_mode_takes_no_other_difficulty(source: str) -> None:
    with pytest.raises(ValueError, match="set difficulty to given"):
        rate(drawn(0), mode="alpacaeval-2", difficulty=source)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a baseline"):
        rate(drawn(0), baseline="")
    with pytest.raises(ValueError, match="'zed' is not among the entrants"):
        rate(drawn(0), baseline="zed")
    with pytest.raises(ValueError, match="no measure 'tokens'"):
        rate(drawn(0), measure="tokens")


def test_the_registry_builds_it() -> None:
    assert isinstance(ratings.build("length-controlled", {"baseline": "a"}), LengthControlled)
