"""What a flag on an entry says, from the evidence that is stored with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from leaderboard.contracts.said import said

Evidence = Mapping[str, float | int | str]

_SENTENCES: Mapping[str, Callable[[Evidence], str]] = {
    "constant-output": lambda e: said("All its {n} answers are one and the same text.", n=e["n_compared"]),
    "duplicate-outputs": lambda e: said(
        "Only {unique} of its {n} answers differ; about {expected:.0%} would be usual.",
        unique=e["n_unique"],
        n=e["n_compared"],
        expected=e["expected_share"],
    ),
    "zero-length-variance": lambda e: said(
        "Its answers to {n} prompts all have about {length:.0f} characters.", n=e["n_compared"], length=e["mean_length"]
    ),
    "low-difficulty-slope": lambda e: said(
        "How often it wins hardly depends on the prompt (slope {psi:.2f}, usually {usual:.2f}), "
        "and length control raises it.",
        psi=e["psi"],
        usual=e["median_psi"],
    ),
    "template-markers": lambda e: said(
        "{n} of its {all} outputs hold text that belongs to a judge's or chat template.", n=e["n"], all=e["n_outputs"]
    ),
    "empty-outputs": lambda e: said("{n} of its {all} outputs are empty.", n=e["n_empty"], all=e["n_outputs"]),
    "runaway-outputs": lambda e: (
        said("{n} of its {all} outputs ran into the token limit.", n=e["n_truncated"], all=e["n_outputs"])
        if "n_truncated" in e
        else said(
            "Its answers are {times:.1f} times as long as is usual here.",
            times=float(e["mean_length"]) / float(e["median_length"]),
        )
    ),
}


def sentence_of(kind: str, evidence: Evidence) -> str:
    """What a flag says, from its evidence; "" for a kind or evidence that this version does not raise."""
    try:
        return _SENTENCES[kind](evidence)
    except (KeyError, TypeError, ValueError):
        return ""
