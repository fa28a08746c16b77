"""Live battles in a real Chromium against `manage.py serve` with its own worker and pebble models."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import DESKTOP, PHONE, TELL_VIOLATIONS
from tests.e2e.runs import Site, call, environment, process
from tests.e2e.test_main_path import worker_of
from tests.services import free_port, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.services]
QUESTION = "What is 17 + 25?"
NAMES = re.compile("pebble-[ms]")
PREPARE = """
from leaderboard.models import Board
from leaderboard.services import catalog, demo, live_rules
board = demo._board()
for name in ("pebble-m", "pebble-s"):
    model = catalog.language_model(generator="transformers", params={"model": name, "device": "cpu"})
    for strategy, params in (("greedy", {}), ("temperature", {"temperature": 2.0})):
        decoding = catalog.decoding_config(strategy=strategy, params={**params, "max_new_tokens": 48})
        board.entries.add(catalog.entry(model=model, decoding=decoding, template=catalog.prompt_template()))
live_rules.change(Board.objects.get(slug=demo.ARENA), {"on": True, "seconds": 240})
"""
STORED = """
import json
from leaderboard.models import Board, Ballot, Job, LiveBattle, Output, Vote
told = {
    "battles": list(LiveBattle.objects.order_by("created_at").values_list("state", flat=True)),
    "outputs": Output.objects.filter(prompt__benchmark__live=True).count(),
    "ballots": Ballot.objects.count(),
    "votes": list(Vote.objects.order_by("pk").values_list("outcome", "board__slug")),
    "rated": [row.n for row in Board.objects.get(slug="pebbles-arena-live").current.standings.all()],
    "attempts": max(Job.objects.filter(kind="live").values_list("attempts", flat=True)),
}
print(json.dumps(told))
"""


class Page:
    """A tab of its own profile, with every fault that it met."""

    def __init__(self, chromium: Any, site: Site, **options: Any) -> None:
        self.context = chromium.new_context(**{"viewport": DESKTOP, "base_url": site.base, **options})
        self.context.set_default_timeout(120_000)
        self.page, self.faults = self.context.new_page(), list[str]()
        self.page.on("console", lambda said: said.type == "error" and self.faults.append(said.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.add_init_script(TELL_VIOLATIONS)

    def ask(self) -> None:
        self.page.goto("/boards/pebbles-arena/vote/")
        self.page.get_by_role("link", name="Ask your own question").click()
        self.page.get_by_label("Your prompt").fill(QUESTION)
        self.page.get_by_label("I agree to this").check()
        self.page.get_by_role("button", name="Ask both").click()
        self.page.get_by_text(QUESTION).first.wait_for()

    def answered(self) -> None:
        self.page.get_by_role("heading", name="Which answer is better?").wait_for()
        assert not NAMES.search(self.page.content())
        assert self.page.locator(".output").count() == 2


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[tuple[Site, dict[str, str], Any]]:
    env, port = environment(tmp_path_factory.mktemp("live"), TOUCHSTONE_LEASE_SECONDS="10"), free_port()
    call(env, "python", "manage.py", "migrate", "-v0")
    call(env, "python", "manage.py", "shell", "-v0", "-c", PREPARE)
    with process(env, ["python", "manage.py", "serve", "--port", str(port)]) as supervisor:
        site = Site(f"http://127.0.0.1:{port}", "")
        site.wait_until_up()
        yield site, env, supervisor


def stored(env: dict[str, str]) -> Any:
    return json.loads(call(env, "python", "manage.py", "shell", "-v0", "-c", STORED).splitlines()[-1])


def test_visitors_ask_wait_and_vote(running, chromium):
    """By keys on a large screen, by buttons on a phone, and without scripts; the worker is killed once in between."""
    site, env, supervisor = running
    desk = Page(chromium, site)
    desk.ask()
    desk.answered()
    desk.page.keyboard.press("b")
    desk.page.get_by_role("heading", name="Your vote: B is better").wait_for()
    assert NAMES.search(desk.page.locator("main").inner_text())
    desk.page.keyboard.press("n")
    desk.page.get_by_role("heading", name="Ask your own question").wait_for()
    desk.page.keyboard.press("u")
    desk.page.get_by_text("Your vote is taken back").wait_for()

    phone = Page(chromium, site, viewport=PHONE, has_touch=True, is_mobile=True)
    first = worker_of(supervisor.pid)
    phone.ask()
    os.killpg(first, signal.SIGKILL)
    wait_for("A new worker", lambda: worker_of(supervisor.pid) not in (0, first))
    phone.answered()
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.page.get_by_role("button", name="A is better").click()
    phone.page.get_by_role("heading", name="Your vote: A is better").wait_for()

    plain = Page(chromium, site, java_script_enabled=False)
    plain.ask()
    plain.answered()
    plain.page.get_by_role("button", name="Tie").click()
    plain.page.get_by_role("heading", name="Your vote: Tie").wait_for()

    assert desk.faults == phone.faults == plain.faults == []
    wait_for("The live votes' ratings", lambda: stored(env)["rated"].count(0) < 4)
    told = stored(env)
    assert told["battles"] == ["ready"] * 3
    assert (told["outputs"], told["ballots"], len(told["votes"])) == (6, 3, 3)
    assert {board for _, board in told["votes"]} == {"pebbles-arena-live"}
