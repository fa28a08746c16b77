"""Which cases are compared, with what aim, and when two answers agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cases import AGREED, Case, battle_cases, disagreement
from bench.processes import Measured
from bench.ratings import Row

ALL = (100_000, 1_000_000, 10_000_000)


def row(aim: float | None, peer_cpu: float | None = None, gap: float | None = None) -> Row:
    """One case in which we take two CPU seconds."""
    script = "evalica_peer" if peer_cpu else ""
    peer = Measured(peer_cpu, 1, 1, 1, {}) if peer_cpu else None
    return Row(Case("case", "text", Path(), script, aim=aim), Measured(2.0, 1, 1, 1, {}), peer, gap)


def test_each_size_meets_both_peers_with_its_aim() -> None:
    aims = {case.name: case.aim for case in battle_cases(Path(), ALL) if case.name.startswith("text")}
    assert aims == {
        "text-100000-arena-rank": 50,
        "text-100000-evalica": 3,
        "text-1000000-arena-rank": 20,
        "text-1000000-evalica": 3,
        "text-10000000-arena-rank": 6,
        "text-10000000-evalica": 3,
    }


def test_only_the_largest_size_is_measured_once() -> None:
    slow = {case.name for case in battle_cases(Path(), ALL) if case.slow}
    assert slow == {"text-10000000-arena-rank", "text-10000000-evalica"}


def test_replicates_are_drawn_of_a_million_where_there_is_one() -> None:
    found = [case for sizes in (ALL, (10, 20)) for case in battle_cases(Path(), sizes) if case.task == "replicates"]
    assert [(case.name, case.aim) for case in found] == [("replicates-1000000", 5.0), ("replicates-10", None)]


def test_ratings_are_centred_before_they_are_compared() -> None:
    case = Case("case", "text", Path(), "evalica_peer")
    assert disagreement(case, {"a": 1001.0, "b": 999.0}, {"a": 1.0, "b": -1.0}) == 0
    assert disagreement(case, {"a": 1002.0, "b": 998.0}, {"a": 1.0, "b": -1.0}) == pytest.approx(1)


def test_win_rates_are_compared_as_they_are() -> None:
    case = Case("case", "length_default", Path(), "alpaca_eval_peer")
    assert disagreement(case, {"a": 51.0, "base": 50.0}, {"a": 50.0}) == 1


def test_an_entry_that_only_the_peer_rates_is_refused() -> None:
    with pytest.raises(ValueError, match="1 entries have no value of ours, as b"):
        disagreement(Case("case", "length_default", Path()), {"a": 1.0}, {"a": 1.0, "b": 2.0})


def test_a_ratio_is_the_cpu_seconds_of_the_peer_over_ours() -> None:
    found = row(aim=3.0, peer_cpu=6.0, gap=0.0)
    assert found.ratio == 3
    assert found.met is True
    assert row(aim=3.1, peer_cpu=6.0, gap=0.0).met is False


def test_answers_that_differ_give_no_ratio_and_miss_the_aim() -> None:
    found = row(aim=3.0, peer_cpu=60.0, gap=AGREED["evalica_peer"] * 1.01)
    assert found.ratio is None
    assert found.met is False


def test_a_case_without_a_peer_is_held_to_seconds() -> None:
    assert row(aim=2.0).met is True
    assert row(aim=1.9).met is False
    assert row(aim=None).met is None


def test_a_case_whose_peer_was_not_run_is_neither_met_nor_missed() -> None:
    found = Row(Case("case", "text", Path(), "evalica_peer", aim=3.0), Measured(2.0, 1, 1, 1, {}))
    assert (found.ratio, found.met) == (None, None)
