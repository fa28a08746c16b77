"""The gate by a clock of its own, and against an endpoint that bears only so many calls."""

from __future__ import annotations

import asyncio

import hypothesis
import pytest
from hypothesis import strategies as st

from workers.generators import calling, concurrency
from workers.generators.concurrency import FAULTS_IN_A_ROW, FIRST, LONG, LOOK_AGAIN, STEP, Gate, Health
from workers.generators.errors import CallFailed, EndpointDown, Fault
from workers.generators.http_transport import MOST_AFTER, seconds_of
from workers.generators.stopping import Stopped, stopping


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_limit_begins_low_and_never_passes_the_ceiling():
    assert Gate(4).limit == 4
    assert Gate(FIRST).limit == FIRST
    gate = Gate(FIRST + 3)
    gate.in_flight = 1000
    assert gate.limit == FIRST
    assert Gate(8 * FIRST).limit == FIRST
    for _ in range(FIRST):
        gate.succeeded()
    assert gate.limit == FIRST + 3


def test_a_burst_of_refusals_halves_the_limit_once():
    clock = Clock()
    gate = Gate(FIRST, clock)
    clock.now += 1
    for _ in range(30):
        gate.pushed_back(began=clock.now - 0.5)
    assert gate.limit == FIRST / 2
    clock.now += 1
    gate.pushed_back(began=clock.now - 0.5)
    assert gate.limit == FIRST / 4


def test_after_a_decrease_the_limit_grows_by_one_a_round():
    clock = Clock()
    gate = Gate(64, clock)
    gate.pushed_back(began=clock.now)
    before = gate.limit
    gate.in_flight = 64
    for _ in range(int(before)):
        gate.succeeded()
    assert before < gate.limit <= before + 1.0


def test_a_limit_that_nobody_reaches_does_not_grow():
    gate = Gate(FIRST + 3)
    gate.in_flight = 3
    gate.succeeded()
    assert gate.limit == FIRST


def test_the_limit_never_falls_below_one_call():
    clock = Clock()
    gate = Gate(8, clock)
    for _ in range(20):
        clock.now += 1
        gate.pushed_back(began=clock.now)
        clock.now += 1
    assert gate.limit == 1.0


def test_a_retry_after_holds_everybody_and_a_shorter_one_does_not_shorten_it():
    clock = Clock()
    gate = Gate(8, clock)
    gate.pushed_back(clock.now, after=30.0)
    gate.pushed_back(clock.now, after=1.0)
    clock.now += 29.0
    assert gate.health is Health.BACKING_OFF
    clock.now += 1.0
    assert gate.health is Health.FLOWING


def test_connections_that_fail_in_a_row_let_single_probes_through_later_each_time():
    clock = Clock()
    gate = Gate(8, clock)
    for _ in range(FAULTS_IN_A_ROW - 1):
        gate.unreachable()
    assert gate.health is Health.FLOWING
    gate.unreachable()
    assert (gate.health, gate._allowed()) == (Health.UNREACHABLE, 1)
    first = gate._shut_until - clock.now
    gate.unreachable()
    assert gate._shut_until - clock.now == 2 * first
    gate.answered()
    assert gate._allowed() == 8


def test_only_as_many_as_the_limit_are_in_at_once_and_all_get_their_turn():
    gate, most = Gate(5), 0

    async def one() -> None:
        nonlocal most
        await gate.enter()
        most = max(most, gate.in_flight)
        await asyncio.sleep(0)
        gate.leave()

    async def every() -> None:
        await asyncio.wait_for(asyncio.gather(*(one() for _ in range(100))), 10)

    asyncio.run(every())
    assert (most, gate.in_flight) == (5, 0)


def test_a_call_that_is_cancelled_while_it_waits_takes_no_turn_with_it():
    gate = Gate(1)

    async def every() -> None:
        await gate.enter()
        waiting = [asyncio.create_task(gate.enter()) for _ in range(3)]
        await asyncio.sleep(0)
        gate.leave()
        waiting[0].cancel()
        await asyncio.sleep(0.01)
        gate.leave() if waiting[1].done() else None
        await asyncio.wait_for(waiting[1], 5)
        if not waiting[2].done():
            gate.leave()
        await asyncio.wait_for(waiting[2], 5)

    asyncio.run(every())


def test_who_waits_longer_than_the_patience_is_told_that_the_endpoint_is_down(monkeypatch):
    monkeypatch.setattr(concurrency, "COOL_DOWN", (0.001, 0.001))
    monkeypatch.setattr(concurrency, "PATIENCE", 0.02)

    async def wait() -> None:
        gate = Gate(4)
        for _ in range(FAULTS_IN_A_ROW):
            gate.unreachable()
        await asyncio.sleep(0.01)
        await gate.enter()  # the one probe
        second = asyncio.create_task(gate.enter())
        await asyncio.sleep(0.05)
        gate._wake()
        gate.leave()
        gate.unreachable()
        await second

    with pytest.raises(EndpointDown, match="cannot be reached"):
        asyncio.run(wait())


class Warp(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next thing that is due."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0].when())
        super()._run_once()


def limits(slots, calls, ceiling=4 * FIRST, seconds=lambda call: 0.3):
    """The gate's limit after each of so many calls to an endpoint that works on `slots` at once."""
    found = []

    async def every() -> None:
        gate, room, left = Gate(ceiling, loop.time), asyncio.Semaphore(slots), iter(range(calls))

        async def work() -> None:
            for call in left:
                await gate.enter()
                async with room:
                    await asyncio.sleep(seconds(call))
                gate.succeeded()
                gate.leave()
                found.append(gate.limit)

        await asyncio.gather(*(work() for _ in range(ceiling)))

    loop = Warp()
    try:
        loop.run_until_complete(every())
    finally:
        loop.close()
    return found


def test_the_limit_grows_up_to_the_ceiling_while_more_calls_bring_more_answers():
    found = limits(slots=1000, calls=2000)
    assert [found[place] for place in (FIRST - 2, FIRST - 1, -1)] == [FIRST, STEP * FIRST, 4 * FIRST]


def spread(call):
    return 0.2 + 0.2 * (call * 0.618 % 1.0)


@pytest.mark.parametrize(("slots", "least", "most"), [(8, FIRST, FIRST + 16), (FIRST, FIRST, 1.5 * FIRST)])
def test_the_limit_goes_back_to_what_the_endpoint_works_on_at_a_time(slots, least, most):
    found = limits(slots, calls=1000, seconds=spread)
    assert max(found) == STEP * FIRST
    (last,) = set(found[-200:])
    assert least <= last <= most


def test_calls_that_take_long_are_not_made_to_wait_for_more_of_them():
    found = limits(slots=1000, calls=1000, seconds=lambda call: LONG + 1.0)
    assert set(found) == {FIRST}


def test_a_ceiling_just_above_the_first_limit_is_reached_and_kept():
    assert limits(slots=1000, calls=1000, ceiling=FIRST + 6)[-1] == FIRST + 6


@hypothesis.given(st.lists(st.floats(0.01, 10.0), min_size=1, max_size=50), st.integers(1, 200))
@hypothesis.settings(max_examples=25, deadline=None)
def test_whatever_calls_take_the_limit_stays_between_one_and_the_ceiling(seconds, slots):
    found = limits(slots, calls=600, seconds=lambda call: seconds[call % len(seconds)])
    assert len(found) == 600
    assert all(1.0 <= limit <= 4 * FIRST for limit in found)


def test_more_calls_are_tried_again_after_a_while():
    clock = Clock()
    gate = Gate(4 * FIRST, clock)
    gate.in_flight = 1000

    def rounds(rate: float, count: int) -> None:
        for _ in range(count):
            for _ in range(int(gate.limit)):
                clock.now += 1.0 / rate
                gate.succeeded()

    rounds(rate=200.0, count=2)
    assert gate.limit == FIRST
    clock.now += LOOK_AGAIN + 1.0
    gate.succeeded()
    rounds(rate=200.0, count=1)
    assert gate.limit == STEP * FIRST


def test_an_endpoint_that_pushes_back_once_can_be_asked_more_again_than_was_of_use_before():
    clock = Clock()
    gate = Gate(4 * FIRST, clock)
    gate.in_flight = 1000
    for _ in range(int(FIRST + STEP * FIRST)):
        clock.now += 0.005
        gate.succeeded()
    assert gate.limit == FIRST
    gate.pushed_back(began=clock.now)
    for _ in range(20 * FIRST * FIRST):
        gate.succeeded()
    assert gate.limit > 2 * FIRST


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("-3", 0),
        ("", 0),
        ("soon", 0),
        ("nan", 0),
        ("1e9", MOST_AFTER),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
    ],
)
def test_a_retry_after_is_read_or_passed_over(text, seconds):
    assert seconds_of(text) == seconds


def test_a_retry_after_may_be_a_date():
    assert seconds_of("Fri, 31 Dec 2999 23:59:59 GMT") == MOST_AFTER


def test_a_batch_that_is_stopped_raises_and_ends_its_calls():
    ended: list[int] = []

    async def send(_transport: object, item: int) -> int:
        try:
            await asyncio.sleep(30 if item else 0)
        except asyncio.CancelledError:
            ended.append(item)
            raise
        return item

    stop = False
    token = stopping.set(lambda: stop)
    try:
        got = calling.stream(range(4), send, base_url="http://127.0.0.1:9/", key="k", ceiling=4, attempts=1)
        assert next(got) == 0
        stop = True
        with pytest.raises(Stopped):
            next(got)
    finally:
        stopping.reset(token)
    calling._loop().loop.call_soon_threadsafe(lambda: None)
    for _ in range(200):
        if sorted(ended) == [1, 2, 3]:
            break
        asyncio.run(asyncio.sleep(0.01))
    assert sorted(ended) == [1, 2, 3]


def test_failures_come_after_the_results_and_say_how_many():
    async def send(_transport: object, item: int) -> int:
        if item % 2:
            raise CallFailed(f"no {item}", Fault.REFUSED)
        return item

    got = calling.stream(range(6), send, base_url="http://127.0.0.1:9/", key="k", ceiling=1, attempts=1)
    assert [next(got) for _ in range(3)] == [0, 2, 4]
    with pytest.raises(Exception, match=r"^3 of 6 calls failed\. The first: no 1$"):
        next(got)
