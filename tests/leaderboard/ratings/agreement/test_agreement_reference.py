"""The published data: files of people's votes with judges beside them, and AlpacaEval's table of evaluators."""

from __future__ import annotations

import csv
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from leaderboard.benchmarks.verdict_files import VerdictFile, VerdictOptions, read_verdicts
from leaderboard.ratings.agreement.audit import Audit, Case, audit
from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.people import agreement, ceiling
from leaderboard.ratings.agreement.taste import longest
from leaderboard.ratings.variation.resampling import Bootstrap
from tests.leaderboard.ratings.agreement.crowds import pair_items, people
from tests.leaderboard.ratings.reference import METHODS, expected, read

pytestmark = pytest.mark.reference
PLAN = Bootstrap(replicates=200)


@cache
def audits(root: Path) -> dict[tuple[str, str], tuple[VerdictFile, Audit]]:
    """By family of files and judge: every `X_crowd` with an `X_judges` beside it."""
    found = {}
    for votes in sorted((root / "arena").glob("*_crowd.csv.gz")):
        family = votes.name.removesuffix("_crowd.csv.gz")
        judges = votes.with_name(f"{family}_judges.csv.gz")
        if judges.is_file():
            file = read_verdicts(votes, judges, VerdictOptions())
            for name, rows in file.judges.items():
                found[family, name] = file, audit(Case(file.items, rows.calls, file.votes), PLAN)
    return found or pytest.skip("no votes with judges beside them")


def board_of(root: Path, family: str, judge: str) -> str:
    """The judge's board in the table of expected ratings: the longest name that the judge's name begins with."""
    names = {row["board"] for row in read(root / "arena" / "expected_ratings.csv")}
    fitting = [name for name in names if name.startswith(f"{family}_") and judge.startswith(name[len(family) + 1 :])]
    return max(fitting, key=len, default="") or pytest.skip(f"no expected ratings of {judge}")


def test_the_ranking_that_a_judge_induces_correlates_as_the_published_ratings_do(reference_path):
    for (family, judge), (_, found) in audits(reference_path).items():
        crowd = expected(reference_path, f"{family}_crowd", METHODS["bt"])
        own = expected(reference_path, board_of(reference_path, family, judge), METHODS["bt"])
        names = sorted(crowd.keys() & own.keys())
        ratings = [[float(table[name]["rating"]) for name in names] for table in (crowd, own)]
        told = found.people.induced
        assert told.entrants == len(names)
        assert told.spearman.value == pytest.approx(spearmanr(*ratings).statistic, abs=1e-6)
        assert told.spearman.low < told.spearman.value < told.spearman.high
        assert told.spearman.high - told.spearman.low < 0.3


def test_the_share_of_the_left_side_is_what_counting_the_file_gives(reference_path):
    for (family, judge), (_, found) in audits(reference_path).items():
        rows = [row for row in read(reference_path / "arena" / f"{family}_judges.csv.gz") if row["judge"] == judge]
        count = Counter(row["winner"] for row in rows)
        told = found.single.decided
        assert told.value == pytest.approx(count["model_a"] / (count["model_a"] + count["model_b"]), abs=1e-12)
        assert found.single.ties.value == pytest.approx(count["tie"] / len(rows), abs=1e-12)
        assert told.low < told.value < told.high


def test_accuracy_against_the_majority_is_what_counting_the_files_gives(reference_path):
    for (family, judge), (_, found) in audits(reference_path).items():
        votes: dict[str, int] = Counter()
        way = {"model_a": 1, "model_b": -1, "tie": 0}
        for row in read(reference_path / "arena" / f"{family}_crowd.csv.gz"):
            votes[row["pair_id"]] += way[row["winner"]]
        rows = [row for row in read(reference_path / "arena" / f"{family}_judges.csv.gz") if row["judge"] == judge]
        score = [
            (1 + way[row["winner"]] * np.sign(votes[row["pair_id"]])) / 2 for row in rows if row["pair_id"] in votes
        ]
        assert found.people.agreement.items == len(score)
        assert found.people.agreement.accuracy.value == pytest.approx(np.mean(score), abs=1e-12)


def test_a_verdict_is_worth_more_than_a_coin_and_no_more_than_is_possible(reference_path):
    for _, found in audits(reference_path).values():
        told = found.people.worth
        assert 0 < told.votes.low < told.votes.value < told.most.value


def evaluators(root: Path) -> list[dict[str, float]]:
    path = root / "alpaca_eval" / "evaluators_leaderboard.csv"
    if not path.is_file():
        pytest.skip("no table of evaluators")
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{name: value for name, value in row.items() if value} for row in csv.DictReader(file)]
    names = ("Human agreement", "Bias", "Variance")
    return [{name: float(row[name]) for name in names} for row in rows if all(name in row for name in names)]


def test_our_accuracy_obeys_the_identities_of_the_published_table_of_evaluators(reference_path):
    """There, a rule without variance has agreement + bias = 100, people have agreement + variance = 100.

    Bias is the error of a judge's majority against people's, variance that of one verdict against its own others. The
    people of that table are four to a pair and never tie; the same must hold of ours, on a crowd of that kind.
    """
    rows = evaluators(reference_path)
    steady = [row for row in rows if row["Variance"] == 0]
    crowd = [row for row in rows if row["Bias"] == 0]
    assert steady and crowd
    assert all(row["Human agreement"] + row["Bias"] == pytest.approx(100, abs=1e-6) for row in steady)
    assert all(row["Human agreement"] + row["Variance"] == pytest.approx(100, abs=1e-6) for row in crowd)
    items = pair_items(600)
    votes, draws = people(np.random.default_rng(0).random(600), 4), Draws.of(items.cluster, PLAN)
    rule = longest(items).credit
    error = np.mean(
        [np.sign(r - 0.5) != np.sign(p - 0.5) if p != 0.5 else 0.5 for r, p in zip(rule, votes.means(600), strict=True)]
    )
    ties = np.mean(rule == 0.5)
    assert agreement(rule, votes, draws).accuracy.value == pytest.approx(1 - error, abs=ties)
    table = votes.credit.reshape(600, 4)
    rest = (table.sum(axis=1, keepdims=True) - table) / 3
    variance = np.mean(np.sign(table - 0.5) != np.sign(rest - 0.5))
    assert ceiling(rule, votes, draws).people.value == pytest.approx(1 - variance, abs=1e-12)
