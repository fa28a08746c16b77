"""alpaca_eval's length-controlled win rates: `python alpaca_eval_peer.py FOLDER`. Run by the peers' Python.

Its own function runs unchanged, save that the file which it would download is read from FOLDER.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from alpaca_eval.metrics import glm_winrate

from bench.clock import clocked, report

BASELINE = "gpt4_1106_preview"


def annotations(rows: pd.DataFrame) -> pd.DataFrame:
    """One model's rows with the columns that it reads; texts of the stored lengths stand for the outputs."""
    return pd.DataFrame(
        {
            "preference": rows["preference"],
            "output_1": ["x" * n for n in rows["len_baseline"]],
            "output_2": ["x" * n for n in rows["len_output"]],
            "generator_1": BASELINE,
            "generator_2": rows["model"],
        }
    ).reset_index(drop=True)


def main() -> None:
    """Loads the judgments outside of the timing."""
    folder = Path(sys.argv[1])
    glm_winrate.hf_hub_download = lambda **wanted: str(folder / wanted["filename"])
    frames = {name: annotations(rows) for name, rows in pd.read_parquet(folder / "judged.parquet").groupby("model")}

    def work() -> dict[str, float]:
        return {
            name: float(_winrate(frame, save_weights_dir=None)["length_controlled_winrate"])
            for name, frame in frames.items()
        }

    found, cost = clocked(work)
    report(found, cost, len(frames))


_winrate = glm_winrate.get_length_controlled_winrate

if __name__ == "__main__":
    main()
