"""alpaca_eval's annotator at its defaults over a file of pairs: `alpaca_eval_judging.py FILE URL`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ |= {"OPENAI_API_KEY": "none", "OPENAI_API_BASE": sys.argv[2], "OPENAI_BASE_URL": sys.argv[2]}

import pandas as pd
from alpaca_eval.annotators import PairwiseAnnotator

from bench.clock import clocked, report


def main() -> None:
    """Annotates each pair once with the default annotator of AlpacaEval 2; nothing is cached."""
    lines = Path(sys.argv[1]).read_text().split("\n")
    pairs = pd.DataFrame([json.loads(line) for line in lines if line])
    annotator = PairwiseAnnotator(annotators_config="weighted_alpaca_eval_gpt4_turbo", caching_path=None)
    found, cost = clocked(lambda: annotator.annotate_pairs(pairs))
    judged = sum(one["preference"] is not None for one in found)
    report({"judged": judged}, cost, len(pairs))


if __name__ == "__main__":
    main()
