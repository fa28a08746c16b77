"""Makes `leaderboard/benchmarks/data/pebble_tasks.jsonl` from held-out problems, the same file every time.

Run from the repository root: python -m models.make_benchmark
"""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

from models.grammar import CATEGORIES, Example, draw

SEED = 20240607
COUNT = 96
FILE = Path(__file__).resolve().parents[1] / "leaderboard" / "benchmarks" / "data" / "pebble_tasks.jsonl"


def pick(count: int = COUNT, seed: int = SEED) -> list[Example]:
    """`count` held-out problems, no key and no question twice; categories, and tasks within one, take turns."""
    rng = random.Random(seed)
    tasks: dict[str, list[str]] = {}
    for task, category in CATEGORIES.items():
        tasks.setdefault(category, []).append(task)
    names, chosen = list(tasks), []
    keys: set[str] = set()
    questions: set[str] = set()
    while len(chosen) < count:
        turn, place = divmod(len(chosen), len(names))
        own = tasks[names[place]]
        example = draw(rng, held_out=True, tasks=(own[turn % len(own)],))
        if example.key not in keys and example.question not in questions:
            keys.add(example.key)
            questions.add(example.question)
            chosen.append(example)
    return chosen


def key_of(example: Example) -> str:
    """A short key without spaces or commas: the task and a digest of the problem's own key."""
    return f"{example.task}-{hashlib.sha256(example.key.encode()).hexdigest()[:8]}"


def lines(examples: list[Example]) -> str:
    """The file's content."""
    rows = [
        {"key": key_of(e), "text": e.question, "reference": e.answer, "category": CATEGORIES[e.task]} for e in examples
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(lines(pick()), encoding="utf-8", newline="\n")
    print(f"wrote {FILE}")
