from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import expit

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.strengths import Fit, fit
from leaderboard.ratings.target_groups import PUSHES, SHARES, GroupTest, group_tests
from leaderboard.ratings.voter_tests import target_tests
from tests.crowds import Crowd, crowd
from tests.leaderboard.ratings import reference
from tests.leaderboard.ratings.test_voter_tests import fixed, people, votes

RUNS = 12
MANY = 40
CASES = [(10, 0, 0.0), (10, 0, 0.3), (10, 0, 0.6), (5, 10, 0.0), (10, 10, 0.0), (10, 30, 0.0), (10, 30, 0.3)]
CASES += [(10, 60, 0.0), (20, 60, 0.0), (40, 60, 0.0)]
"""Entries, votes of each of 15 riggers among 500 voters (0: no riggers), and the spread of honest tastes in logits."""


def told(found: Crowd) -> dict[str, GroupTest]:
    return {test.target: test for test in group_tests(found.battles, fit(found.battles), found.voter)}


def test_the_evidence_by_hand() -> None:
    # One voter, three votes for m0 where p = ½ each: a bet pays 2·σ(push) a vote, one on wins alone 2.
    found = group_tests(votes([(0, 1, 1.0), (1, 0, 0.0), (0, 1, 1.0)]), fixed([0.0, 0.0, 0.0]), people("v", "v", "v"))
    own = (np.mean([(2 * expit(push)) ** 3 for push in PUSHES]) + 2**3) / 2
    pooled = np.mean([1 - share + share * own for share in SHARES])
    assert found[0].target == "a" and found[0].evidence == pytest.approx(np.log10(pooled))
    assert found[1].against == pytest.approx(np.log10(pooled))


def test_a_tie_bets_the_mean_of_a_win_and_a_loss_and_nothing_on_wins_alone() -> None:
    battles, flat = votes([(0, 1, 0.5)]), fixed([1.0, 0.0, 0.0])
    p = expit(1.0)
    own = np.mean([0.5 * expit(1 + push) / p + 0.5 * (1 - expit(1 + push)) / (1 - p) for push in PUSHES]) / 2
    found = {test.target: test for test in group_tests(battles, flat, people("v"))}
    assert found["a"].evidence == pytest.approx(np.log10(np.mean([1 - share + share * own for share in SHARES])))


def test_bets_are_fair_whatever_the_ties() -> None:
    """The mean of a bet is 1 under p, with and without ties of the same mean."""
    p, push = expit(0.7), 2.0
    q = expit(0.7 + push)
    pays = {1.0: q / p, 0.0: (1 - q) / (1 - p), 0.5: (q / p + (1 - q) / (1 - p)) / 2}
    for ties in (0.0, 0.1, 0.3):
        win = p - ties / 2
        assert win * pays[1.0] + ties * pays[0.5] + (1 - win - ties) * pays[0.0] == pytest.approx(1)


def test_a_group_without_a_network_is_found_where_no_voter_shows_alone() -> None:
    groups, alone, members, honest = 0, 0, 0, 0
    for seed in range(RUNS):
        found = crowd(seed, riggers=15, votes_of_riggers=30)
        tests = told(found)
        assert [name for name, test in tests.items() if test.flagged and name != found.target] == []
        group = tests[found.target]
        groups += group.flagged
        members += sum(found.is_rigger(one.voter) for one in group.members)
        honest += sum(not found.is_rigger(one.voter) for one in group.members)
        single = target_tests(found.battles, fit(found.battles), found.voter)
        alone += sum(test.flagged for test in single)
    assert groups > RUNS / 2 and members > RUNS and honest <= 0.001 * 485 * RUNS
    assert alone < groups


@pytest.mark.parametrize(("taste", "most"), [(0.0, 0), (0.3, 1)])
def test_honest_crowds_are_left_alone_and_nearly_all_whose_tastes_differ(taste: float, most: int) -> None:
    """Of 120 entries; with tastes, about two crowds in a hundred have one that is flagged."""
    flagged = [test.target for seed in range(RUNS) for test in told(crowd(seed, taste=taste)).values() if test.flagged]
    assert len(flagged) <= most


def test_voters_who_call_many_ties_and_none_are_no_attack() -> None:
    """Bets on wins alone take one habit for all: half of these voters call no tie, and the others twice as many."""
    for seed in range(RUNS):
        found = crowd(seed)
        rng, split = np.random.default_rng(seed), found.voter % 2 == 0
        tie = found.battles.credit == 0.5
        p = fit(found.battles)
        chance = expit(p.theta[found.battles.a] - p.theta[found.battles.b])
        decided = np.where(rng.random(len(chance)) < chance, 1.0, 0.0)
        more = ~tie & (rng.random(len(tie)) < 0.3)
        credit = np.where(split & tie, decided, np.where(~split & more, 0.5, found.battles.credit))
        changed = dataclasses.replace(found, battles=dataclasses.replace(found.battles, credit=credit))
        assert [test.target for test in told(changed).values() if test.flagged] == []


@pytest.mark.slow
@pytest.mark.parametrize(("entries", "sent", "taste"), CASES, ids=str)
def test_figures_of_the_page_on_integrity(entries: int, sent: int, taste: float) -> None:
    """Prints a line of the table in docs/integrity.md; whatever the crowd, few honest voters are named."""
    groups, others, members, honest, riggers = 0, 0, 0, 0, 15 if sent else 0
    for seed in range(MANY):
        made = {"entries": entries, "riggers": riggers, "votes_of_riggers": sent, "taste": taste}
        found = crowd(1000 + seed, **made)
        for test in told(found).values():
            groups += test.flagged and bool(sent) and test.target == found.target
            others += test.flagged and not (sent and test.target == found.target)
            members += sum(found.is_rigger(one.voter) for one in test.members)
            honest += sum(not found.is_rigger(one.voter) for one in test.members)
    share = honest / (MANY * (500 - riggers))
    print(
        f"\n{entries} entries, {sent} votes a rigger, taste {taste}: target in {groups} of {MANY} crowds, "
        f"other entries {others}, {members / MANY:.1f} of {riggers} riggers named, honest {100 * share:.3f} %"
    )
    assert share <= 0.001


def test_tastes_that_divide_voters_are_no_attack() -> None:
    """Votes against an entry by some take away from the evidence of votes for it by others."""
    found = crowd(3, riggers=15, votes_of_riggers=60)
    assert told(found)[found.target].flagged
    mirrored = dataclasses.replace(found.battles, credit=1 - found.battles.credit)
    both = Battles(
        found.battles.names,
        np.concatenate([found.battles.a, mirrored.a]),
        np.concatenate([found.battles.b, mirrored.b]),
        np.concatenate([found.battles.credit, mirrored.credit]),
        None,
    )
    voter = np.concatenate([found.voter, found.voter + 10_000])
    tests = {test.target: test for test in group_tests(both, fit(both), voter)}
    assert tests[found.target].evidence > 3 and not tests[found.target].flagged


def test_wrong_input_is_refused() -> None:
    battles = votes([(0, 1, 1.0)])
    good: Fit = fixed([0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="one label"):
        group_tests(battles, good, people())
    with pytest.raises(ValueError, match="alpha"):
        group_tests(battles, good, people("v"), alpha=0.0)
    assert group_tests(votes([]), good, people()) == ()


@pytest.mark.reference
def test_published_crowds(reference_path) -> None:
    """On LLMFAO two workers choose one model nearly always; on the made-up arena 15 riggers met theirs 48 times."""
    for name in ("llmfao_crowd", "synthetic_dev"):
        rows = [
            row
            for row in reference.read(reference_path / "arena" / f"{name}.csv.gz")
            if row["model_a"] != row["model_b"]
        ]
        battles, voter = reference.battles_of(rows), np.array([row["judge"] for row in rows])
        found = group_tests(battles, fit(battles), voter)
        first = found[0]
        print(
            f"\n{name}: {first.target} {first.evidence:.1f} against {first.against:.1f}, next {found[1].evidence:.1f}"
        )
        print([(one.voter, one.n, one.votes_for, round(one.expected, 1)) for one in first.members])
        named = {one.voter for one in first.members}
        if name == "llmfao_crowd":
            assert [test.target for test in found if test.flagged] == ["Weaver 12k"]
            assert {"worker-015", "worker-070"} <= named
        else:
            assert [test.target for test in found if test.flagged] == ["m17-09"]
            truth = reference.read(reference_path / "arena" / "synthetic_dev_truth_voters.csv")
            assert named and named <= {row["judge"] for row in truth if row["kind"] == "target_only"}
