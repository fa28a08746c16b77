"""Compares the decode engine with transformers on one sweep: `python bench/generation.py --help`. No Django.

Prints a table, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
# Run as a script, only this file's own folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import transformers

from bench.generation_peers import best_size, continuous, generate
from bench.generation_work import SWEEP, Taken, Work, load, ours
from bench.processes import machine
from workers.generators.memory import branch_bytes
from workers.generators.rows import Figures

AIMS = {"generate": 4.0, "continuous": 2.0}
OWN_SHARE = 0.1
IN_CACHE = 64 * 2**20
"""Weights of fewer bytes may stay in a processor's cache, where the memory's speed says nothing."""


@dataclass(frozen=True)
class Result:
    """One model: medians of each side, by name, our figures, and the peers' rates as ratios."""

    model: str
    sides: dict[str, Taken]
    figures: Figures
    size: int
    by_cpu: bool
    bandwidth: float | None

    @property
    def ratios(self) -> dict[str, float]:
        """Our tokens a second over each peer's."""
        own = self.sides["ours"].rate(self.by_cpu)
        return {name: own / side.rate(self.by_cpu) for name, side in self.sides.items() if name != "ours"}

    @property
    def own_share(self) -> float:
        """The part of the time that the engine spends outside the model."""
        return 1 - self.figures.forward_seconds / self.figures.seconds


def measure(name: str, args: argparse.Namespace) -> Result:
    """All sides in turn, `repeats` times over, after a round that is not counted."""
    work = load(name, args.device, args.prompts, args.samples, args.new_tokens)
    by_cpu = args.device == "cpu"
    ours(work, args.batch, seed=0)
    size = best_size(work) if "generate" in args.peers else 0
    rounds: dict[str, list[Taken]] = {}
    for seed in range(1, args.repeats + 1):
        for side, taken in _round(work, args, size, seed).items():
            rounds.setdefault(side, []).append(taken)
    sides = {side: sorted(found, key=lambda one: one.rate(by_cpu))[len(found) // 2] for side, found in rounds.items()}
    _, figures = ours(work, args.batch, seed=1, timed=True)
    return Result(name, sides, figures, size, by_cpu, _bandwidth(work, figures))


def _round(work: Work, args: argparse.Namespace, size: int, seed: int) -> dict[str, Taken]:
    torch.manual_seed(seed)
    found = {"ours": ours(work, args.batch, seed)[0]}
    if "generate" in args.peers:
        found["generate"] = generate(work, size)
    if "continuous" in args.peers:
        taken = continuous(work, seed)
        found |= {"continuous": taken} if taken else {}
    return found


def _bandwidth(work: Work, figures: Figures) -> float | None:
    """The share of the memory's speed that the passes reach, reading weights and caches; None where unknown."""
    weights = sum(p.numel() * p.element_size() for p in work.model.parameters())
    if work.model.device.type == "cpu" and weights < IN_CACHE:
        return None
    length = statistics.mean(map(len, work.prompts)) + work.new_tokens / 2
    cache = branch_bytes(work.model.config, int(length), next(work.model.parameters()).element_size())
    read = weights * figures.steps + cache * figures.positions
    return read / figures.forward_seconds / _copy_speed(work.model.device)


def _copy_speed(device: torch.device) -> float:
    """Bytes a second, read and written, of the best of five copies of a quarter GiB."""
    from bench.generation_work import Clock

    source = torch.ones(2**26, device=device)
    best = 0.0
    for _ in range(5):
        with Clock(device) as clock:
            source.clone()
        best = max(best, 2 * source.numel() * source.element_size() / clock.wall_s)
    return best


def show(result: Result) -> None:
    """The table of one model."""
    unit = "CPU s" if result.by_cpu else "wall s"
    print(f"\n{result.model}: {result.figures.outputs} outputs, generate in batches of {result.size}")
    print(
        f"{'':<12}{'CPU s':>9}{'wall s':>9}{'tokens':>9}{'tokens/' + unit:>15}{'ours over it':>14}{'aim':>6}{'met':>5}"
    )
    for name, side in result.sides.items():
        ratio, aim = result.ratios.get(name), AIMS.get(name)
        met = "-" if ratio is None or aim is None else "yes" if ratio >= aim else "NO"
        print(
            f"{name:<12}{side.cpu_s:>9.2f}{side.wall_s:>9.2f}{side.tokens:>9}{side.rate(result.by_cpu):>15.0f}"
            f"{'-' if ratio is None else f'{ratio:.1f}':>14}{'-' if aim is None else f'{aim:g}':>6}{met:>5}"
        )
    figures = result.figures
    print(
        f"own time between passes: {result.own_share:.1%} (aim {OWN_SHARE:.0%} at batch 64 on a 1B model on a GPU); "
        f"positions read a token written: {figures.positions / figures.output_tokens:.2f}; "
        f"passes: {figures.steps}; branches in a pass: {figures.positions / figures.steps:.0f}; "
        f"peak {figures.peak_bytes / 2**20:.0f} MiB; "
        + ("memory bandwidth: not known" if result.bandwidth is None else f"memory bandwidth: {result.bandwidth:.0%}")
    )


def as_json(results: Sequence[Result]) -> str:
    """One line: ratios, rates and shares by model."""
    found = {
        one.model: {
            "ratios": {name: round(ratio, 2) for name, ratio in one.ratios.items()},
            "tokens_per_second": {name: round(side.rate(one.by_cpu)) for name, side in one.sides.items()},
            "own_share": round(one.own_share, 4),
            "bandwidth_share": one.bandwidth and round(one.bandwidth, 4),
            "positions_per_token": round(one.figures.positions / one.figures.output_tokens, 4),
        }
        for one in results
    }
    return json.dumps({"bench": "generation", "models": found})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="pebble-m,random", help="pebble-m, pebble-s, a folder, random or llama-1b")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--batch", type=int, default=256, help="most branches of ours side by side")
    parser.add_argument("--prompts", type=int, default=50)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", default="generate,continuous", help="which of the two, or an empty text for none")
    return parser.parse_args()


def main() -> None:
    """Measures, prints the tables, then the JSON line."""
    args = _arguments()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if args.device == "cpu":
        torch.set_num_threads(1)
    place = machine() if args.device == "cpu" else torch.cuda.get_device_name()
    print(f"{place}; torch {torch.__version__}, transformers {transformers.__version__}")
    print(
        f"{len(SWEEP)} configurations x {args.samples} samples x {args.prompts} prompts, {args.new_tokens} new tokens"
    )
    results = []
    for name in args.model.split(","):
        results.append(measure(name, args))
        show(results[-1])
    print(as_json(results))


if __name__ == "__main__":
    main()
