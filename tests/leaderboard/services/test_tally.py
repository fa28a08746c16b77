"""What a refresh reads: new rows only, each once, whatever happened to the file, the clocks or the database."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaderboard.contracts.values import Outcome
from leaderboard.models import Board, Judgment
from leaderboard.models.facts import FactQuerySet
from leaderboard.services import tally as module
from leaderboard.services.streams import SETTLED_SECONDS, STREAMS, Scope
from tests.factories import FactBoard, fact_board, named_entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def fetched(monkeypatch) -> Counter[str]:
    """Rows that came from the database, by table."""
    count: Counter[str] = Counter()
    plain = FactQuerySet.iterator

    def counting(self, *args, **more):
        for row in plain(self, *args, **more):
            count[self.model.__name__] += 1
            yield row

    monkeypatch.setattr(FactQuerySet, "iterator", counting)
    return count


def read(board: Board) -> module.Tally:
    """The tally, read and stored as a refresh does it."""
    scope = Scope.of(board, list(board.ranked_entries().order_by("slug")))
    found = module.tally(scope)
    module.store(scope, found)
    return found


def columns(found: module.Tally) -> dict[str, list[object]]:
    """All that was read, but for when it was seen."""
    return {
        f"{name}.{column}": values.tolist()
        for name, rows in found.columns.items()
        for column, values in rows.values.items()
        if column != "seen"
    }


TEXTS = ("votes.voter", "votes.network")


def same(first: module.Tally, second: module.Tally) -> bool:
    left, right = columns(first), columns(second)
    alike = all(np.array_equal(left[name], right[name], equal_nan=name not in TEXTS) for name in left)
    return alike and (first.digest, first.summaries) == (second.digest, second.summaries)


def from_scratch(board: Board, folder: Path) -> module.Tally:
    for file in folder.glob("*"):
        file.unlink()
    return read(board)


@pytest.fixture
def small(clock) -> FactBoard:
    """Two entries, two prompts; every kind of fact but a score, all of them old."""
    made = fact_board(["ada", "bob"], {"p": "", "q": ""}, counts_votes=True)
    made.verdict("ada", "bob", "p", 0.25)
    made.verdict("ada", "bob", "q", None)
    made.vote("ada", "bob", "q", Outcome.TIE)
    clock.settle()
    return made


def test_a_second_reading_of_old_facts_fetches_nothing(small, fetched):
    read(small.board)
    assert fetched == {"Output": 4, "Comparison": 2, "Judgment": 2, "Vote": 1}
    fetched.clear()
    assert (read(small.board).changed, fetched) == (False, {})


def test_after_new_facts_only_these_are_fetched(small, fetched, clock):
    read(small.board)
    fetched.clear()
    small.verdict("ada", "bob", "p", 1.0, repeat=1)
    small.answer("ada", "p", sample=1)
    clock.settle()
    assert read(small.board).changed
    assert fetched == {"Judgment": 1, "Output": 1}


def test_young_facts_are_looked_at_again_and_counted_once(small, fetched, clock):
    read(small.board)
    small.verdict("ada", "bob", "p", 1.0, repeat=1)
    read(small.board)
    fetched.clear()
    clock.now += timedelta(seconds=SETTLED_SECONDS - 1)
    again = read(small.board)
    assert (len(again.columns["judgments"]), again.changed, fetched) == (3, False, {"Judgment": 1})


def late_row(small: FactBoard, clock, *, after: timedelta, behind: timedelta = timedelta(0)) -> None:
    """Two judgments whose ids are in the order 1, 2 and whose commits are in the order 2, 1.

    A reading comes between them; `behind`: how late the clock of the second one's writer runs.
    """
    first = small.verdict("ada", "bob", "p", 0.75, repeat=1)
    clock.now -= behind
    small.verdict("ada", "bob", "p", 0.5, repeat=2)
    clock.now += behind
    Judgment.objects.filter(pk=first.pk)._raw_delete("default")
    read(small.board)
    clock.now += after
    first._state.adding = True
    first.save()


@pytest.mark.parametrize("behind", [timedelta(0), timedelta(hours=1)])
def test_a_lower_id_that_is_committed_late_is_found(small, clock, folder, behind):
    read(small.board)
    late_row(small, clock, after=timedelta(seconds=SETTLED_SECONDS - 1), behind=behind)
    found = read(small.board)
    assert found.columns["judgments"]["credit"][2:].tolist() == [0.75, 0.5]
    assert same(found, from_scratch(small.board, folder))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"not an archive",
        lambda data: data[: len(data) // 2],
        lambda data: data[:100] + bytes(40) + data[140:],
        lambda data: b"\x93NUMPY\x01\x00" + data,
    ],
    ids=["empty", "text", "truncated", "overwritten", "an array"],
)
def test_a_damaged_file_is_read_anew_and_told(small, folder, damage, caplog):
    sound = read(small.board)
    (file,) = folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    with caplog.at_level(logging.WARNING):
        assert same(read(small.board), sound)
    assert "The tally of board facts is read anew" in caplog.text


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_overwritten_byte_changes_what_is_counted(small, folder, data):
    sound = read(small.board)
    (file,) = folder.iterdir()
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)
    assert same(read(small.board), sound)


def test_the_file_of_another_board_is_not_taken(small, folder):
    other = fact_board(["ada", "bob"], {"r": ""}, slug="other")
    other.verdict("ada", "bob", "r", 1.0)
    expected = read(other.board)
    read(small.board)
    (folder / f"{small.board.pk}.npz").replace(folder / f"{other.board.pk}.npz")
    assert same(read(other.board), expected)


def test_boards_have_files_of_their_own(small, folder):
    other = fact_board(["ada", "bob"], {"r": ""}, slug="other")
    read(small.board)
    read(other.board)
    assert sorted(file.name for file in folder.iterdir()) == sorted([f"{small.board.pk}.npz", f"{other.board.pk}.npz"])


def test_a_board_made_anew_under_the_same_id_does_not_take_the_file(small, clock, fetched):
    read(small.board)
    fetched.clear()
    Board.objects.filter(pk=small.board.pk).update(created_at=clock.now)
    small.board.refresh_from_db()
    read(small.board)
    assert fetched["Judgment"] == 2


def test_a_database_put_back_to_an_earlier_state_is_read_anew(small, clock, folder):
    """As from a backup: the last judgment is gone, and its id goes to another one."""
    last = small.verdict("ada", "bob", "p", 1.0, repeat=1)
    clock.settle()
    read(small.board)
    Judgment.objects.filter(pk=last.pk)._raw_delete("default")
    last._state.adding, last.credit_a, last.repeat = True, 0.125, 7
    last.save()
    found = read(small.board)
    assert found.columns["judgments"]["credit"][-1] == 0.125
    assert same(found, from_scratch(small.board, folder))


def test_another_entry_or_judge_makes_all_be_read(small, fetched):
    from leaderboard.services import catalog

    read(small.board)
    for add in (
        lambda: small.board.entries.add(named_entry("eve")),
        lambda: small.board.judges.add(catalog.judge(plugin="reference", params={"marker": "new"})),
    ):
        fetched.clear()
        add()
        read(small.board)
        assert fetched["Judgment"] == 2


class Full:
    """A file on a disk with room for `room` bytes."""

    def __init__(self, file, room: int) -> None:
        self.file, self.room = file, room

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise OSError(28, "No space left on device")
        return self.file.write(data)


@pytest.mark.parametrize("room", [0, 200, 3000])
def test_a_full_disk_only_warns_and_leaves_no_half_file(small, folder, monkeypatch, caplog, room):
    plain = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *a, **m: Full(plain(self, *a, **m), room))
    with caplog.at_level(logging.WARNING):
        found = read(small.board)
    assert "The tally of board facts was not stored: [Errno 28] No space left on device" in caplog.text
    assert (len(found.columns["judgments"]), list(folder.iterdir())) == (2, [])


def test_a_folder_that_cannot_be_made_only_warns(small, folder, caplog):
    folder.write_text("in the way")
    with caplog.at_level(logging.WARNING):
        read(small.board)
    assert "The tally of board facts was not stored" in caplog.text


@pytest.mark.parametrize("name", STREAMS)
def test_a_board_without_facts_has_empty_columns(name):
    made = fact_board(["ada", "bob"], {"p": ""})
    found = read(made.board)
    assert (len(found.columns[name]), found.columns[name].digest, found.changed) == (0, 0, False)
