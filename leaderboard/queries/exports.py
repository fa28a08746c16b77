"""Reads a board's facts for export, row by row, so that memory does not grow with the board."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils.crypto import salted_hmac

from leaderboard.benchmarks.exchange.items import PEOPLE, Answer, Grade, Question, Side, Verdict
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.values import CREDIT, Message, Outcome, VerdictState
from leaderboard.models import ArenaPolicy, Board, Entry, Judgment, Output, Prompt, Score, Vote
from leaderboard.queries import voters
from leaderboard.queries.compare import judges_of
from leaderboard.queries.integrity import counted, state_of_votes
from leaderboard.queries.turns import Talks, Turn

CHUNK = 500
"""Rows that are fetched together."""
FORMAT = 2
"""Part of every ETag: a change of what an export holds makes new ones."""
UNKNOWN = "text_unknown"
"""Key in the provenance of an output whose text the source did not hold."""

_PROMPT = ("key", "text", "category", "reference", "follows__key", "id")
_OUTPUT = ("id", "text", "sample", "provenance")
_PAIR = (
    *(f"comparison__prompt__{name}" for name in _PROMPT),
    *("comparison__entry_a_id", *(f"comparison__a__{name}" for name in _OUTPUT)),
    *("comparison__entry_b_id", *(f"comparison__b__{name}" for name in _OUTPUT)),
)
_VERDICT = (
    *("judge__name", "swapped", "repeat", "state", "credit_a", "raw", "evidence", "provenance"),
    *("prompt_tokens", "output_tokens", "seconds", "cost_usd", "created_at"),
)


def entry_names(board: Board) -> dict[int, str]:
    """What each entry of a board is called in files, by id: an imported one by its model's name, others by slug."""
    entries = list(board.ranked_entries().with_parts().order_by("pk"))
    plain = {entry.pk: _plain_name(entry) for entry in entries}
    times = Counter([*plain.values(), *(entry.slug for entry in entries if plain[entry.pk] != entry.slug)])
    return {entry.pk: plain[entry.pk] if times[plain[entry.pk]] == 1 else entry.slug for entry in entries}


def _plain_name(entry: Entry) -> str:
    imported = entry.decoding.strategy == "unknown" and not entry.template.system
    return entry.model.name if imported else entry.slug


class BoardSource:
    """A board's facts as an export sees them.

    `private` replaces who voted by a pseudonym that holds within the board alone, by the arena's own salt. Verdicts of
    people are there where the board counts votes; with `people` nobody else's are.
    """

    def __init__(self, board: Board, *, private: bool, people: bool = False) -> None:
        self.board, self.private, self.people = board, private, people
        self.names = entry_names(board)
        policy = ArenaPolicy.objects.filter(board=board).values_list("salt", flat=True)
        self.salt = f"{board.slug}:{policy.first() or ''}"

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the entries, in the order in which they came."""
        return tuple(self.names.values())

    @property
    def baseline(self) -> str:
        """The baseline's name; "" for none."""
        return self.names.get(self.board.baseline_id or 0, "")

    @property
    def judges(self) -> tuple[str, ...]:
        """Names of the judges, people last."""
        kept = judges_of(self.board).none() if self.people else judges_of(self.board)
        names = kept.order_by("pk").values_list("name", flat=True)
        return (*names, *([PEOPLE] if self.board.counts_votes and PEOPLE not in names else []))

    def questions(self) -> Iterator[Question]:
        """The benchmark's prompts."""
        rows = self.board.benchmark.prompts.order_by("position").values_list(*_PROMPT)
        return (_question(row) for row in rows.iterator(chunk_size=CHUNK))

    def answers(self, model: str) -> Iterator[Answer]:
        """One entry's outputs."""
        rows = self._outputs().filter(entry__in=self._ids(model)).order_by("prompt__position", "sample")
        fields = (*(f"prompt__{name}" for name in _PROMPT), *_OUTPUT)
        for row in rows.values_list(*fields).iterator(chunk_size=CHUNK):
            yield Answer(_question(row[:6]), _side(model, row[6:]))

    def verdicts(self, *, judge: str = "", model: str = "") -> Iterator[Verdict]:
        """Judgments and then votes; those on one entry by pair, so that both orders stand together."""
        order = ("comparison_id", "pk") if model else ("pk",)
        yield from self._read(self.judgments(judge, model).order_by(*order))
        if not judge or judge == PEOPLE:
            yield from self._read_votes(self.votes(model).order_by(*order))

    def pairs(self) -> Iterator[Verdict]:
        """The same by judge and pair."""
        yield from self._read(self.judgments().order_by("judge_id", "comparison_id", "swapped", "pk"))
        yield from self._read_votes(self.votes().order_by("comparison_id", "pk"))

    def grades(self) -> Iterator[Grade]:
        """Scores by the board's metric, where that was imported; others are not on a scale of ten points."""
        rows = (
            self._scores()
            .order_by("pk")
            .values_list(
                *(f"output__prompt__{name}" for name in _PROMPT),
                *("output__entry_id", *(f"output__{name}" for name in _OUTPUT), "metric__name", "value", "reason"),
            )
        )
        for row in rows.iterator(chunk_size=CHUNK):
            side = _side(self.names[row[6]], row[7:11])
            yield Grade(_question(row[:6]), side, row[11], row[12], row[13])

    def etag(self, name: str, *more: str) -> str:
        """Changes with the facts that an export in the format `name` rests on."""
        tables = (self.judgments(), self.votes(), self._outputs(), self._scores())
        found = [list(table.aggregate(last=Max("pk"), n=Count("pk")).values()) for table in tables]
        # Which votes count can change while their number stays.
        found += [state_of_votes(), list(voters.where_cast(self.board))]
        return fingerprint("export", FORMAT, name, more, self.board.pk, sorted(self.names.items()), found)[:32]

    def judgments(self, judge: str = "", model: str = "") -> QuerySet[Judgment]:
        """The board's judgments, of one judge or on one entry where it is named."""
        if self.people:
            return Judgment.objects.none()
        found: QuerySet[Judgment] = Judgment.objects.filter(self._pairs(model), judge__in=judges_of(self.board))
        return found.filter(judge__name=judge) if judge else found

    def votes(self, model: str = "") -> QuerySet[Vote]:
        """The votes that the board counts."""
        if not self.board.counts_votes:
            return Vote.objects.none()
        found: QuerySet[Vote] = Vote.objects.filter(self._pairs(model)).exclude(outcome=Outcome.SKIP)
        return counted(found.filter(voters.counted(self.board)), self.board)

    def _outputs(self) -> QuerySet[Output]:
        found: QuerySet[Output] = Output.objects.filter(
            entry__in=list(self.names), prompt__benchmark=self.board.benchmark_id
        )
        return found

    def _scores(self) -> QuerySet[Score]:
        found: QuerySet[Score] = Score.objects.filter(
            metric=self.board.metric_id,
            metric__plugin="imported",
            output__entry__in=list(self.names),
            output__prompt__benchmark=self.board.benchmark_id,
        )
        return found

    def _ids(self, model: str) -> list[int]:
        return [pk for pk, name in self.names.items() if name == model]

    def _pairs(self, model: str) -> Q:
        ids = list(self.names)
        inside = Q(
            comparison__prompt__benchmark=self.board.benchmark_id,
            comparison__entry_a__in=ids,
            comparison__entry_b__in=ids,
        )
        own = self._ids(model)
        return inside & (Q(comparison__entry_a__in=own) | Q(comparison__entry_b__in=own)) if model else inside

    def _read(self, rows: QuerySet[Judgment]) -> Iterator[Verdict]:
        for row, talks in self._with_talks(rows.values_list(*_PAIR, *_VERDICT)):
            told = dict(zip(_VERDICT, row[len(_PAIR) :], strict=True))
            judge, credit, created = told.pop("judge__name"), told.pop("credit_a"), told.pop("created_at").isoformat()
            told["provenance"] = self._told(told["provenance"])
            yield Verdict(*self._pair(row, talks), judge=judge, credit=credit, created=created, **told)

    def _read_votes(self, rows: QuerySet[Vote]) -> Iterator[Verdict]:
        fields = (*_PAIR, "voter", "outcome", "ballot__swapped", "seconds_shown", "created_at")
        for row, talks in self._with_talks(rows.values_list(*fields)):
            voter, outcome, swapped, seconds, created = row[len(_PAIR) :]
            provenance = self._told({"voter": voter, "battle": {"anony": True, "tstamp": created.timestamp()}})
            yield Verdict(
                *self._pair(row, talks),
                judge=PEOPLE,
                credit=CREDIT[Outcome(outcome)],
                swapped=swapped,
                state=str(VerdictState.SCORED),
                identity=provenance["voter"],
                evidence={"outcome": outcome} if outcome == Outcome.BOTH_BAD else {},
                provenance=provenance,
                seconds=seconds,
                created=created.isoformat(),
            )

    def _with_talks(self, rows: QuerySet[Any, Any]) -> Iterator[tuple[tuple[Any, ...], Talks]]:
        """Each row with the conversations of the rows that are fetched together with it."""
        found = rows.iterator(chunk_size=CHUNK)
        while chunk := list(islice(found, CHUNK)):
            talking = [(self.talking[row[5]], row) for row in chunk if row[5] in self.talking]
            sides = ((prompt, row[at], row[at + 3]) for prompt, row in talking for at in (6, 11))
            talks = Talks(sides)
            yield from ((row, talks) for row in chunk)

    @cached_property
    def talking(self) -> dict[int, Prompt]:
        """The prompts with turns before them, by id."""
        return self.board.benchmark.prompts.exclude(follows=None, earlier=[]).in_bulk()

    def _pair(self, row: tuple[Any, ...], talks: Talks) -> tuple[Question, Side, Side]:
        prompt = self.talking.get(row[5])
        before = [talks.before(prompt, row[at], row[at + 3]) if prompt else [] for at in (6, 11)]
        a, b = (_side(self.names[row[at]], row[at + 1 : at + 5], own) for at, own in zip((6, 11), before, strict=True))
        return _question(row[:6]), a, b

    def _told(self, provenance: dict[str, Any]) -> dict[str, Any]:
        if not self.private or "voter" not in provenance:
            return provenance
        digest = salted_hmac("touchstone.export", f"{self.salt}:{provenance['voter']}", algorithm="sha256")
        return {**provenance, "voter": f"voter-{digest.hexdigest()[:16]}"}


def _question(row: tuple[Any, ...]) -> Question:
    """A prompt; one without a text is one whose source did not hold it."""
    key, text, category, reference, follows, _ = row
    return Question(key, text or None, category, reference, follows=follows or "")


def _side(name: str, row: tuple[Any, ...], before: Sequence[Turn] = ()) -> Side:
    pk, text, sample, provenance = row
    earlier = tuple(Message(turn.role, turn.content) for turn in before)
    return Side(name, None if UNKNOWN in provenance else text, sample, pk, provenance, earlier)
