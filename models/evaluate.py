"""Measure a pebble on held-out prompts under several decodings: `python -m models.evaluate pebble-m`.

Exact means that the text after the last "answer is" equals the reference. No Django is needed.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from math import sqrt
from typing import Any

from leaderboard.contracts.registry import generators, metrics
from leaderboard.contracts.values import DecodingChoice, GenerationRequest, Message
from models.grammar import CATEGORIES, Example, draw

SETTINGS: tuple[tuple[str, str, dict[str, float]], ...] = (
    ("greedy", "greedy", {}),
    ("T 0.7", "temperature", {"temperature": 0.7}),
    ("T 1", "temperature", {"temperature": 1.0}),
    ("T 1.5", "temperature", {"temperature": 1.5}),
    ("T 2", "temperature", {"temperature": 2.0}),
    ("T 2, top-p 0.9", "top-p", {"temperature": 2.0, "p": 0.9}),
    ("T 2, min-p 0.1", "min-p", {"temperature": 2.0, "min_p": 0.1}),
    ("T 3, top-p 0.9", "top-p", {"temperature": 3.0, "p": 0.9}),
    ("T 3, min-p 0.1", "min-p", {"temperature": 3.0, "min_p": 0.1}),
)


def held_out(count: int, seed: int) -> list[Example]:
    """`count` different held-out problems."""
    rng = random.Random(seed)
    found: dict[str, Example] = {}
    while len(found) < count:
        example = draw(rng, held_out=True)
        found.setdefault(example.key, example)
    return list(found.values())


def measure(generator: Any, examples: list[Example], strategy: str, params: dict[str, float]) -> dict[str, Any]:
    """Exact share in percent with its standard error, overall and by category, and tokens a second."""
    exact = metrics.build("exact-match", {})
    decoding = DecodingChoice(strategy, {"max_new_tokens": 96, **params})
    requests = [
        GenerationRequest(str(i), (Message("user", e.question),), decoding, e.key, seed=1)
        for i, e in enumerate(examples)
    ]
    began, tokens = time.perf_counter(), 0
    right: dict[str, list[float]] = defaultdict(list)
    for made in generator.generate(requests):
        example = examples[int(made.key)]
        value = exact.score(prompt=example.question, reference=example.answer, text=made.text).value
        right[CATEGORIES[example.task]].append(value or 0.0)
        tokens += made.output_tokens
    values = [value for part in right.values() for value in part]
    share = sum(values) / len(values)
    return {
        "exact": 100 * share,
        "se": 100 * sqrt(share * (1 - share) / (len(values) - 1)),
        "categories": {name: 100 * sum(part) / len(part) for name, part in sorted(right.items())},
        "tokens_per_second": tokens / (time.perf_counter() - began),
    }


def table(results: dict[str, dict[str, Any]]) -> str:
    """The results as a Markdown table, one row a decoding."""
    names = sorted({name for result in results.values() for name in result["categories"]})
    lines = ["| decoding | exact % | SE | " + " | ".join(names) + " |", "|---|---|---|" + "---|" * len(names)]
    for label, result in results.items():
        cells = [f"{result['categories'].get(name, float('nan')):.0f}" for name in names]
        lines.append(f"| {label} | {result['exact']:.1f} | {result['se']:.1f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--prompts", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    generator = generators.build("transformers", {"model": options.model})
    examples = held_out(options.prompts, options.seed)
    results = {label: measure(generator, examples, name, params) for label, name, params in SETTINGS}
    print(json.dumps(results) if options.json else table(results))


if __name__ == "__main__":
    main()
