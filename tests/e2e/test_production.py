"""The commands and settings of docker-compose.yml as processes, on a private PostgreSQL and Redis."""

from __future__ import annotations

import re
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import yaml

from tests.e2e.drive import REQUESTS
from tests.e2e.runs import ROOT, Site, call, drive, environment, kill_in_the_middle, process
from tests.services import free_port, postgres, redis

pytestmark = [pytest.mark.slow, pytest.mark.services]
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}")
DOTENV = {"POSTGRES_PASSWORD": "unused", "SECRET_KEY": "only-for-this-test-only-for-this-test-only-for-this"}


class Compose:
    """The compose file's services, with the addresses of its containers turned into ours."""

    def __init__(self, database: str, broker: str) -> None:
        self.port = free_port()
        self.services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
        self.moved = {
            "postgres:5432/touchstone": database.rpartition("@")[2],
            "redis:6379": urlsplit(broker).netloc,
            "0.0.0.0:8000": f"127.0.0.1:{self.port}",
        }

    def _here(self, text: str) -> str:
        text = VARIABLE.sub(lambda found: DOTENV.get(found[1]) or found[2] or "", str(text))
        for there, here in self.moved.items():
            text = text.replace(there, here)
        return text

    def environment(self, service: str) -> dict[str, str]:
        """The settings of a service."""
        return {name: self._here(value) for name, value in self.services[service]["environment"].items()}

    def command(self, service: str) -> list[str]:
        """What a service runs."""
        return [self._here(word) for word in self.services[service]["command"]]


@pytest.fixture(scope="module")
def production(tmp_path_factory, undisturbed):
    """A whole run with the gpu worker killed in the middle; what is stored, and what the site answered."""
    folder = tmp_path_factory.mktemp("production")
    with ExitStack() as stack:
        compose = Compose(stack.enter_context(postgres()), stack.enter_context(redis()))

        def env(service):
            return environment(folder, **compose.environment(service))

        def start(service):
            return stack.enter_context(process(env(service), compose.command(service)))

        call(env("migrate"), *compose.command("migrate"), "-v0")
        first = start("gpu-worker")
        for service in ("web", "worker", "beat"):
            start(service)
        site = Site(f"http://localhost:{compose.port}", drive(env("web"), "board")["token"])
        site.wait_until_up()
        ids = site.submit(REQUESTS)
        kill_in_the_middle(site, ids, first.pid)
        first.wait(30)
        start("gpu-worker")
        site.wait_for_board(ids, undisturbed["digest"], 60)
        paths = ("/", "/boards/small/", "/static/touchstone.css", "/api/v1/openapi.json", "/nowhere/")
        answers = {path: site.ask(path)[0] for path in paths}
        return {**drive(env("web"), "status"), "answers": answers}


def test_the_board_is_that_of_the_undisturbed_run(production, undisturbed):
    same = ("states", "errors", "outputs", "digest", "standings")
    assert {name: production[name] for name in same} == {name: undisturbed[name] for name in same}


def test_the_killed_workers_job_was_sent_again(production):
    assert production["most_attempts"] > 1


def test_the_site_answers(production):
    assert [*production["answers"].values()] == [200, 200, 200, 200, 404]
