"""Stores published results: benchmark, entries, outputs, judgments and a board, idempotently."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import transaction

from leaderboard.benchmarks.alpaca_eval import (
    ItemKey,
    ModelFiles,
    ModelResults,
    StoredAnnotation,
    model_shown_first,
    read_model,
)
from leaderboard.benchmarks.length_files import Difficulty
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.params import InvalidInput
from leaderboard.contracts.values import BenchmarkData, BenchmarkItem, ModelIdentity, VerdictState
from leaderboard.models import Benchmark, Board, Comparison, Entry, Judge, Judgment, Output, Prompt
from leaderboard.ratings.length_fit import Regulariser
from leaderboard.services import audits_overall, boards, catalog, facts, lengths

SOURCE = "alpaca_eval"
BENCHMARK = "alpaca-eval"


def item_key(item: ItemKey) -> str:
    """The prompt's key: content-addressed, so that files in any order agree."""
    return fingerprint(*item)[:24]


class AlpacaImport:
    """One import: `read_all` checks every file, `store_all` stores the good models one by one."""

    def __init__(
        self,
        *,
        slug: str,
        annotator: str,
        baseline: str,
        difficulty: Difficulty | None = None,
        regulariser: Regulariser | None = None,
    ) -> None:
        self.slug, self.annotator, self.baseline = slug, annotator, baseline
        self.difficulty, self.regulariser = difficulty, regulariser
        self.good: list[ModelFiles] = []
        self.faults: list[str] = []
        self.items: dict[ItemKey, str] = {}
        self.baseline_texts: dict[ItemKey, str] = {}

    def read_all(self, found: Sequence[ModelFiles], step: Callable[[], None]) -> None:
        """Check every model's files and gather the prompts; a faulty model is left out and noted."""
        for files in sorted(found, key=lambda f: f.model != self.baseline):
            try:
                self._gather(read_model(files, baseline=self.baseline))
                self.good.append(files)
            except InvalidInput as problem:
                self.faults.append("; ".join(error.message for error in problem.errors))
            step()

    def _gather(self, results: ModelResults) -> None:
        for output in results.outputs:
            self.items.setdefault(output.key, output.dataset)
        for annotation in results.annotations:
            self.items.setdefault(annotation.key, annotation.dataset)
        if results.model == self.baseline:
            self.baseline_texts |= results.answers()
        for annotation in results.annotations:
            self.baseline_texts.setdefault(annotation.key, annotation.output_baseline)

    def store_all(self, step: Callable[[], None]) -> Board | None:
        """Store the good models, each in a transaction of its own, and rate the board."""
        if not self.good:
            return None
        benchmark = self._benchmark()
        prompts = {prompt.key: prompt for prompt in benchmark.prompts.all()}
        baseline, judge = _entry(self.baseline), catalog.imported_judge(name=self.annotator)
        with transaction.atomic():
            board = self._board(benchmark, baseline, judge)
            _store_outputs(baseline, prompts, self.baseline_texts)
        for files in self.good:
            if files.model != self.baseline:
                self._store(read_model(files, baseline=self.baseline), board, prompts, judge)
            step()
        board.refresh_from_db()
        self._give_lengths(board)
        boards.refresh(board)
        audits_overall.refresh_when_idle(board)
        return board

    def _give_lengths(self, board: Board) -> None:
        if self.difficulty is None and self.regulariser is None:
            return
        found = None
        if self.difficulty:
            known = self.difficulty.by("instruction")
            found = {item_key(item): known[item[0]] for item in self.items if item[0] in known}
        source = self.difficulty.file if self.difficulty else ""
        lengths.give(board=board, difficulty=found, regulariser=self.regulariser, source=source)

    def _benchmark(self) -> Benchmark:
        """The stored version that has all these prompts, else a new version with them."""
        keys = {item_key(item) for item in self.items}
        board = Board.objects.filter(slug=self.slug).select_related("benchmark").first()
        if board and keys <= set(board.benchmark.prompts.values_list("key", flat=True)):
            return board.benchmark
        items = tuple(BenchmarkItem(item_key(i), i[0], category=dataset) for i, dataset in self.items.items())
        version = fingerprint(sorted(keys))[:12]
        return catalog.benchmark(BenchmarkData(BENCHMARK, version, items, "Imported AlpacaEval instructions."))

    def _board(self, benchmark: Benchmark, baseline: Entry, judge: Judge) -> Board:
        board, made = Board.objects.get_or_create(
            slug=self.slug,
            defaults={
                "title": "AlpacaEval (imported)",
                "benchmark": benchmark,
                "baseline": baseline,
                "pairing": Board.Pairing.BASELINE,
                "rater": "win-rate",
            },
        )
        if not made and board.benchmark_id != benchmark.pk:
            Board.objects.filter(pk=board.pk).update(benchmark=benchmark)
            board.refresh_from_db()
        board.entries.add(baseline)
        board.judges.add(judge)
        return board

    def _store(self, results: ModelResults, board: Board, prompts: dict[str, Prompt], judge: Judge) -> None:
        with transaction.atomic():
            entry = _entry(results.model)
            board.entries.add(entry)
            _store_outputs(entry, prompts, results.answers())
            mine, theirs = _outputs(entry, prompts), _outputs(board.baseline, prompts)
            keys = [item_key(row.key) for row in results.annotations]
            facts.add_comparisons([facts.comparison_row(mine[key], theirs[key]) for key in keys])
            made = Comparison.objects.filter(a__in=mine.values(), b__in=theirs.values()) | Comparison.objects.filter(
                a__in=theirs.values(), b__in=mine.values()
            )
            by_prompt = {comparison.prompt_id: comparison for comparison in made}
            facts.add_judgments(
                [
                    _judgment(row, by_prompt[mine[key].prompt_id], entry, judge)
                    for key, row in zip(keys, results.annotations, strict=True)
                ]
            )


def _entry(model: str) -> Entry:
    row = catalog.named_model(generator="imported", identity=ModelIdentity(SOURCE, model, ""), params={})
    return catalog.entry(model=row, decoding=catalog.unknown_decoding(), template=catalog.prompt_template())


def _store_outputs(entry: Entry, prompts: dict[str, Prompt], texts: dict[ItemKey, str]) -> None:
    provenance = {"imported": SOURCE}
    facts.add_outputs(
        [
            Output(entry=entry, prompt=prompts[item_key(item)], text=text, provenance=provenance)
            for item, text in texts.items()
        ]
    )


def _outputs(entry: Entry | None, prompts: dict[str, Prompt]) -> dict[str, Output]:
    ids = [prompt.pk for prompt in prompts.values()]
    found = Output.objects.filter(entry=entry, prompt__in=ids).select_related("prompt").defer("text")
    return {output.prompt.key: output for output in found}


def _judgment(row: StoredAnnotation, comparison: Comparison, entry: Entry, judge: Judge) -> Judgment:
    is_a = comparison.entry_a_id == entry.pk
    credit = row.credit if is_a or row.credit is None else 1.0 - row.credit
    return Judgment(
        judge=judge,
        comparison=comparison,
        # `swapped` shows b in slot 1; the published draw says whether the model stood there.
        swapped=model_shown_first(row.instruction) != is_a,
        state=VerdictState.SCORED if credit is not None else VerdictState.UNPARSED,
        credit_a=credit,
        evidence={"logprobs": row.raw_logprobs} if row.raw_logprobs else {},
        seconds=row.seconds,
        cost_usd=row.price_usd,
        provenance={"imported": SOURCE},
    )
