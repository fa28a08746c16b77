"""inspect_ai at its defaults over a file of pairs, a sample each: `inspect_judging.py FILE URL`."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ |= {"BENCH_API_KEY": "none", "BENCH_BASE_URL": sys.argv[2]}

from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Score, Target, mean, scorer
from inspect_ai.solver import TaskState, generate

from bench.clock import clocked, report

QUESTION = "Which answer is better? Say m or M.\n\n{instruction}\n\n# m\n{output_1}\n\n# M\n{output_2}"


@scorer(metrics=[mean()])
def first_token() -> object:
    """The log-probability of the first token."""

    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=state.output.choices[0].logprobs.content[0].logprob)

    return score


def main() -> None:
    """Asks about each pair once: one token with log-probabilities."""
    lines = Path(sys.argv[1]).read_text().split("\n")
    samples = [Sample(input=QUESTION.format(**json.loads(line))) for line in lines if line]
    config = GenerateConfig(max_tokens=1, temperature=0.0, logprobs=True, top_logprobs=20)
    task = Task(dataset=MemoryDataset(samples), solver=generate(), scorer=first_token(), config=config)
    with tempfile.TemporaryDirectory() as folder:
        kept = {"log_dir": folder, "display": "none"}
        (log,), cost = clocked(lambda: eval(task, model="openai-api/bench/judge", **kept))
        judged = sum(bool(sample.scores) for sample in log.samples or ())
    report({"judged": judged}, cost, len(samples))


if __name__ == "__main__":
    main()
