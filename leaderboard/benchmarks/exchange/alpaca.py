"""Writes AlpacaEval's own files: `MODEL/model_outputs.json` and `MODEL/ANNOTATOR/annotations.json`.

The baseline is `output_1`; `preference` is 1 where it wins and 2 where the model does, which holds credits that are
multiples of 2⁻⁵² exactly. `alpaca_eval.py` reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from leaderboard.benchmarks.exchange.items import Answer, Source, Verdict, is_first
from leaderboard.benchmarks.exchange.layout import file_names
from leaderboard.benchmarks.exchange.writing import json_list
from leaderboard.contracts.params import FieldError, InvalidInput


def files(source: Source) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The files, each streamed on its own. Raises InvalidInput for a board without a baseline."""
    if not source.baseline:
        told = "AlpacaEval compares with a baseline, which this board does not have. Export battles instead."
        raise InvalidInput(FieldError(("format",), told))
    return _files(source)


def _files(source: Source) -> Iterator[tuple[str, Iterator[bytes]]]:
    folders, annotators = file_names(source.models), file_names(source.judges)
    for model in source.models:
        yield f"{folders[model]}/model_outputs.json", json_list(_outputs(source, model))
        for judge in source.judges:
            if model != source.baseline:
                name = f"{folders[model]}/{annotators[judge]}/annotations.json"
                yield name, json_list(_annotations(source, judge, model))


def _outputs(source: Source, model: str) -> Iterator[dict[str, Any]]:
    for answer in source.answers(model):
        if answer.side.text is not None and not answer.side.sample:
            yield _output(answer)


def _output(answer: Answer) -> dict[str, Any]:
    question = answer.question
    told = {"dataset": question.category, "instruction": question.text or "", "output": answer.side.text}
    return {**told, "generator": answer.side.name}


def _annotations(source: Source, judge: str, model: str) -> Iterator[dict[str, Any]]:
    """One verdict a prompt, the first: AlpacaEval shows each pair in one order only."""
    last = ""
    for verdict in source.verdicts(judge=judge, model=model):
        names = {verdict.a.name, verdict.b.name}
        if names == {model, source.baseline} and is_first(verdict) and verdict.question.key != last:
            last = verdict.question.key
            yield _annotation(verdict, model, judge)


def _annotation(verdict: Verdict, model: str, judge: str) -> dict[str, Any]:
    ours, theirs = (verdict.a, verdict.b) if verdict.a.name == model else (verdict.b, verdict.a)
    credit = verdict.credit
    if credit is not None and verdict.a.name != model:
        credit = 1.0 - credit
    return {
        "instruction": verdict.question.text or "",
        "output_1": theirs.text or "",
        "generator_1": theirs.name,
        "dataset": verdict.question.category,
        "output_2": ours.text or "",
        "generator_2": ours.name,
        "annotator": judge,
        "preference": None if credit is None else 1.0 + credit,
        "price_per_example": verdict.cost_usd,
        "time_per_example": verdict.seconds,
    }
