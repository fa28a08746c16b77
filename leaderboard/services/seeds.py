"""The seeds of a submission: read from text, checked, and held to what is stored.

Sample s of an entry has seeds[s // samples]. The noise of an output comes from its seed and its own sample number, so
the two, which are stored with it, make it again.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Max, Min

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.said import said
from leaderboard.models import Board, Entry, Output

MAX_SEEDS = 16
MAX_RUNS = 64
"""Most outputs for each prompt, over all seeds."""
END = 2**63


def read(text: str) -> tuple[int, ...]:
    """Seeds written as "1, 2, 3". Raises InvalidInput at ("seeds",)."""
    words = [word.strip() for word in text.split(",")]
    wrong = next((word for word in words if not (word.isascii() and word.isdigit() and len(word) <= 20)), None)
    if wrong is not None:
        message = said(
            "Write seeds as whole numbers with commas between, such as 1, 2; '{wrong}' is none.", wrong=wrong[:40]
        )
        raise InvalidInput(FieldError(("seeds",), message))
    return tuple(map(int, words))


def faults(samples: int, seeds: Sequence[int], name: str = "seeds") -> list[FieldError]:
    """What is wrong with `samples` for each of `seeds`; those of the seeds stand at `name`."""
    found = []
    if not 1 <= samples <= MAX_RUNS:
        found.append(
            FieldError(
                ("samples",), said("Choose between 1 and {max_runs} samples for each prompt.", max_runs=MAX_RUNS)
            )
        )
    elif samples * len(seeds) > MAX_RUNS:
        message = said(
            "{samples} samples for each of {n} seeds are more than {max_runs} for each prompt.",
            samples=samples,
            n=len(seeds),
            max_runs=MAX_RUNS,
        )
        found.append(FieldError(("samples",), message))
    if not 1 <= len(seeds) <= MAX_SEEDS:
        found.append(FieldError((name,), said("Give between 1 and {max_seeds} seeds.", max_seeds=MAX_SEEDS)))
    elif len(set(seeds)) < len(seeds):
        found.append(FieldError((name,), said("Each seed may stand there once.")))
    if not all(0 <= seed < END for seed in seeds):
        found.append(FieldError((name,), said("Choose a seed between 0 and 2^63 - 1.")))
    return found


def refuse_others(board: Board, entry: Entry, samples: int, seeds: Sequence[int], name: str = "seeds") -> None:
    """Outputs are facts: one entry, prompt and sample has one output, so its seed is settled by the first run.

    `samples`: outputs of `entry` for each seed. Raises InvalidInput at `name` where a stored one has another seed.
    """
    if not entry.decoding.samples:
        return
    wanted = Output.objects.filter(entry=entry, prompt__benchmark=board.benchmark_id, sample__lt=samples * len(seeds))
    for sample, low, high in wanted.order_by("sample").values_list("sample").annotate(Min("seed"), Max("seed")):
        seed = seeds[sample // samples]
        if (low, high) != (seed, seed):
            stored = low if low != seed else high
            message = said(
                "{entry} has outputs here with seed {stored} as sample {value}, which would have seed {seed} "
                "now. Use seed {stored} there; seeds can be added after those.",
                entry=entry,
                stored=stored,
                value=sample + 1,
                seed=seed,
            )
            raise InvalidInput(FieldError((name,), message))
