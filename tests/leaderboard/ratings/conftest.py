"""Where the published reference data is. To be replaced by the fixture of the same name in `tests/conftest.py`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def reference_path() -> Path:
    path = ROOT / os.environ.get("TOUCHSTONE_REFERENCE", "../shared/reference")
    if not path.is_dir():
        reason = f"no reference data at {path}; set TOUCHSTONE_REFERENCE"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path
