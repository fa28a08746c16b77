"""Runs tests that take `board_name` on every board of the reference folder at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.leaderboard.ratings import reference


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "board_name" in metafunc.fixturenames:
        root = Path(os.environ.get("TOUCHSTONE_REFERENCE", ROOT.parent / "shared" / "reference"))
        # Without the data one case is left, which the fixture of the folder skips, or fails in CI.
        metafunc.parametrize("board_name", reference.boards(root) if root.is_dir() else ["none"])
