"""Which pair a voter sees next, and what it costs to find it."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.contracts.values import Outcome
from leaderboard.models import ArenaPolicy, Ballot, PairPlan, PromptTurn
from leaderboard.services import ballots, boards, drawing
from tests.factories import FactBoard, fact_board, named_entry

pytestmark = pytest.mark.django_db
NAMES = ("ant", "bee", "cat", "dog")


@pytest.fixture(autouse=True)
def seeded(monkeypatch):
    monkeypatch.setattr(drawing, "RANDOM", random.Random(7))


def arena(prompts: int = 6, names: tuple[str, ...] = NAMES, *, plan: bool = True, **policy: object) -> FactBoard:
    """Entries of which every two are compared on every prompt; two of three prompts are of one category."""
    categories = {f"p{i}": "odd" if i % 3 else "even" for i in range(prompts)}
    made = fact_board(names, categories, counts_votes=True, open_to_votes=True)
    for first, second in combinations(names, 2):
        for key in categories:
            made.pair(first, second, key)
    if policy:
        ArenaPolicy.objects.create(board=made.board, **policy)
    if plan:
        boards.refresh(made.board)
    return made


def drawn(made: FactBoard, times: int, voter: str = "") -> list[drawing.Drawn]:
    """Draws of as many voters, or of one who votes on each."""
    found = []
    for number in range(times):
        one = drawing.draw(made.board, voter=voter or f"v{number}")
        assert one is not None
        found.append(one)
        if voter:
            show(made, one, voter)
    return found


def show(made: FactBoard, one: drawing.Drawn, voter: str) -> Ballot:
    return Ballot.objects.create(
        board=made.board,
        comparison=one.comparison,
        voter=voter,
        swapped=one.swapped,
        token=f"{voter} {one.comparison.pk}",
        expires_at="2100-01-01T00:00:00Z",
    )


def pair_of(one: drawing.Drawn) -> frozenset[int]:
    return frozenset((one.comparison.entry_a_id, one.comparison.entry_b_id))


def queries_of_a_draw(made: FactBoard, voter: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert drawing.draw(made.board, voter=voter) is not None
    return [query["sql"] for query in seen.captured_queries]


def test_no_pair_comes_twice_until_the_voter_has_seen_them_all():
    made = arena()
    found = drawn(made, 36, voter="v")
    assert len({one.comparison.pk for one in found}) == 36
    assert drawing.draw(made.board, voter="v") is None
    assert drawing.draw(made.board, voter="w") is not None


def test_a_pair_that_was_shown_elsewhere_or_never_voted_on_does_not_come_either():
    made = arena(prompts=1, names=NAMES[:2])
    other = fact_board(["ox"], {}, slug="other").board
    one = drawing.draw(made.board, voter="v")
    Ballot.objects.create(
        board=other, comparison=one.comparison, voter="v", swapped=False, token="t", expires_at="2000-01-01T00:00:00Z"
    )
    assert drawing.draw(made.board, voter="v") is None


def test_equal_texts_are_never_shown():
    made = fact_board(("eel", "fox", "gnu"), {"p": "", "q": ""}, slug="same", open_to_votes=True)
    for key in ("p", "q"):
        made.answer("eel", key, "one"), made.answer("fox", key, "one"), made.answer("gnu", key, "two " + key)
        for first, second in combinations(("eel", "fox", "gnu"), 2):
            made.pair(first, second, key)
    boards.refresh(made.board)
    gnu = made.entries["gnu"].pk
    assert all(gnu in pair_of(one) for one in drawn(made, 4, voter="v"))
    assert drawing.draw(made.board, voter="v") is None


def test_pairs_come_as_often_as_the_plan_says():
    made = arena(sampling={"uniform": 0.5, "weights": {"ant": 4.0}})
    for name, wins in (("bee", 9), ("cat", 4)):
        for number in range(wins):
            made.vote("ant", name, "p0", Outcome.A if number % 2 else Outcome.B, voter=f"old{name}{number}")
    boards.refresh(made.board)
    found = drawn(made, 600)
    count = Counter(pair_of(one) for one in found)
    chance = {pair_of(one): one.chance for one in found}
    assert sum(chance.values()) == pytest.approx(1, abs=1e-6)
    squares = sum((count[pair] - 600 * p) ** 2 / (600 * p) for pair, p in chance.items())
    assert squares < 20.5  # chi squared with 5 degrees of freedom, p = 0.001


def test_the_chance_of_a_pair_is_kept_with_its_ballot():
    made = arena(sampling={"uniform": 1.0, "weights": {"ant": 3.0}, "least": 0.0})
    ant = made.entries["ant"].pk
    for number in range(12):
        ballot = ballots.issue(made.board, voter=f"v{number}")
        has_ant = ant in (ballot.comparison.entry_a_id, ballot.comparison.entry_b_id)
        assert ballot.chance == pytest.approx(3 / 12 if has_ant else 1 / 12)


def test_prompts_take_turns_and_categories_get_their_share():
    made = arena(prompts=9)
    found = drawn(made, 90)
    shown = Counter(one.comparison.prompt.key for one in found)
    odd = sum(n for key, n in shown.items() if int(key[1:]) % 3)
    assert abs(odd - 60) <= 18
    for keys in (("p0", "p3", "p6"), ("p1", "p2", "p4", "p5", "p7", "p8")):
        assert max(shown[key] for key in keys) - min(shown[key] for key in keys) <= 1
    assert dict(PromptTurn.objects.values_list("prompt__key", "shown")) == dict(shown)


def test_categories_come_alike_where_asked():
    found = drawn(arena(prompts=9, sampling={"categories": "alike"}), 100)
    odd = sum(one.comparison.prompt.category == "odd" for one in found)
    assert abs(odd - 50) <= 16


def test_sides_are_by_coin():
    swapped = sum(one.swapped for one in drawn(arena(), 200))
    assert 60 < swapped < 140


def test_prompts_that_the_operator_left_out_are_not_shown():
    made = arena(plan=False, prompts=6, paused=False)
    made.board.policy.prompts.add(made.prompts["p1"], made.prompts["p2"])
    without = {one.comparison.prompt.key for one in drawn(made, 8)}
    boards.refresh(made.board)
    made.board.refresh_from_db()
    found = [one.comparison.prompt.key for one in drawn(made, 12, voter="v")]
    assert without == {"p1", "p2"}
    assert Counter(found) == {"p1": 6, "p2": 6}
    assert drawing.draw(made.board, voter="v") is None


def test_before_the_first_refresh_any_pair_of_the_board_comes():
    made = arena(plan=False)
    stranger = named_entry("stranger")
    assert not PairPlan.objects.exists()
    found = drawn(made, 36, voter="v")
    assert len({one.comparison.pk for one in found}) == 36
    assert {one.chance for one in found} == {None}
    assert all(stranger.pk not in pair_of(one) for one in found)


def test_pairs_follow_the_plan_where_each_has_prompts_of_its_own():
    pairs = list(combinations(NAMES, 2))
    keys = {f"p{i}": "" for i in range(60)}
    made = fact_board(NAMES, keys, open_to_votes=True)
    for place, key in enumerate(keys):
        made.pair(*pairs[place % 6], key)
    boards.refresh(made.board)
    found = drawn(made, 60, voter="v")
    assert len({one.comparison.pk for one in found}) == 60
    assert all(one.chance == pytest.approx(1 / 6) for one in found[:6])


def test_an_entry_that_was_flagged_is_not_shown():
    made = fact_board(("eel", "fox", "gnu"), {f"p{i}": "" for i in range(12)}, open_to_votes=True)
    for key in made.prompts:
        made.answer("gnu", key, "always the same words")
        for first, second in combinations(("eel", "fox", "gnu"), 2):
            made.pair(first, second, key)
    boards.refresh(made.board)
    made.board.refresh_from_db()
    assert {flag["entry"] for flag in made.board.current.details["flags"]} == {made.entries["gnu"].slug}
    found = drawn(made, 12, voter="v")
    assert {pair_of(one) for one in found} == {frozenset((made.entries["eel"].pk, made.entries["fox"].pk))}
    assert drawing.draw(made.board, voter="v") is None


def test_a_draw_runs_the_same_queries_with_few_and_with_many_votes_and_prompts():
    made = arena(prompts=4)
    drawn(made, 3)
    few = queries_of_a_draw(made, "new")
    for number in range(100):
        one = drawing.draw(made.board, voter=f"w{number}")
        made.vote(*names_of(made, one), one.comparison.prompt.key, Outcome.A, voter=f"w{number}")
    boards.refresh(made.board)
    many = queries_of_a_draw(made, "new")
    assert len(few) == len(many) == 5
    assert not any("COUNT(" in sql for sql in many)


def names_of(made: FactBoard, one: drawing.Drawn) -> tuple[str, str]:
    name = {entry.pk: name for name, entry in made.entries.items()}
    return name[one.comparison.entry_a_id], name[one.comparison.entry_b_id]


def test_a_draw_runs_the_same_queries_with_few_and_with_many_prompts():
    assert len(queries_of_a_draw(arena(prompts=40), "new")) == 5
