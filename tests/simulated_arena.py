"""A file of made-up votes with a known truth, put on a board as facts; any file like `arena/synthetic_*` will do."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.db import connection

from leaderboard.contracts.values import Outcome
from leaderboard.models import Ballot, Board, Comparison, Output, Vote, VoteSignal
from leaderboard.ratings.bradley_terry import BradleyTerry
from tests.factories import FactBoard, fact_board
from tests.leaderboard.ratings import reference

OUTCOMES = {"model_a": Outcome.A, "model_b": Outcome.B, "tie": Outcome.TIE, "both_bad": Outcome.BOTH_BAD}
MIRRORED = {Outcome.A: Outcome.B, Outcome.B: Outcome.A}
PROMPTS = 40
STYLE = ("tokens", "header", "list", "bold")
RIG = "rig"
BATCH = 2000
Rows = list[dict[str, str]]


@dataclass
class Arena:
    """A file's votes on a board: `rows` in time, `kind` of each voter, `truth` of each model, `targets` of riggers."""

    made: FactBoard
    rows: Rows
    kind: dict[str, str]
    truth: dict[str, float]
    targets: set[str]

    def voters(self, kind: str, least: int = 0) -> set[str]:
        """Voters of a kind with at least so many votes."""
        count = Counter(row["judge"] for row in self.rows)
        return {voter_of(name) for name, own in self.kind.items() if own == kind and count[name] >= max(1, least)}

    def error(self, left_out: set[str]) -> float:
        """Root mean square of rating − truth in points, style held equal, over the votes of the others."""
        kept = [row for row in self.rows if voter_of(row["judge"]) not in left_out]
        table = BradleyTerry(BradleyTerry.Params(style=STYLE)).rate(reference.battles_of(kept, measures=STYLE))
        gap = np.array([rating.value - self.truth[rating.name] for rating in table.ratings])
        return float(np.sqrt(np.mean((gap - gap.mean()) ** 2)))


def voter_of(judge: str) -> str:
    """A voter's name on the board."""
    return f"anonymous:{judge}"


def files(root: Path) -> list[Path]:
    """The made-up arenas of the reference data that have their truth beside them."""
    found = [path for path in sorted((root / "arena").glob("synthetic_*.csv.gz")) if _beside(path, "voters").exists()]
    assert found, "no synthetic arena in the reference data"
    return found


def _beside(path: Path, what: str) -> Path:
    return path.with_name(path.name.replace(".csv.gz", f"_truth_{what}.csv"))


def arena(path: Path) -> Arena:
    """The file on a board. Voters for one target share a network, as riggers do; the others are spread over twenty."""
    rows = [row for row in reference.read(path) if row["model_a"] != row["model_b"]]
    rows.sort(key=lambda row: float(row["tstamp"]))
    kind = {row["judge"]: row["kind"] for row in reference.read(_beside(path, "voters"))}
    models = reference.read(_beside(path, "models"))
    truth = {row["model"]: float(row["true_rating"]) for row in models}
    keys = {f"p{i}": "" for i in range(PROMPTS)}
    made = fact_board(sorted(truth), keys, judges=0, counts_votes=True, slug="simulated")
    ballots = _ballots(made, rows)
    _vote(made.board, rows, ballots, kind)
    return Arena(made, rows, kind, truth, {row["model"] for row in models if row["is_rig_target"] == "True"})


def _ballots(made: FactBoard, rows: Rows) -> list[Ballot]:
    """A ballot for each row, on the pair's answers to a prompt that this voter has not had with them."""
    outputs, met, sides = _outputs(made), Counter[tuple[str, ...]](), []
    for row in rows:
        meeting = (row["judge"], *sorted((row["model_a"], row["model_b"])))
        prompt = (zlib.crc32(" ".join(meeting).encode()) + met[meeting]) % PROMPTS
        met[meeting] += 1
        sides.append(tuple(outputs[row[name], prompt] for name in ("model_a", "model_b")))
    pairs = [sorted(two, key=lambda output: output.pk) for two in sides]
    ids = _comparisons({(a.pk, b.pk): (a, b) for a, b in pairs})
    new = [
        Ballot(
            board=made.board,
            comparison_id=ids[a.pk, b.pk],
            voter=voter_of(row["judge"]),
            swapped=left.pk != a.pk,
            token=f"simulated {number}",
            expires_at="2100-01-01T00:00:00Z",
        )
        for number, (row, (left, _), (a, b)) in enumerate(zip(rows, sides, pairs, strict=True))
    ]
    return Ballot.objects.bulk_create(new, batch_size=BATCH)


def _outputs(made: FactBoard) -> dict[tuple[str, int], Output]:
    prompts = {prompt.pk: int(key[1:]) for key, prompt in made.prompts.items()}
    names = {entry.pk: name for name, entry in made.entries.items()}
    new = [
        Output(entry_id=entry, prompt_id=prompt, text=f"{name} on {place}", finish_reason="stop")
        for entry, name in names.items()
        for prompt, place in prompts.items()
    ]
    rows = Output.objects.bulk_create(new, batch_size=BATCH)
    return {(names[row.entry_id], prompts[row.prompt_id]): row for row in rows}


def _comparisons(pairs: dict[tuple[int, int], tuple[Output, Output]]) -> dict[tuple[int, int], int]:
    new = [
        Comparison(prompt_id=a.prompt_id, a=a, b=b, entry_a_id=a.entry_id, entry_b_id=b.entry_id)
        for a, b in pairs.values()
    ]
    return {(row.a_id, row.b_id): row.pk for row in Comparison.objects.bulk_create(new, batch_size=BATCH)}


def _vote(board: Board, rows: Rows, ballots: list[Ballot], kind: dict[str, str]) -> None:
    new = []
    for row, ballot in zip(rows, ballots, strict=True):
        said = OUTCOMES[row["winner"]]
        outcome = MIRRORED.get(said, said) if ballot.swapped else said
        new.append(
            Vote(ballot=ballot, comparison_id=ballot.comparison_id, board=board, voter=ballot.voter, outcome=outcome)
        )
    votes = Vote.objects.bulk_create(new, batch_size=BATCH)
    homes = {name: RIG if own == "target_only" else f"n{place % 20}" for place, (name, own) in enumerate(kind.items())}
    signals = [VoteSignal(vote=vote, network=homes[row["judge"]]) for vote, row in zip(votes, rows, strict=True)]
    VoteSignal.objects.bulk_create(signals, batch_size=BATCH)
    if connection.vendor == "postgresql":  # else it plans for empty tables, which a running one never does for long
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
