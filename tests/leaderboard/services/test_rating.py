"""What a row counts, by hand on small boards: verdicts, what is missing or unscored, votes, lengths, costs, scores."""

from __future__ import annotations

from typing import Any

import pytest

from leaderboard.contracts import registry
from leaderboard.contracts.params import Params
from leaderboard.contracts.values import Outcome
from leaderboard.models import Board, Score
from leaderboard.ratings.battles import RatingTable
from leaderboard.services import boards, catalog, facts
from tests.factories import FactBoard, fact_board

pytestmark = pytest.mark.django_db


def row(made: FactBoard, name: str, *columns: str) -> tuple[Any, ...]:
    """Columns of the entry's row in a new snapshot."""
    return boards.refresh(made.board).standings.values_list(*columns).get(entry=made.entries[name])


COUNTS = ("n", "unscored", "missing")


def against_a_baseline() -> FactBoard:
    """Three prompts, two judges; the entry y has neither outputs nor verdicts, x none on q."""
    made = fact_board(["base", "x", "y"], dict.fromkeys("pqr", ""), judges=2, baseline="base")
    made.verdict("x", "base", "p", 0.75, judge=0)
    made.verdict("x", "base", "p", None, judge=1)
    made.verdict("x", "base", "r", None, judge=0)
    return made


@pytest.mark.parametrize(("name", "expected"), [("base", (1, 2, 3)), ("x", (1, 2, 3)), ("y", (0, 0, 3))])
def test_with_a_baseline_missing_are_unscored_verdicts_and_prompts_without_any(name, expected):
    assert row(against_a_baseline(), name, *COUNTS) == expected


def among_all() -> FactBoard:
    """Two prompts, two judges, three pairs; c has no output to q. One pair is not judged at all, one by one judge."""
    made = fact_board(["a", "b", "c"], dict.fromkeys("pq", ""), judges=2)
    made.verdict("a", "b", "p", 1.0, judge=0)
    made.verdict("a", "b", "p", 0.5, judge=1)
    made.verdict("a", "b", "q", None, judge=0)
    made.pair("a", "c", "p")
    return made


@pytest.mark.parametrize(("name", "expected"), [("a", (2, 1, 4)), ("b", (2, 1, 2)), ("c", (0, 0, 3))])
def test_among_all_missing_are_also_pairs_a_judge_still_owes_and_prompts_without_output(name, expected):
    assert row(among_all(), name, *COUNTS) == expected


def test_a_judge_whose_verdicts_were_imported_owes_none():
    made = among_all()
    made.board.judges.set([catalog.imported_judge(name="someone")])
    assert [row(made, name, *COUNTS) for name in "abc"] == [(0, 0, 0), (0, 0, 0), (0, 0, 1)]


def test_a_second_verdict_of_one_judge_counts_and_pays_no_debt_twice():
    made = among_all()
    made.verdict("a", "b", "p", 1.0, judge=0, repeat=1)
    assert row(made, "b", *COUNTS) == (3, 1, 2)


def test_verdicts_of_other_judges_on_other_prompts_or_entries_do_not_count():
    made = among_all()
    other = fact_board(["a", "b", "d"], {"z": ""}, judges=3, slug="other")
    other.verdict("a", "b", "z", 1.0)
    made.judges.append(other.judges[2])
    made.verdict("a", "b", "q", 1.0, judge=2)
    made.entries["d"] = other.entries["d"]
    made.verdict("a", "d", "p", 1.0)
    assert row(made, "a", *COUNTS) == (2, 1, 4)


def test_verdicts_of_several_judges_weigh_alike_in_the_win_rate():
    made = fact_board(["base", "x"], dict.fromkeys("pq", ""), judges=2, baseline="base")
    for key, judge, credit in (("p", 0, 1.0), ("p", 1, 0.5), ("q", 0, 0.0)):
        made.verdict("x", "base", key, credit, judge=judge)
    assert row(made, "x", "win_rate", "discrete_win_rate", "n") == (50.0, 50.0, 3)


# --- Votes ------------------------------------------------------------------------------------------------------------


def voted(**more: Any) -> FactBoard:
    made = fact_board(["a", "b"], dict.fromkeys("pqrst", ""), judges=0, **more)
    made.vote("a", "b", "p", Outcome.A)
    made.vote("b", "a", "q", Outcome.A)
    made.vote("a", "b", "r", Outcome.BOTH_BAD)
    made.vote("a", "b", "s", Outcome.TIE)
    made.vote("a", "b", "t", Outcome.SKIP)
    return made


def test_votes_count_where_the_board_says_so_and_a_skip_nowhere():
    made = voted(counts_votes=True)
    assert row(made, "a", *COUNTS) == (4, 0, 0)
    assert boards.refresh(made.board).details["counts"] == {"verdicts": 4, "unscored": 0}


def test_votes_do_not_count_elsewhere():
    assert row(voted(), "a", *COUNTS, "win_rate", "rating") == (0, 0, 0, None, None)


@pytest.mark.parametrize(
    ("outcome", "rate"), [(Outcome.A, 100.0), (Outcome.B, 0.0), (Outcome.TIE, 50.0), (Outcome.BOTH_BAD, 50.0)]
)
@pytest.mark.parametrize("shown", [("a", "b"), ("b", "a")])
def test_both_bad_is_half_a_win_as_a_tie_is(outcome, rate, shown):
    made = fact_board(["a", "b"], {"p": ""}, judges=0, counts_votes=True)
    made.vote(*shown, "p", outcome)
    assert row(made, shown[0], "win_rate", "discrete_win_rate") == (rate, rate)


def test_votes_and_verdicts_count_together():
    made = voted(counts_votes=True)
    made.board.judges.add(catalog.judge(plugin="reference", params={}))
    made.judges.append(made.board.judges.get())
    made.verdict("a", "b", "p", 0.0)
    assert row(made, "a", *COUNTS, "win_rate") == (5, 0, 4, 40.0)


def test_a_child_board_counts_votes_that_its_parent_does_not():
    made = voted()
    child = Board.objects.create(
        slug="people", title="People", benchmark=made.board.benchmark, parent=made.board, counts_votes=True
    )
    assert row(FactBoard(child, made.entries, made.prompts, []), "a", "n") == (4,)


# --- Beside the verdicts ----------------------------------------------------------------------------------------------


def test_lengths_and_tokens_are_means_and_seconds_and_costs_are_sums_of_what_is_known():
    made = fact_board(["a", "b"], dict.fromkeys("pq", ""))
    made.answer("a", "p", "four", output_tokens=2, seconds=0.5, cost_usd=0.25)
    made.answer("a", "q", "ninety", seconds=1.0)
    made.answer("b", "q", "")
    columns = ("mean_length", "mean_tokens", "seconds", "cost_usd")
    assert row(made, "a", *columns) == (5.0, 2.0, 1.5, 0.25)
    assert row(made, "b", *columns) == (0.0, None, None, None)


def test_a_metrics_mean_is_in_percent_and_leaves_out_what_it_could_not_score():
    made = fact_board(["a", "b"], dict.fromkeys("pqr", ""))
    made.board.metric = catalog.metric(plugin="exact-match", params={})
    made.board.save()
    values = {"p": 1.0, "q": 0.5, "r": None}
    facts.add_scores(
        [Score(metric=made.board.metric, output=made.answer("a", key), value=value) for key, value in values.items()]
    )
    assert row(made, "a", "score", "score_n", "score_missing") == (75.0, 2, 1)
    assert row(made, "b", "score", "score_n", "score_missing") == (None, 0, 0)


# --- Length control ---------------------------------------------------------------------------------------------------


def long_enough(*short: str) -> FactBoard:
    """Two entries against a baseline on six prompts; those in `short` have no verdict on the last prompt."""
    made = fact_board(["base", "x", "y"], dict.fromkeys("pqrstu", ""), baseline="base")
    for place, key in enumerate("pqrstu"):
        for name, credit in (("x", (0.9, 0.2, 0.6, 0.7)[place % 4]), ("y", (0.1, 0.4, 0.8)[place % 3])):
            if key != "u" or name not in short:
                made.verdict(name, "base", key, credit)
    return made


LC = ("lc", "lc_se", "lc_low", "lc_high")


def test_an_entry_short_of_verdicts_gets_no_length_control_and_does_not_move_that_of_others():
    made = long_enough("y")
    alone = row(made, "x", *LC)
    assert None not in alone
    assert row(made, "y", *LC) == (None, None, None, None)
    made.verdict("y", "base", "p", 0.0, repeat=1)
    assert row(made, "x", *LC) == alone


class Counting:
    """Counts the battles that the length-controlled rater is given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[int] = []
        kind = registry.ratings.get("length-controlled")
        plain = kind.rate

        def rate(rater: Any, battles: Any) -> RatingTable:
            self.seen.append(len(battles.credit))
            return plain(rater, battles)

        monkeypatch.setattr(kind, "rate", rate)


def test_nothing_is_fitted_again_for_verdicts_on_an_entry_that_is_still_short(monkeypatch):
    made, counting = long_enough("y"), Counting(monkeypatch)
    boards.refresh(made.board)
    made.verdict("y", "base", "p", 0.0, repeat=1)
    boards.refresh(made.board)
    assert counting.seen == [6]


def test_intervals_of_entries_without_new_verdicts_are_kept(monkeypatch):
    made, counting = long_enough(), Counting(monkeypatch)
    before = row(made, "x", *LC)
    assert None not in before
    made.verdict("y", "base", "p", 0.0, repeat=1)
    assert row(made, "x", *LC) == before
    assert counting.seen == [12, 13, 7]


def test_an_entry_that_comes_to_the_board_leaves_the_fits_of_others(monkeypatch):
    from tests.factories import named_entry

    made, counting = long_enough(), Counting(monkeypatch)
    boards.refresh(made.board)
    made.board.entries.add(named_entry("alone"))
    boards.refresh(made.board)
    assert counting.seen == [12]


# --- What raters may do -----------------------------------------------------------------------------------------------


class Guest:
    """A rater from outside."""

    name, version, title, Params = "guest", "1", "A guest", Params

    def __init__(self, params: Params) -> None:
        self.params = params

    def rate(self, battles: Any) -> Any:
        raise NotImplementedError


def guest(answer: Any) -> type[Guest]:
    return type("Raising", (Guest,), {"rate": lambda self, battles: answer(battles)})


def fails(battles: Any) -> Any:
    return 1 / 0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (fails, "The rater failed: ZeroDivisionError('division by zero')"),
        (lambda battles: RatingTable("guest", "1", {}, ()), "The rater did not rate every entrant."),
        (lambda battles: None, "The rater failed: AttributeError"),
        (lambda battles: "a word", "The rater failed: AttributeError"),
    ],
    ids=["raises", "rates nobody", "gives nothing", "gives a word"],
)
def test_a_rater_that_fails_leaves_its_reason_and_a_board_without_its_numbers(answer, reason):
    made = against_a_baseline()
    Board.objects.update(rater="guest")
    made.board.refresh_from_db()
    with registry.ratings.override(guest(answer)):
        snapshot = boards.refresh(made.board)
    assert snapshot.details["methods"]["guest"]["reason"].startswith(reason)
    assert snapshot.details["notes"][0].startswith(f"guest: {reason}")
    assert list(snapshot.standings.values_list("rank_low", "rating", "win_rate")[:1]) == [(None, None, 50.0)]


def test_a_rater_that_is_not_installed_leaves_a_reason_and_another_digest_than_with_it():
    made = against_a_baseline()
    Board.objects.update(rater="guest")
    made.board.refresh_from_db()
    without = boards.refresh(made.board)
    assert "guest" in without.details["methods"]["guest"]["reason"]
    with registry.ratings.override(guest(fails)):
        assert boards.refresh(made.board).digest != without.digest


def test_a_baseline_that_is_not_on_the_board_leaves_no_win_rate():
    made = against_a_baseline()
    made.board.entries.remove(made.entries["base"])
    snapshot = boards.refresh(made.board)
    assert "base" in snapshot.details["methods"]["win-rate"]["reason"]
    assert set(snapshot.standings.values_list("win_rate", "lc", "rank_low")) == {(None, None, None)}
