"""What a process loads when it starts: libraries that take long wait for who needs them."""

from __future__ import annotations

import pytest

from tests.e2e.runs import call, environment

NEVER = ("torch", "transformers", "openai", "pandas", "scipy.stats", "scipy.optimize", "jwt")
PROCESSES = {
    "the web server": ("import leaderboard.wsgi", NEVER),
    "the demo": (
        "import django; django.setup(); import leaderboard.management.commands.demo",
        (*NEVER, "scipy.sparse.csgraph", "scipy.linalg", "pyarrow", "leaderboard.web.urls", "leaderboard.api.main"),
    ),
}


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_loads_no_library_before_it_is_needed(tmp_path, process):
    start, absent = PROCESSES[process]
    tell = f"import sys; {start}; print(*(name for name in {absent!r} if name in sys.modules))"
    assert call(environment(tmp_path), "python", "-c", tell).split() == []
