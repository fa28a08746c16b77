"""Our side of bench/judging.py, each case in a process of its own: `python -m bench.judging_ours CASE FILE …`.

The whole path is measured: a job is claimed, prompts are filled, the server is asked, every verdict is stored.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.clock import Cost, clocked, report

CHUNK = 1000


def start(folder: str) -> None:
    """The service on an empty database: SQLite in the folder, or the PostgreSQL that BENCH_DATABASE_URL names."""
    url = os.environ.get("BENCH_DATABASE_URL") or f"sqlite:///{folder}/bench.sqlite3"
    os.environ |= {"TOUCHSTONE_DATA": folder, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "leaderboard.settings"}
    import django
    from django.core.management import call_command

    django.setup()
    call_command(
        "flush" if os.environ.get("BENCH_DATABASE_URL") and _migrated() else "migrate", verbosity=0, **_quiet()
    )


def _migrated() -> bool:
    from django.db import connection

    return "leaderboard_judgment" in connection.introspection.table_names()


def _quiet() -> dict[str, Any]:
    return {"interactive": False}


def board(pairs: Sequence[dict[str, str]]) -> list[int]:
    """Stores the pairs as outputs of two entries; the ids of their comparisons."""
    from leaderboard.contracts.values import BenchmarkData, BenchmarkItem, ModelIdentity
    from leaderboard.models import Comparison, Output
    from leaderboard.services import catalog, facts

    items = tuple(BenchmarkItem(f"p{i}", pair["instruction"]) for i, pair in enumerate(pairs))
    prompts = list(catalog.benchmark(BenchmarkData("bench", "1", items)).prompts.all())
    parts = {"decoding": catalog.unknown_decoding(), "template": catalog.prompt_template()}
    sides = []
    for name in ("output_1", "output_2"):
        model = catalog.named_model(generator="imported", identity=ModelIdentity("bench", name, "1"), params={})
        entry = catalog.entry(model=model, **parts)
        facts.add_outputs([Output(entry=entry, prompt=p, text=q[name]) for p, q in zip(prompts, pairs, strict=True)])
        sides.append(list(Output.objects.filter(entry=entry).defer("text").order_by("prompt__position")))
    facts.add_comparisons([facts.comparison_row(a, b) for a, b in zip(*sides, strict=True)])
    return list(Comparison.objects.order_by("pk").values_list("pk", flat=True))


def jobs_for(judge: Any, ids: Sequence[int]) -> list[int]:
    """Judging jobs as the service makes them; their ids."""
    from leaderboard.models import Job

    return [
        Job.objects.create(
            key=f"bench:{start}",
            kind=Job.Kind.JUDGE,
            queue="judge",
            payload={"judge": judge.pk, "swapped": False, "items": list(ids[start : start + CHUNK])},
        ).pk
        for start in range(0, len(ids), CHUNK)
    ]


def judged(pairs: Sequence[dict[str, str]], url: str, in_flight: int) -> tuple[int, Cost]:
    """All pairs by the judge of one token behind `url`: how many are stored, and the cost."""
    from leaderboard.contracts import registry
    from leaderboard.models import Judgment
    from leaderboard.services import catalog
    from workers.tasks import begin, run

    os.environ["TOUCHSTONE_ENDPOINTS"] = url
    model = {"base_url": url, "model": "bench", "concurrency": in_flight}
    judge = catalog.judge(plugin="pairwise-llm", params={"generator": "openai", "generator_params": model})
    work = jobs_for(judge, board(pairs))
    registry.generators.get("openai")  # imports are not timed, as on every side
    registry.judges.build(judge.plugin, judge.params).provenance()
    begin()  # as a worker's process does
    _, cost = clocked(lambda: [run(job) for job in work])
    return Judgment.objects.filter(state="scored").count(), cost


def pairs_of(path: Path) -> list[dict[str, str]]:
    """One JSON object a line."""
    return [json.loads(line) for line in path.read_text().split("\n") if line]


def judge(path: str, url: str, in_flight: str) -> None:
    """Judges the file's pairs once."""
    pairs = pairs_of(Path(path))
    count, cost = judged(pairs, url, int(in_flight))
    report({"judged": count}, cost, len(pairs))


def memory(path: str, url: str, in_flight: str) -> None:
    """As `judge`; also the resident memory at the end of the first and of the last job, in MiB."""
    import workers.tasks

    seen: list[float] = []
    perform = workers.tasks.perform

    def watched(job: Any) -> None:
        perform(job)
        seen.append(_resident())

    workers.tasks.perform = watched
    pairs = pairs_of(Path(path))
    count, cost = judged(pairs, url, int(in_flight))
    report({"judged": count, "first_mib": seen[0], "last_mib": seen[-1], "most_mib": max(seen)}, cost, len(pairs))


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def writes(path: str, batch: str) -> None:
    """Stores verdicts that cost nothing to make, as they would come: so many at once."""
    from leaderboard.contracts.values import Verdict, VerdictState
    from leaderboard.models import Judgment
    from leaderboard.services import catalog, facts

    ids, size = board(pairs_of(Path(path))), int(batch)
    judge = catalog.judge(plugin="reference", params={})
    evidence = {"logprobs": [[f"token {i}", -0.1 * i] for i in range(20)], "request_digest": "0" * 64}
    provenance = {f"name {i}": "a value of some length" for i in range(12)}

    def rows(some: Sequence[int]) -> Iterator[Any]:
        for pk in some:
            verdict = Verdict(str(pk), VerdictState.SCORED, 0.25, raw="m", evidence=evidence, seconds=0.3)
            place = {"judge": judge, "comparison_id": pk, "swapped": False, "content": f"{pk:064x}"}
            yield facts.judgment_row(verdict, provenance=provenance, **place)

    def store() -> None:
        for first in range(0, len(ids), size):
            facts.add_judgments(list(rows(ids[first : first + size])))

    _, cost = clocked(store)
    report({"stored": Judgment.objects.count()}, cost, len(ids))


def main() -> None:
    """The case that the command line names."""
    case, *words = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        start(folder)
        began = time.perf_counter()
        {"judge": judge, "memory": memory, "writes": writes}[case](*words)
        print(f"{case}: {time.perf_counter() - began:.1f} s with preparation", file=sys.stderr)


if __name__ == "__main__":
    main()
