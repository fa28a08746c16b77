"""Reads AlpacaEval's own `results/` folder: a folder a model, with its outputs and its stored judgments.

Layout: `<model>/model_outputs.json[.gz]` and `<model>/<annotator>/annotations.json[.gz]`. Nothing is stored here.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from leaderboard.benchmarks.json_rows import JsonRow, ParseError, read_rows
from leaderboard.contracts.params import FieldError, InvalidInput

ANNOTATOR = "weighted_alpaca_eval_gpt4_turbo"
BASELINE = "gpt4_1106_preview"

ItemKey = tuple[str, int]
"""(instruction, how many times it came before in the same file): what matches rows of two files."""


@dataclass(frozen=True)
class ModelFiles:
    """Where one model's files lie. `model` is the folder's name: the name inside the files can be wrong."""

    model: str
    root: Path
    outputs: Path | None
    annotations: Path | None


@dataclass(frozen=True)
class StoredOutput:
    """One row of `model_outputs.json`; `index` counts from 0."""

    index: int
    key: ItemKey
    dataset: str
    text: str

    @property
    def instruction(self) -> str:
        """The prompt."""
        return self.key[0]


@dataclass(frozen=True)
class StoredAnnotation:
    """One judgment. `preference` is in [1, 2], 2 where the model wins, whichever side the file had it on.

    `raw_logprobs`: (token, nats) of the judge's first token, best first; None where the file has none.
    """

    index: int
    key: ItemKey
    dataset: str
    output_baseline: str
    output_model: str
    baseline: str
    preference: float | None
    price_usd: float | None
    seconds: float | None
    raw_logprobs: tuple[tuple[str, float], ...] | None

    @property
    def instruction(self) -> str:
        """The prompt."""
        return self.key[0]

    @property
    def credit(self) -> float | None:
        """Credit of the model in [0, 1]; None where the judgment is unscored."""
        return None if self.preference is None else self.preference - 1.0


@dataclass(frozen=True)
class ModelResults:
    """All that is stored for one model, in file order. Either part may be empty, not both."""

    model: str
    outputs: tuple[StoredOutput, ...]
    annotations: tuple[StoredAnnotation, ...]

    def answers(self) -> dict[ItemKey, str]:
        """The model's text for each item: what was judged, else what `model_outputs` has."""
        judged = {row.key: row.output_model for row in self.annotations}
        return {**{row.key: row.text for row in self.outputs}, **judged}

    def mismatches(self) -> tuple[ItemKey, ...]:
        """Items whose judged text is not the stored output."""
        stored = {row.key: row.text for row in self.outputs}
        return tuple(r.key for r in self.annotations if stored.get(r.key, r.output_model) != r.output_model)


def discover(path: Path, *, annotator: str = ANNOTATOR) -> list[ModelFiles]:
    """The models below `path`, by name; a folder with neither file is left out.

    Raises: InvalidInput where `path` is no folder.
    """
    if not path.is_dir():
        raise InvalidInput(FieldError(("path",), f"There is no folder {path}."))
    folders = sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    found = (
        ModelFiles(f.name, path, _either(f / "model_outputs.json"), _either(f / annotator / "annotations.json"))
        for f in folders
    )
    return [files for files in found if files.outputs or files.annotations]


def read_model(files: ModelFiles, *, baseline: str = BASELINE) -> ModelResults:
    """Both files of one model. `baseline` tells the sides apart where neither is named like the folder.

    Raises: ParseError, which names file, item and field.
    """
    outputs = tuple(_outputs(files.root, files.outputs)) if files.outputs else ()
    annotations = tuple(_annotations(files, files.annotations, baseline)) if files.annotations else ()
    return ModelResults(files.model, outputs, annotations)


def model_shown_first(instruction: str, seed: int = 0) -> bool:
    """Whether AlpacaEval's judge saw the model in slot 1: its own draw, the same for every model."""
    rng = random.Random("is_switched_outputs" + instruction + str(seed))
    return rng.choices([False, True])[0]


def _either(path: Path) -> Path | None:
    zipped = path.with_name(path.name + ".gz")
    return next((candidate for candidate in (path, zipped) if candidate.is_file()), None)


class _Keys:
    """Numbers repeated instructions, and refuses a row that repeats another in full."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()
        self._seen: dict[tuple[str, ...], int] = {}

    def of(self, row: JsonRow, instruction: str, *rest: str) -> ItemKey:
        """The row's key. Raises ParseError for a duplicate."""
        first = self._seen.setdefault((instruction, *rest), row.index)
        if first != row.index:
            raise ParseError(row.file, f"This repeats item {first} in full.", row.index, "instruction")
        self._times[instruction] += 1
        return instruction, self._times[instruction] - 1


def _outputs(root: Path, path: Path) -> Iterator[StoredOutput]:
    keys = _Keys()
    for row in read_rows(path, root):
        text = row.text("output")
        yield StoredOutput(row.index, keys.of(row, row.text("instruction"), text), row.text("dataset", ""), text)


def _annotations(files: ModelFiles, path: Path, baseline: str) -> Iterator[StoredAnnotation]:
    keys = _Keys()
    for row in read_rows(path, files.root):
        names = row.text("generator_1"), row.text("generator_2")
        turned = _model_is_first(names, files.model, baseline)
        first, second = row.text("output_1"), row.text("output_2")
        price, seconds = (row.number(field, low=0.0) for field in ("price_per_example", "time_per_example"))
        yield StoredAnnotation(
            index=row.index,
            key=keys.of(row, row.text("instruction"), first, second),
            dataset=row.text("dataset", ""),
            output_baseline=second if turned else first,
            output_model=first if turned else second,
            baseline=names[turned],
            preference=_preference(row, turned=turned),
            price_usd=price,
            seconds=seconds,
            raw_logprobs=_logprobs(row),
        )


def _model_is_first(names: tuple[str, str], model: str, baseline: str) -> bool:
    """Stored files put the baseline first; a file with the sides turned is recognised by its names."""
    if names[1] == model:
        return False
    return names[0] == model or (names[1] == baseline and names[0] != baseline)


def _preference(row: JsonRow, *, turned: bool) -> float | None:
    row.require("preference")
    stored = row.number("preference", low=1.0, high=2.0)
    return 3.0 - stored if turned and stored is not None else stored


def _logprobs(row: JsonRow) -> tuple[tuple[str, float], ...] | None:
    """The judge's log-probabilities; other annotators store other shapes there, which is no fault."""
    try:
        top = row.value["raw_completion"]["logprobs"]["content"][0]["top_logprobs"]
        return tuple((str(entry["token"]), float(entry["logprob"])) for entry in top)
    except (KeyError, IndexError, TypeError, ValueError):
        return None
