"""Times the refresh of a board, from scratch and after a few new judgments: `python bench/refresh.py --help`.

The new judgments are on an entry that is half judged, as while a submission is worked on (`new`), and then second
ones on entries that are judged throughout (`again`). The board is made up, of random credits, in a database of its
own in a temporary folder. Prints a line for each size, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

# Run as a script, only this file's own folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.clock import Cost, clocked
from bench.processes import SINGLE, machine

PROMPTS = 800
CATEGORIES = 5
NEW = 10
WORDS = ("plain", "**bold**", "\n# Head\n", "\n- item\n", "text", "word", "answer", "because")


def start(folder: str) -> None:
    """Sets up the service on an empty database in the folder; one thread, as the other benchmarks."""
    os.environ |= {name: value for name, value in SINGLE.items() if name.endswith("_NUM_THREADS")}
    os.environ |= {"TOUCHSTONE_DATA": folder, "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "leaderboard.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def made_up(judgments: int, pairing: str) -> tuple[Any, list[Any], list[Any]]:
    """A board with facts made an hour ago, its last entry half judged; new judgments of both kinds."""
    import numpy as np
    from django.utils import timezone

    from leaderboard.models import Board
    from leaderboard.services import facts

    rng = np.random.default_rng(1)
    before = timezone.now() - timedelta(hours=1)
    with mock.patch("django.utils.timezone.now", return_value=before):
        outputs = _outputs(rng, 2 + -(-judgments // PROMPTS), f"{pairing}-{judgments}")
        board = _board(outputs, Board(pairing=pairing, slug=f"{pairing}-{judgments}"))
        facts.add_comparisons(_pairs(rng, outputs, pairing))
        rows, last = _judgments(rng, board, outputs[-1][0].entry_id)
        facts.add_judgments([*rows, *last[NEW:]])
    for row in rows[-NEW:]:
        row.repeat = 1
    return board, last[:NEW], rows[-NEW:]


def _judgments(rng: Any, board: Any, last: int) -> tuple[list[Any], list[Any]]:
    """One of each comparison in no order; those of the entry `last`, half as many, apart."""
    from leaderboard.contracts.values import VerdictState
    from leaderboard.models import Comparison, Judgment

    judge, skill = board.judges.get(), rng.normal(0, 0.3, 997)
    parts: tuple[list[Any], list[Any]] = ([], [])
    pairs = Comparison.objects.filter(prompt__benchmark=board.benchmark)
    for pk, a, b in pairs.order_by("?").values_list("pk", "entry_a_id", "entry_b_id"):
        credit = _credit(rng, skill, a, b)
        row = Judgment(judge=judge, comparison_id=pk, state=VerdictState.SCORED, credit_a=credit)
        parts[last in (a, b)].append(row)
    return parts[0], parts[1][: PROMPTS // 2]


def _credit(rng: Any, skill: Any, a: int, b: int) -> float:
    gap = skill[a % len(skill)] - skill[b % len(skill)]
    return round(min(1.0, max(0.0, 0.5 + gap + rng.normal(0, 0.3))), 3)


def _outputs(rng: Any, entries: int, name: str) -> list[list[Any]]:
    """Of each entry, of which the first is the baseline, an output to each prompt."""
    from leaderboard.contracts.values import BenchmarkData, BenchmarkItem, ModelIdentity
    from leaderboard.models import Output
    from leaderboard.services import catalog, facts

    items = tuple(BenchmarkItem(f"{i}", f"Made up {i}", "", f"kind {i % CATEGORIES}") for i in range(PROMPTS))
    prompts = list(catalog.benchmark(BenchmarkData(name, "1", items)).prompts.all())
    parts = {"decoding": catalog.unknown_decoding(), "template": catalog.prompt_template()}
    found = []
    for number in range(entries):
        identity = ModelIdentity("bench", f"{name}-{number}", "1")
        model = catalog.named_model(generator="none", identity=identity, params={})
        entry = catalog.entry(model=model, **parts)
        texts = [" ".join(rng.choice(WORDS, rng.integers(5, 60))) + f" {number} {i}" for i in range(PROMPTS)]
        facts.add_outputs([Output(entry=entry, prompt=p, text=t) for p, t in zip(prompts, texts, strict=True)])
        found.append(list(Output.objects.filter(entry=entry).select_related("entry", "prompt").order_by("prompt")))
    return found


def _board(outputs: list[list[Any]], board: Any) -> Any:
    from leaderboard.services import catalog

    board.title, board.benchmark = board.slug, outputs[0][0].prompt.benchmark
    board.rater = "win-rate" if board.pairing == "baseline" else "bradley-terry"
    board.baseline = outputs[0][0].entry if board.pairing == "baseline" else None
    board.save()
    board.entries.add(*(own[0].entry for own in outputs))
    board.judges.add(catalog.judge(plugin="reference", params={}))
    return board


def _pairs(rng: Any, outputs: list[list[Any]], pairing: str) -> list[Any]:
    """Each entry against the baseline on each prompt, or as many random pairs."""
    from leaderboard.services import facts

    found = []
    for number, own in enumerate(outputs[1:], 1):
        for place, output in enumerate(own):
            other = 0 if pairing == "baseline" else int(rng.integers(0, number))
            found.append(facts.comparison_row(outputs[other][place], output))
    return found


def measure(judgments: int, pairing: str, profile: bool) -> dict[str, Any]:
    """Costs of the refreshes, and whether the last one kept and the one from scratch agree."""
    from leaderboard.models import Judgment
    from leaderboard.services import boards, facts

    def refreshed() -> tuple[Any, Cost]:
        return clocked(lambda: _profiled(lambda: boards.refresh(board), profile))

    board, new, again = made_up(judgments, pairing)
    boards.refresh(board)
    facts.add_judgments(new)
    _, after_new = refreshed()
    facts.add_judgments(again)
    kept, after_again = refreshed()
    count, digest = Judgment.objects.filter(comparison__prompt__benchmark=board.benchmark).count(), kept.digest
    _forget(board)
    anew, scratch = refreshed()
    return {
        "judgments": count,
        "pairing": pairing,
        "entries": board.entries.count(),
        **_costs("new", after_new),
        **_costs("again", after_again),
        **_costs("from_scratch", scratch),
        "ratio_new": scratch.cpu_s / after_new.cpu_s,
        "ratio_again": scratch.cpu_s / after_again.cpu_s,
        "same_digest": anew.digest == digest,
    }


def _costs(name: str, cost: Cost) -> dict[str, float]:
    return {f"{name}_wall_s": cost.wall_s, f"{name}_cpu_s": cost.cpu_s}


def _profiled(work: Callable[[], Any], profile: bool) -> Any:
    if not profile:
        return work()
    with cProfile.Profile() as seen:
        found = work()
    pstats.Stats(seen, stream=sys.stderr).sort_stats("cumulative").print_stats(45)
    return found


def _forget(board: Any) -> None:
    """Removes what the next refresh could use."""
    from django.conf import settings

    from leaderboard.models import Board, BoardSnapshot, CategoryStanding, Standing

    (Path(settings.DATA_DIR) / "tallies" / f"{board.pk}.npz").unlink()
    Board.objects.update(current=None)
    for model in (Standing, CategoryStanding, BoardSnapshot):
        model.objects.all()._raw_delete("default")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", default="20000", help="sizes, by comma (20000)")
    parser.add_argument("--pairing", default="baseline", help="baseline, all, or both by comma (baseline)")
    parser.add_argument("--profile", action="store_true", help="also show where the time goes, on the error stream")
    return parser.parse_args()


def line(row: dict[str, Any]) -> str:
    """What one measured board says; CPU seconds, since wall time is shared with others."""
    return (
        f"{row['judgments']:>9,} {row['pairing']:9} from scratch {row['from_scratch_cpu_s']:7.2f} s"
        f"   {NEW} new {row['new_cpu_s']:7.3f} s ({row['ratio_new']:.1f}x)"
        f"   {NEW} again {row['again_cpu_s']:7.3f} s ({row['ratio_again']:.1f}x)"
    )


def main() -> None:
    """Measures every size."""
    options, found = arguments(), []
    with tempfile.TemporaryDirectory() as folder:
        start(folder)
        for pairing in options.pairing.split(","):
            for size in options.judgments.split(","):
                found.append(measure(int(size), pairing, options.profile))
                print(line(found[-1]), flush=True)
    print(json.dumps({"new": NEW, "prompts": PROMPTS, "runs": found, "machine": machine()}))


if __name__ == "__main__":
    main()
