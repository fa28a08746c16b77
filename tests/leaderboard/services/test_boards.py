"""A refresh from what is kept gives what one from scratch gives, and equal facts give equal boards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from leaderboard.contracts.values import Outcome
from leaderboard.models import Board, BoardSnapshot, CategoryStanding, Standing
from leaderboard.services import boards, catalog
from tests.factories import FactBoard, fact_board, named_entry

pytestmark = pytest.mark.django_db
NAMES = ("ada", "bob", "eve")
CATEGORIES = {"p": "maths", "q": "maths", "r": "prose", "s": "prose"}
CREDITS = (0.0, 0.1, 0.25, 0.3, 0.5, 0.9, 1.0, None)


def rows(model: type[Standing] | type[CategoryStanding], snapshot: BoardSnapshot) -> list[dict[str, Any]]:
    """The rows without what the database chose."""
    found = model.objects.filter(snapshot=snapshot).order_by("pk").values()
    slugs = dict(snapshot.board.ranked_entries().values_list("pk", "slug"))
    own = {"id", "created_at", "snapshot_id", "entry_id"}
    return [{**{k: v for k, v in row.items() if k not in own}, "entry": slugs[row["entry_id"]]} for row in found]


def everything(snapshot: BoardSnapshot) -> tuple[Any, ...]:
    return snapshot.digest, rows(Standing, snapshot), rows(CategoryStanding, snapshot), snapshot.details


def forget(folder: Path) -> None:
    """Remove every snapshot and all that was kept."""
    for file in folder.glob("*"):
        file.unlink()
    Board.objects.update(current=None)
    for model in (Standing, CategoryStanding, BoardSnapshot):
        model.objects.all()._raw_delete("default")


Fact = tuple[Any, ...]
PAIRS = st.permutations(NAMES).map(lambda names: names[:2])
VERDICTS = st.tuples(st.just("verdict"), PAIRS, st.sampled_from("pqrs"), st.integers(0, 2), st.sampled_from(CREDITS))
VOTES = st.tuples(
    st.just("vote"), PAIRS, st.sampled_from("pqrs"), st.sampled_from(["u:1", "u:2"]), st.sampled_from(Outcome)
)


def place_of(fact: Fact) -> Any:
    """What no two facts may share; a voter votes once on a pair, a judge once in each order."""
    kind, pair, key, who, _ = fact
    return kind, tuple(pair) if kind == "verdict" else frozenset(pair), key, who


FACTS = st.lists(VERDICTS | VOTES, min_size=1, max_size=14, unique_by=place_of)


def put(made: FactBoard, fact: Fact) -> None:
    kind, (first, second), key, who, what = fact
    if kind == "vote":
        made.vote(first, second, key, what, voter=who)
    else:
        made.verdict(first, second, key, what, judge=who % 2, repeat=who // 2)


def told(facts: Sequence[Fact], names: Sequence[str], stops: set[int], clock: Any, **more: Any) -> BoardSnapshot:
    """The last snapshot of a board that was told these facts, and refreshed at the stops and at the end."""
    made = fact_board(names, CATEGORIES, judges=2, counts_votes=True, **more)
    for place, fact in enumerate(facts):
        put(made, fact)
        if place in stops:
            boards.refresh(made.board)
            if place % 2:
                clock.settle()
    return boards.refresh(made.board)


@pytest.mark.parametrize("baseline", ["", "bob"])
@given(data=st.data())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_came_when_the_board_is_the_one_made_from_scratch(folder, clock, baseline, data):
    facts = data.draw(FACTS)
    stops = data.draw(st.sets(st.integers(0, len(facts) - 1), max_size=2))
    with transaction.atomic():
        forget(folder)
        last = told(facts, NAMES, stops, clock, baseline=baseline)
        kept = everything(last)
        forget(folder)
        assert everything(boards.refresh(Board.objects.get())) == kept
        transaction.set_rollback(True)


def test_length_control_with_a_fitted_difficulty_is_kept_as_it_is_made_from_scratch(folder, clock):
    """Eleven entries on ten prompts of two categories; one is complete at the second refresh, one at the third."""
    names, categories = ["m" * i for i in range(1, 12)], {f"k{i}": "ab"[i % 2] for i in range(10)}
    made = fact_board(names, categories, baseline="m")
    games = [
        (name, key, ((3 * i + 7 * j) % 11 + j) / 20) for i, name in enumerate(names) for j, key in enumerate(categories)
    ]
    for place, (name, key, credit) in enumerate(games[10:]):
        if place in (83, 93):
            boards.refresh(made.board)
            clock.settle()
        made.verdict(name, "m", key, credit)
    kept = boards.refresh(made.board)
    assert kept.details["length"]["difficulty"] == "fitted"
    assert kept.standings.filter(lc_se__gt=0).count() == 10
    last = everything(kept)
    forget(folder)
    assert everything(boards.refresh(Board.objects.get())) == last


@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_digest_depends_neither_on_the_order_of_facts_nor_on_ids(folder, clock, data):
    facts = data.draw(FACTS)
    digests = []
    for order, names in (
        (facts, NAMES),
        (data.draw(st.permutations(facts)), data.draw(st.permutations(NAMES))),
    ):
        with transaction.atomic():
            forget(folder)
            digests.append(told(order, names, set(), clock).digest)
            transaction.set_rollback(True)
    assert digests[0] == digests[1]


@pytest.mark.parametrize("credit", [0.1, 0.3, 0.7, 1 / 3])
def test_a_credit_has_one_digest_from_whichever_side_it_was_stored(folder, clock, credit):
    digests = set()
    for names in (NAMES, NAMES[::-1]):
        with transaction.atomic():
            forget(folder)
            digests.add(told([("verdict", NAMES[:2], "p", 0, credit)], names, set(), clock).digest)
            transaction.set_rollback(True)
    assert len(digests) == 1


@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_fact_more_or_another_gives_another_digest(folder, clock, data):
    facts = data.draw(FACTS)
    kind, pair, key, who, what = facts[-1]
    assume(what != Outcome.SKIP)
    others = [outcome for outcome in Outcome if outcome not in (what, Outcome.SKIP)]
    other = data.draw(st.sampled_from(others if kind == "vote" else [c for c in CREDITS if c != what]))
    digests = []
    for last in ([], [facts[-1]], [(kind, pair, key, who, other)]):
        with transaction.atomic():
            forget(folder)
            digests.append(told([*facts[:-1], *last], NAMES, set(), clock).digest)
            transaction.set_rollback(True)
    assert len(set(digests)) == 3


def test_an_equal_board_keeps_its_snapshot():
    made = fact_board(NAMES, CATEGORIES)
    made.verdict("ada", "bob", "p", 0.75)
    first = boards.refresh(made.board)
    assert (boards.refresh(made.board), BoardSnapshot.objects.count()) == (first, 1)


def changed(made: FactBoard, change: Any) -> bool:
    before = boards.refresh(made.board).digest
    change()
    made.board.refresh_from_db()
    return boards.refresh(made.board).digest != before


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.pair("bob", "eve", "q"),
        lambda made: made.board.judges.add(catalog.judge(plugin="reference", params={"marker": "new"})),
        lambda made: made.board.entries.add(named_entry("new")),
        lambda made: Board.objects.update(rater="elo"),
        lambda made: Board.objects.update(pairing="baseline"),
        lambda made: Board.objects.update(baseline=made.entries["ada"]),
        lambda made: Board.objects.update(metric=catalog.metric(plugin="exact-match", params={})),
    ],
    ids=["pair to judge", "judge", "entry", "rater", "pairing", "baseline", "metric"],
)
def test_what_a_row_shows_is_in_the_digest(change):
    made = fact_board(NAMES, CATEGORIES)
    made.verdict("ada", "bob", "p", 0.75)
    made.answer("bob", "q"), made.answer("eve", "q")
    assert changed(made, lambda: change(made))


def test_a_request_refreshes_the_board_and_its_children(work):
    made = fact_board(NAMES, CATEGORIES)
    child = fact_board([], {"t": ""}, slug="child", parent=made.board).board
    boards.request_refresh(made.board)
    boards.request_refresh(made.board)
    assert work() == 2
    for board in (made.board, child):
        board.refresh_from_db()
        assert (board.wanted, board.built) == (2, 2)
        assert board.current.standings.count() == len(NAMES)


# --- Categories -----------------------------------------------------------------------------------------------------

VERDICT_LIST = [
    (first, second, key, credit, judge)
    for place, key in enumerate("pqrs")
    for judge in (0, 1)
    for (first, second), credit in zip(
        [("ada", "bob"), ("bob", "eve"), ("eve", "ada")],
        [(0.9, 0.25, 0.3), (0.1, 0.5, 0.0), (1.0, None, 0.3), (0.4, 0.8, 1.0)][(place + judge) % 4],
        strict=True,
    )
]


def judged(categories: dict[str, str], slug: str, baseline: str) -> BoardSnapshot:
    """The snapshot of a board of these prompts with all the verdicts on them."""
    made = fact_board(NAMES, categories, judges=2, slug=slug, baseline=baseline)
    for first, second, key, credit, judge in VERDICT_LIST:
        if key in categories:
            made.verdict(first, second, key, credit, judge=judge)
    made.answer("ada", "p", sample=1, text="The first prompt again.")
    return boards.refresh(made.board)


NOT_IN_CATEGORIES = {"chance", "more", "category"}
TEXTS = {"p": "maths", "q": "maths"}


def comparable(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in NOT_IN_CATEGORIES} for row in found]


@pytest.mark.parametrize("baseline", ["", "bob"])
def test_a_categorys_rows_are_those_of_a_board_of_its_prompts_alone(baseline):
    whole = judged(CATEGORIES, "whole", baseline)
    alone = judged(TEXTS, "alone", baseline)
    maths = [row for row in rows(CategoryStanding, whole) if row["category"] == "maths"]
    assert comparable(maths) == comparable(rows(Standing, alone))
    assert not baseline or all(row["lc"] is not None and row["rating"] is not None for row in maths)


def test_two_categories_made_one_give_the_rows_of_both_together():
    whole = judged(CATEGORIES, "whole", "bob")
    merged = judged({**dict.fromkeys("pqrs", "one"), "t": "two"}, "merged", "bob")
    one = [row for row in rows(CategoryStanding, merged) if row["category"] == "one"]
    assert comparable(one) == comparable(rows(Standing, whole))


def test_counts_of_the_categories_sum_to_those_of_the_board():
    whole = judged(CATEGORIES, "whole", "bob")
    parts = rows(CategoryStanding, whole)
    for row in rows(Standing, whole):
        mine = [part for part in parts if part["entry"] == row["entry"]]
        assert {part["category"] for part in mine} == {"maths", "prose"}
        for name in ("n", "missing", "unscored"):
            assert sum(part[name] for part in mine) == row[name]


def test_details_name_the_categories_with_their_prompts_and_verdicts():
    assert judged(CATEGORIES, "whole", "bob").details["categories"] == [
        {"name": "maths", "prompts": 2, "verdicts": 12},
        {"name": "prose", "prompts": 2, "verdicts": 12},
    ]


@pytest.mark.parametrize(
    "categories",
    [
        dict.fromkeys("pqrs", "one"),
        dict.fromkeys("pqrs", ""),
        {**dict.fromkeys("pqrs", ""), **{f"t{i}": f"kind {i}" for i in range(boards.MOST_CATEGORIES + 1)}},
    ],
    ids=["one", "none", "too many"],
)
def test_a_board_of_one_category_or_too_many_is_not_rated_by_category(categories):
    snapshot = judged(categories, "whole", "bob")
    assert (snapshot.details["categories"], rows(CategoryStanding, snapshot)) == ([], [])


def test_a_category_without_verdicts_is_told_and_has_no_rows():
    snapshot = judged({**CATEGORIES, "t": "unread"}, "whole", "bob")
    assert snapshot.details["categories"][-1] == {"name": "unread", "prompts": 1, "verdicts": 0}
    assert {row["category"] for row in rows(CategoryStanding, snapshot)} == {"maths", "prose"}
