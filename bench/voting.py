"""Loads the voting page: many voters at once, a million stored votes: `python bench/voting.py --help`.

A private PostgreSQL (without fsync) and gunicorn as in production.md run on this machine beside the voters. The arena
and its stored votes are made up. Says what each step took, and checks that no vote was lost or counted twice and that
no used ballot was taken again. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Run as a script, only this file's own folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.processes import ROOT, SINGLE, machine
from bench.voters import Tally, voting
from bench.voting_data import SLUG, arena, bulk_votes
from tests.services import free_port, postgres, wait_for

PAGE = f"/boards/{SLUG}/vote/"
STEPS = ("vote", "next", "vote and next", "stamp")


def start(folder: str, database: str) -> None:
    """Sets up the service on the empty database."""
    os.environ |= {name: value for name, value in SINGLE.items() if name.endswith("_NUM_THREADS")}
    os.environ |= {"TOUCHSTONE_DATA": folder, "DATABASE_URL": database}
    os.environ["DJANGO_SETTINGS_MODULE"] = "leaderboard.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


@contextmanager
def serving(workers: int, threads: int) -> Iterator[tuple[int, int]]:
    """gunicorn on a free port; its port and process id."""
    from tests.services import _accepts

    port = free_port()
    own = ["--bind", f"127.0.0.1:{port}", "--workers", f"{workers}", "--threads", f"{threads}", "--backlog", "2048"]
    server = subprocess.Popen([sys.executable, "-m", "gunicorn", "leaderboard.wsgi", *own], cwd=ROOT)
    try:
        wait_for("gunicorn", lambda: _accepts(port))
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(30)


def cpu_seconds(parent: int) -> float:
    """User and system seconds of a process's children so far."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _idle(parent: int) -> None:
    """Wait until a process's children do nothing: they take connections before they have started."""
    used = -1.0
    while (now := cpu_seconds(parent)) - used > 0.05:
        used = now
        time.sleep(1.5)


def loaded(options: argparse.Namespace) -> tuple[Tally, float]:
    """What the voters saw, and the web processes' CPU seconds."""
    with serving(options.workers, options.threads) as (port, pid):
        for _ in range(2):  # until each process has started, and then until each has answered
            _idle(pid)
            asyncio.run(voting(port, PAGE, voters=4 * options.workers, seconds=4, think=0.5))
        before = cpu_seconds(pid)
        how = {"voters": options.voters, "seconds": options.seconds, "think": options.think, "replay": options.replay}
        return asyncio.run(voting(port, PAGE, **how)), cpu_seconds(pid) - before


def checked(tally: Tally, stored_before: int) -> dict[str, int]:
    """Votes lost, counted twice, or taken on a used ballot; all must be 0."""
    from django.db.models import Count

    from leaderboard.models import Vote

    stored = set(Vote.objects.filter(pk__gt=stored_before).values_list("ballot__token", flat=True))
    twice = Vote.objects.filter(pk__gt=stored_before).values("voter", "comparison").annotate(n=Count("pk"))
    return {
        "lost": len(set(tally.tokens) - stored),
        "twice": twice.filter(n__gt=1).count() + len(tally.tokens) - len(set(tally.tokens)),
        "replays": tally.replays,
        "replays_taken": tally.replays_taken,
        "faults": len(tally.faults),
    }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All that the last line holds."""
    from leaderboard.models import Vote
    from leaderboard.services import boards

    board = arena(options.entries, options.prompts)
    bulk_votes(board, options.votes)
    begin = time.perf_counter()
    boards.refresh(board)
    refresh = time.perf_counter() - begin
    tally, cpu = loaded(options)
    # The warm-up's votes are stored before these; its tokens are not asked for.
    found = checked(tally, Vote.objects.order_by("pk").values_list("pk", flat=True)[options.votes - 1])
    votes = len(tally.tokens)
    return {
        "stored_votes": options.votes,
        "voters": options.voters,
        "think_s": options.think,
        "votes": votes,
        "votes_per_s": votes / options.seconds,
        "web_cpu_ms_a_vote": 1000 * cpu / max(votes, 1),
        "first_refresh_s": refresh,
        "ms": {step: _quantiles(tally.seconds.get(step, [])) for step in STEPS},
        **found,
        "first_faults": tally.faults[:3],
        "machine": machine(),
        "load_average": os.getloadavg()[0],
    }


def _quantiles(seconds: list[float]) -> dict[str, float]:
    if len(seconds) < 2:
        return {}
    cuts = statistics.quantiles(seconds, n=100)
    return {name: 1000 * cuts[place] for name, place in (("p50", 49), ("p95", 94), ("p99", 98))}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, default=1_000_000, help="stored votes (1000000)")
    parser.add_argument("--entries", type=int, default=30, help="entries (30)")
    parser.add_argument("--prompts", type=int, default=100, help="prompts (100)")
    parser.add_argument("--voters", type=int, default=200, help="voters at once (200)")
    parser.add_argument("--seconds", type=float, default=60, help="for how long (60)")
    parser.add_argument("--think", type=float, default=10, help="mean seconds before each vote (10)")
    parser.add_argument("--replay", type=float, default=0.05, help="share of ballots sent again (0.05)")
    parser.add_argument("--workers", type=int, default=2, help="web processes (2)")
    parser.add_argument("--threads", type=int, default=8, help="threads of each (8)")
    return parser.parse_args()


def main() -> None:
    """Measures once."""
    options = arguments()
    with tempfile.TemporaryDirectory() as folder, postgres() as database:
        start(folder, database)
        from django.db import connection

        try:
            found = measure(options)
        finally:
            connection.close()  # the server waits for it before it ends
    for step, ms in found["ms"].items():
        print(f"{step:15}" + "".join(f"  {name} {value:7.1f} ms" for name, value in ms.items()))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
