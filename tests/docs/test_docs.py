"""The docs and the compose file say what the code does."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from leaderboard.management.commands.plugins import reference
from tests.conftest import ROOT


def test_the_reference_page_is_made_from_the_code():
    assert (ROOT / "docs" / "reference.md").read_text(encoding="utf-8") == reference()


def test_every_setting_read_from_the_environment_is_documented():
    code = (ROOT / "leaderboard" / "settings.py").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
    names = re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', code)
    assert names
    assert [name for name in names if name not in page] == []


COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "service", [name for name, body in COMPOSE["services"].items() if "touchstone" in body["image"]]
)
def test_a_service_of_ours_runs_a_command_that_is_installed(service):
    program = COMPOSE["services"][service]["command"][0]
    assert shutil.which(program, path=str(Path(sys.executable).parent))


def test_the_workers_take_every_queue():
    taken = {
        queue for body in COMPOSE["services"].values() for word in body.get("command", []) for queue in word.split(",")
    }
    assert {"default", "judge", "gpu.http", "gpu.transformers"} <= taken
