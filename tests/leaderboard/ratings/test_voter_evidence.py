"""Evidence on voters: each number worked out again by hand, and the order in which voters are shown."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ratings.battles import Battles
from leaderboard.ratings.strengths import fit
from leaderboard.ratings.voter_evidence import Votes, evidence
from leaderboard.ratings.voter_tests import target_tests, voter_tests

ROW = st.tuples(
    st.integers(0, 2),
    st.integers(1, 2),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from("uvw"),
    st.sampled_from(["", "n", "m"]),
    st.one_of(st.just(float("nan")), st.floats(0, 100)),
    st.integers(0, 2),
)


def votes_of(rows: list[tuple]) -> Votes:
    a = np.array([row[0] for row in rows], dtype=np.int64)
    b = (a + [row[1] for row in rows]) % 3
    credit = np.array([row[2] for row in rows])
    pair = np.minimum(a, b) * 30 + np.maximum(a, b) * 3 + [row[6] for row in rows]
    voter, network = (np.array([row[place] for row in rows], dtype="U80") for place in (3, 4))
    battles = Battles(("x", "y", "z"), a, b, credit, None)
    return Votes(battles, voter, network, pair, np.array([row[5] for row in rows]), np.arange(len(rows), dtype=float))


@given(st.lists(ROW, min_size=1, max_size=40))
def test_every_number_is_what_it_is_by_hand(rows):
    votes = votes_of(rows)
    fitted = fit(votes.battles)
    found = {one.voter: one for one in evidence(votes, fitted, least_votes=2)}
    assert set(found) == {row[3] for row in rows}
    tests = {test.voter: test for test in voter_tests(votes.battles, fitted, votes.voter, least_votes=2)}
    for name, one in found.items():
        mine = [place for place, row in enumerate(rows) if row[3] == name]
        assert one.n == len(mine)
        assert one.left_share == pytest.approx(np.mean([rows[place][2] for place in mine]))
        assert one.test == tests.get(name)
        known = [rows[place][5] for place in mine if not np.isnan(rows[place][5])]
        assert one.seconds == (pytest.approx(np.median(known)) if known else None)
        assert one.quick == (pytest.approx(np.mean(np.array(known) < 2)) if known else None)
        assert (one.agreement, one.shared) == pytest.approx(by_hand(votes, mine))


def lean(votes: Votes, place: int) -> float:
    toward_first = 1 if votes.battles.a[place] < votes.battles.b[place] else -1
    return float(np.sign(votes.battles.credit[place] - 0.5)) * toward_first


def by_hand(votes: Votes, mine: list[int]) -> tuple[float | None, int]:
    agreed = shared = 0
    for place in mine:
        same = [other for other in range(len(votes.comparison)) if votes.comparison[other] == votes.comparison[place]]
        others = np.sign(sum(lean(votes, other) for other in same if other != place))
        if others and lean(votes, place):
            shared += 1
            agreed += lean(votes, place) == others
    return (agreed / shared if shared else None), shared


@given(st.lists(ROW, min_size=1, max_size=40))
def test_networks_are_counted_by_voter(rows):
    people = defaultdict(set)
    votes_in: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row[4]:
            people[row[4]].add(row[3])
            votes_in[row[3]][row[4]] += 1
    votes = votes_of(rows)
    for one in evidence(votes, fit(votes.battles)):
        if not votes_in[one.voter]:
            assert (one.network, one.network_voters) == ("", 0)
            continue
        assert votes_in[one.voter][one.network] == max(votes_in[one.voter].values())
        assert one.network_voters == len(people[one.network])


def test_the_surest_sign_comes_first_and_the_target_is_the_entry_favoured_most():
    rng = np.random.default_rng(2)
    rows = []
    for number in range(600):
        a, step = int(rng.integers(3)), int(rng.integers(1, 3))
        b = (a + step) % 3
        fan = number % 6 == 0 and 2 in (a, b)
        credit = float(a == 2) if fan else float((rng.random() < 0.85) == (a < b))
        rows.append((a, step, credit, "fan" if number % 6 == 0 else f"v{number % 6}", "", float("nan"), number))
    votes = votes_of(rows)
    fitted = fit(votes.battles)
    first = evidence(votes, fitted)[0]
    assert (first.voter, first.target.target) == ("fan", "z")
    assert first.target == next(t for t in target_tests(votes.battles, fitted, votes.voter) if t.cohort == "fan")
    assert first.surest < 1e-6
