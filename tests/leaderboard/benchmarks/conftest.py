"""Where the published reference data lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def reference_path() -> Path:
    """TOUCHSTONE_REFERENCE, else ../shared/reference beside the repository; CI must have it."""
    path = Path(os.environ.get("TOUCHSTONE_REFERENCE") or ROOT.parent / "shared" / "reference")
    if not path.is_dir():
        reason = f"no reference data at {path}; set TOUCHSTONE_REFERENCE"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path
