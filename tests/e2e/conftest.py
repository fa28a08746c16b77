"""The run to compare others with; a real Chromium, and boards filled by the parrot to look at."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.runs import call, drive, environment
from tests.factories import submit, sums_board
from tests.leaderboard.conftest import bell, parrot, work  # noqa: F401
from tests.services import need

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
NAMES = ("chromium", "chromium-browser", "google-chrome")
TELL_VIOLATIONS = (
    "addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective, e.blockedURI))"
)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What is stored after the whole run of `drive.py` in one process; made once for all processes of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    kept = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "undisturbed.json"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            env = environment(tmp_path_factory.mktemp("alone"))
            call(env, "python", "manage.py", "migrate", "-v0")
            kept.write_text(json.dumps(drive(env, "alone")))
    return json.loads(kept.read_text())


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The system's browser. Its loop runs in this thread, which Django would else take for asynchronous code."""
    program = need("chromium", next(filter(None, map(shutil.which, NAMES)), None))
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@dataclass
class Tab:
    """A page of the browser, and every fault that it met."""

    page: Any
    base: str
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Collect console errors, exceptions, refused requests, bad statuses and calls to other hosts."""
        self.page.on("console", lambda said: said.type == "error" and self.faults.append(said.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("requestfailed", self._note_failure)
        self.page.on("request", lambda r: r.url.startswith(self.base) or self.faults.append(f"foreign: {r.url}"))
        self.page.add_init_script(TELL_VIOLATIONS)

    def _note_failure(self, request: Any) -> None:
        """A request that the page itself gave up, by going on to another page, is no fault."""
        if "ERR_ABORTED" not in str(request.failure):
            self.faults.append(f"{request.url}: {request.failure}")

    def open(self, path: str) -> int:
        """The status of the page at `path`."""
        return int(self.page.goto(self.base + path).status)


@pytest.fixture
def new_tab(chromium: Any, live_server: Any) -> Iterator[Any]:
    """Makes tabs, each in a profile of its own; options are those of a browser context."""
    opened = []

    def make(client: Any = None, **options: Any) -> Tab:
        context = chromium.new_context(viewport=DESKTOP, **options)
        context.set_default_timeout(10_000)
        opened.append(context)
        if client:
            context.add_cookies(
                [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": str(live_server)}]
            )
        tab = Tab(context.new_page(), str(live_server))
        tab.watch()
        return tab

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def ada(client: Any, transactional_db: None, django_user_model: Any) -> Any:
    """A client that is signed in."""
    client.force_login(django_user_model.objects.create_user("ada"))
    return client


@pytest.fixture
def board(transactional_db: None, parrot: Any, work: Any) -> Any:  # noqa: F811
    """Three ranked birds on a board of sums."""
    made = sums_board()
    for i in range(3):
        submit(made, {"model": f"bird-{i}", "wrong_every": i + 1 if i else 0})
    work()
    made.refresh_from_db()
    return made


@pytest.fixture
def people(board: Any) -> Any:
    """The same birds, ranked by votes."""
    from leaderboard.models import Board

    return Board.objects.create(
        slug="people", title="People", benchmark=board.benchmark, parent=board, counts_votes=True, open_to_votes=True
    )


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """A `tests.e2e.house.House`. Its tests need the mark `django_db`, without which there is no database at all."""
    from tests.e2e.house import open_house

    with django_db_blocker.unblock(), open_house() as made:
        yield made
