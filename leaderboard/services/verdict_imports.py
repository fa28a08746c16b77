"""Stores what files of judgments hold: benchmark, entries, answers, verdicts and grades on a board, idempotently.

The files are read twice: once to check every row, before anything is stored, and once to store the verdicts, a
thousand in a transaction. A verdict that differs from a stored one is left out and told, never written over it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import transaction

from leaderboard.benchmarks.exchange.items import Grade, Item, Question, Side, Verdict, fault
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.values import BenchmarkData, BenchmarkItem, ModelIdentity
from leaderboard.models import Board, Comparison, Entry, Judge, Judgment, Metric, Output, Score
from leaderboard.queries.exports import UNKNOWN, entry_names
from leaderboard.services import audits_overall, boards, catalog, facts
from leaderboard.services.gathering import Found, Gathered, Owner, Slot, digest_of, slot_of

SOURCE = "imported"
SLUG = re.compile(r"[-a-zA-Z0-9_]{1,80}")
CHUNK = 1000
MOST_TOLD = 5
"""Differing verdicts that are told in full."""


@dataclass
class Stored:
    """What an import did. `known`: verdicts and grades that were there already; `itself`: an entry against itself."""

    answers: int = 0
    verdicts: int = 0
    grades: int = 0
    known: int = 0
    itself: int = 0
    differing: int = 0
    told: list[str] = field(default_factory=list)

    def differ(self, place: str, message: str) -> None:
        """Note a row that was left out."""
        self.differing += 1
        if len(self.told) < MOST_TOLD:
            self.told.append(f"{place}: {message}")


class VerdictImport:
    """One import in the format `source`; `read` gives the items of its files, and is called twice."""

    def __init__(self, *, source: str, read: Callable[[], Iterator[Item]], slug: str, baseline: str = "") -> None:
        self.source, self.read, self.slug, self.baseline = source, read, slug, baseline
        self.gathered, self.done = Gathered(), Stored()
        self.entries: dict[str, Entry] = {}
        self.judges: dict[str, Judge] = {}
        self.metrics: dict[str, Metric] = {}
        self.prompts: dict[str, int] = {}
        self.samples: dict[tuple[Owner, Slot], int] = {}
        self.outputs: dict[tuple[int, int, int], int] = {}

    def check(self) -> None:
        """Read every row. Raises InvalidInput; nothing is stored."""
        if not SLUG.fullmatch(self.slug):
            told = f"'{self.slug[:40]}' is no short name: use up to 80 letters, digits, - and _."
            raise InvalidInput(FieldError(("board",), told))
        self.gathered.take(self.read())
        if not self.gathered.answers:
            raise InvalidInput(FieldError(("path",), "The files hold no answers and no verdicts."))
        if not self.baseline and self.source == "arena-hard" and len(self.gathered.firsts) == 1:
            self.baseline = next(iter(self.gathered.firsts))
        if self.baseline and self.baseline not in self.gathered.models:
            raise InvalidInput(FieldError(("baseline",), f"The files hold no model '{self.baseline}'."))

    def store(self, step: Callable[[int], None] = lambda rows: None) -> Board:
        """Store it all and rate the board; `step` is told how many rows were done. Raises InvalidInput."""
        with transaction.atomic():
            board = self._board()
            new = self._resolve(board)
            for found in _chunks(iter(new), facts.BATCH):
                facts.add_outputs([self._output(*one) for one in found])
            self.done.answers = len(new)
        self._load_outputs(board)
        rows = (item for item in self.read() if isinstance(item, Verdict | Grade))
        for chunk in _chunks(rows, CHUNK):
            with transaction.atomic():
                self._verdicts([item for item in chunk if isinstance(item, Verdict)])
                self._grades([item for item in chunk if isinstance(item, Grade)])
            step(len(chunk))
        self.gathered.close()
        board.refresh_from_db()
        boards.refresh(board)
        audits_overall.refresh_when_idle(board)
        return board

    # The board and what it ranks

    def _board(self) -> Board:
        board = Board.objects.filter(slug=self.slug).select_related("benchmark", "parent").first()
        names = {name: pk for pk, name in entry_names(board).items()} if board else {}
        known = Entry.objects.with_parts().in_bulk(names.values())
        for name in self.gathered.models:
            self.entries[name] = known[names[name]] if name in names else _entry(name)
        board = board or self._new_board()
        self._take_prompts(board)
        own = {judge.name: judge for judge in board.judges.all()}
        self.judges = {n: own.get(n) or catalog.imported_judge(name=n) for n in self.gathered.judges}
        self.metrics = {name: catalog.imported_metric(name=name) for name in self.gathered.metrics}
        (board.parent or board).entries.add(*self.entries.values())
        board.judges.add(*self.judges.values())
        if board.metric_id is None and len(self.metrics) == 1:
            Board.objects.filter(pk=board.pk).update(metric=next(iter(self.metrics.values())))
        return board

    def _new_board(self) -> Board:
        items = tuple(_items(self.gathered.questions))
        version = fingerprint([_told(item) for item in items])[:12]
        baseline = self.entries[self.baseline] if self.baseline else None
        return Board.objects.create(
            slug=self.slug,
            title=f"{self.slug} (imported)",
            benchmark=catalog.benchmark(
                BenchmarkData(self.slug, version, items, f"Imported from {self.source} files.")
            ),
            baseline=baseline,
            pairing=Board.Pairing.BASELINE if baseline else Board.Pairing.ALL,
            rater="win-rate" if baseline else "bradley-terry",
        )

    def _take_prompts(self, board: Board) -> None:
        stored = dict(board.benchmark.prompts.values_list("key", "text"))
        self.prompts = dict(board.benchmark.prompts.values_list("key", "pk"))
        for key, question in self.gathered.questions.items():
            if key not in stored:
                told = f"The board '{board.slug}' has no prompt '{key}'. Name a new board with --board."
                raise fault(question.place, told)
            if question.text is not None and question.text != stored[key]:
                told = (
                    f"The prompt '{key}' of the board '{board.slug}' has another text. Name a new board with --board."
                )
                raise fault(question.place, told)

    # Answers

    def _resolve(self, board: Board) -> list[tuple[Owner, int, Found]]:
        """Give each answer its sample number; those to store, in their order. Raises InvalidInput."""
        stored = self._stored_answers(board)
        new: list[tuple[Owner, int, Found]] = []
        for owner, slots in self.gathered.owners():
            known, made = stored.get(owner, {}), dict[int, Found]()
            taken = dict(known)
            for slot, found in sorted(slots.items(), key=lambda one: (one[0][0], one[1].order)):
                sample = slot[1] if slot[0] == "sample" else _sample(taken, found.digest)
                self.samples[owner, slot] = sample
                self._check_answer(owner, sample, found, known)
                if sample not in known:
                    made.setdefault(sample, found)
                taken[sample] = found.digest
            new.extend((owner, sample, found) for sample, found in made.items())
        return sorted(new, key=lambda one: one[2].order)

    def _stored_answers(self, board: Board) -> dict[Owner, dict[int, bytes | None]]:
        """By owner and sample the digest of each stored text, None where it is not known."""
        names = {entry.pk: name for name, entry in self.entries.items()}
        rows = Output.objects.filter(entry__in=list(names), prompt__benchmark=board.benchmark_id)
        found: dict[Owner, dict[int, bytes | None]] = {}
        fields = ("entry_id", "prompt__key", "sample", "text", "provenance")
        for entry, key, sample, text, provenance in rows.values_list(*fields).iterator(chunk_size=facts.BATCH):
            digest = None if UNKNOWN in provenance else digest_of(text)
            found.setdefault((names[entry], key), {})[sample] = digest
        return found

    def _check_answer(self, owner: Owner, sample: int, found: Found, known: dict[int, bytes | None]) -> None:
        name, key = owner
        if sample in known:
            if found.digest is not None and found.digest != known[sample]:
                told = f"Another answer of '{name}' to the prompt '{key}' is stored. Name a new board with --board."
                raise fault(found.place, told)
        elif self.entries[name].decoding.strategy != "unknown":
            told = f"'{name}' did not give this answer to the prompt '{key}' here. Name a new board with --board."
            raise fault(found.place, told)

    def _output(self, owner: Owner, sample: int, found: Found) -> Output:
        name, key = owner
        unknown = {UNKNOWN: True} if found.digest is None else {}
        return Output(
            entry=self.entries[name],
            prompt_id=self.prompts[key],
            sample=sample,
            text=self.gathered.text(found),
            provenance={"imported": self.source, **found.provenance, **unknown},
        )

    def _load_outputs(self, board: Board) -> None:
        ids = [entry.pk for entry in self.entries.values()]
        rows = Output.objects.filter(entry__in=ids, prompt__benchmark=board.benchmark_id)
        found = rows.values_list("entry_id", "prompt_id", "sample", "pk").iterator(chunk_size=facts.BATCH)
        self.outputs = {(entry, prompt, sample): pk for entry, prompt, sample, pk in found}

    def _find(self, key: str, side: Side) -> Output:
        sample = self.samples[(side.name, key), slot_of(side)]
        entry, prompt = self.entries[side.name].pk, self.prompts[key]
        return Output(pk=self.outputs[entry, prompt, sample], entry_id=entry, prompt_id=prompt)

    # Verdicts

    def _verdicts(self, rows: Sequence[Verdict]) -> None:
        met = []
        for row in rows:
            a, b = self._find(row.question.key, row.a), self._find(row.question.key, row.b)
            if a.pk == b.pk:
                self.done.itself += 1
            else:
                met.append((row, a, b))
        facts.add_comparisons([facts.comparison_row(a, b) for _, a, b in met])
        pairs = _comparisons([out.pk for _, a, b in met for out in (a, b)])
        made = [self._judgment(row, a, b, pairs[min(a.pk, b.pk), max(a.pk, b.pk)]) for row, a, b in met]
        self._add([row for row, _, _ in met], made)

    def _judgment(self, row: Verdict, a: Output, b: Output, comparison: int) -> Judgment:
        turned = a.pk > b.pk
        credit = row.credit if row.credit is None or not turned else 1.0 - row.credit
        own = {"row": row.identity} if row.identity and row.repeat is None else {}
        return Judgment(
            judge=self.judges[row.judge],
            comparison_id=comparison,
            swapped=row.swapped != turned,
            repeat=row.repeat or 0,
            state=row.known_state,
            credit_a=credit,
            raw=row.raw,
            evidence=dict(row.evidence),
            prompt_tokens=row.prompt_tokens,
            output_tokens=row.output_tokens,
            seconds=row.seconds,
            cost_usd=row.cost_usd,
            provenance={"imported": self.source, **row.provenance, **own},
        )

    def _add(self, rows: Sequence[Verdict], made: Sequence[Judgment]) -> None:
        """Store those that are new, and compare the others with what is stored."""
        stored = _judgments({one.comparison_id for one in made}, {one.judge_id for one in made})
        new = []
        for row, one in zip(rows, made, strict=True):
            same = stored.setdefault((one.judge_id, one.comparison_id, one.swapped), [])
            old = next((other for other in same if _is_same(row, one, other)), None)
            if old is None and one.judge.plugin != "imported":
                self.done.differ(row.question.place, f"The judge '{row.judge}' did not say this here.")
            elif old is None:
                if row.repeat is None:
                    one.repeat = max((other.repeat for other in same), default=-1) + 1
                same.append(one)
                new.append(one)
            elif (old.state, old.credit_a) == (one.state, one.credit_a):
                self.done.known += 1
            else:
                told = f"'{row.judge}' is stored as {_word(old)} here, the file says {_word(one)}."
                self.done.differ(row.question.place, told)
        facts.add_judgments(new)
        self.done.verdicts += len(new)

    # Grades

    def _grades(self, rows: Sequence[Grade]) -> None:
        made = [
            Score(
                metric=self.metrics[row.metric],
                output=self._find(row.question.key, row.side),
                value=row.value,
                reason=row.reason,
            )
            for row in rows
        ]
        found = Score.objects.filter(metric__in=self.metrics.values(), output__in=[one.output_id for one in made])
        stored = {(one.metric_id, one.output_id): one for one in found} if made else {}
        new = []
        for row, one in zip(rows, made, strict=True):
            old = stored.setdefault((one.metric_id, one.output_id), one)
            if old is one:
                new.append(one)
            elif old.value == one.value:
                self.done.known += 1
            else:
                told = f"'{row.side.name}' is stored with {old.value} here, the file says {one.value}."
                self.done.differ(row.question.place, told)
        facts.add_scores(new)
        self.done.grades += len(new)


def _entry(name: str) -> Entry:
    row = catalog.named_model(generator="imported", identity=ModelIdentity(SOURCE, name, ""), params={})
    return catalog.entry(model=row, decoding=catalog.unknown_decoding(), template=catalog.prompt_template())


def _items(questions: Mapping[str, Question]) -> Iterator[BenchmarkItem]:
    """Each prompt after the turn that it follows, where the files hold that one."""
    begun: set[str] = set()

    def of(question: Question) -> Iterator[BenchmarkItem]:
        if question.key in begun:
            return
        begun.add(question.key)
        before = questions.get(question.follows)
        if before is not None:
            yield from of(before)
        follows = question.follows if before is not None else ""
        yield BenchmarkItem(question.key, question.text or "", question.reference, question.category, follows=follows)

    for question in questions.values():
        yield from of(question)


def _told(item: BenchmarkItem) -> list[str]:
    """What the version of an imported benchmark rests on; without turns as it was before there were any."""
    return [item.key, item.text, item.reference, item.category, *([item.follows] if item.follows else [])]


def _sample(taken: dict[int, bytes | None], digest: bytes | None) -> int:
    """The number of the answer with this text, else the next free one."""
    same = (sample for sample, other in taken.items() if other == digest)
    return next(same, max(taken, default=-1) + 1)


def _chunks(rows: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while chunk := list(islice(rows, size)):
        yield chunk


def _comparisons(outputs: Sequence[int]) -> dict[tuple[int, int], int]:
    rows = Comparison.objects.filter(a__in=outputs, b__in=outputs)
    return {(a, b): pk for pk, a, b in rows.values_list("pk", "a_id", "b_id")}


def _judgments(comparisons: set[int], judges: set[int]) -> dict[tuple[int, int, bool], list[Judgment]]:
    rows = Judgment.objects.filter(comparison__in=comparisons, judge__in=judges).defer("raw", "evidence")
    found: dict[tuple[int, int, bool], list[Judgment]] = {}
    for row in rows.order_by("repeat"):
        found.setdefault((row.judge_id, row.comparison_id, row.swapped), []).append(row)
    return found


def _is_same(row: Verdict, new: Judgment, old: Judgment) -> bool:
    """Whether both are one verdict: by its number, else by its identity."""
    if row.repeat is not None:
        return old.repeat == row.repeat
    return bool(old.provenance.get("row", "") == new.provenance.get("row", ""))


def _word(judgment: Judgment) -> str:
    return judgment.state if judgment.credit_a is None else f"{judgment.credit_a:g}"
