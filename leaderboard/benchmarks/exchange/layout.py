"""Folders of JSONL files as FastChat and Arena-Hard keep them: questions, answers a model, judgments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from leaderboard.benchmarks.exchange.reading import Record, records
from leaderboard.contracts.params import FieldError, InvalidInput

QUESTIONS = "question.jsonl"
ANSWERS = "model_answer"
JUDGMENTS = "model_judgment"


@dataclass(frozen=True)
class Folder:
    """One such folder. Files may be packed (.gz)."""

    root: Path

    def questions(self) -> Iterator[Record]:
        """The prompts; none where the folder has no file of them."""
        for path in (self.root / QUESTIONS, self.root / f"{QUESTIONS}.gz"):
            if path.is_file():
                yield from records(path)
                return

    def files(self, name: str) -> list[Path]:
        """The JSONL files below a folder, by name."""
        below = self.root / name
        return sorted([*below.rglob("*.jsonl"), *below.rglob("*.jsonl.gz")])

    def check(self) -> None:
        """Raises InvalidInput where there is nothing to read."""
        if not self.root.is_dir():
            raise InvalidInput(FieldError(("path",), f"There is no folder {self.root}."))
        if not self.files(ANSWERS) and not self.files(JUDGMENTS):
            told = f"{self.root} holds no files {ANSWERS}/*.jsonl or {JUDGMENTS}/**/*.jsonl."
            raise InvalidInput(FieldError(("path",), told))


def file_names(names: Iterable[str]) -> dict[str, str]:
    """By name what its file is called: without slashes and leading dots, and no two alike."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = re.sub(r"[/\\\x00-\x1f]", "__", name).strip(". ")[:200] or "_"
        while plain.casefold() in taken:
            plain += "_"
        taken.add(plain.casefold())
        found[name] = plain
    return found
