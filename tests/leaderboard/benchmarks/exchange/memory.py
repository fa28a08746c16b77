"""A source of exports that lies in memory, and what hypothesis fills it with."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

from leaderboard.benchmarks.exchange.items import Answer, Grade, Question, Side, Verdict
from leaderboard.contracts.values import VerdictState

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
SPREADSHEET = st.sampled_from(
    ["=1+1", "+a", "-b", "@c", "\td", "\re", "'", "''=", "'=x", "a\r\nb", '"', ",", "\u2028", ""]
)
CREDIT = st.floats(0.0, 1.0)
NAME = TEXT.filter(lambda text: text.strip())


@dataclass
class MemorySource:
    """Everything that `Source` asks for, as lists."""

    items: list[Verdict] = field(default_factory=list)
    outputs: list[Answer] = field(default_factory=list)
    marks: list[Grade] = field(default_factory=list)
    baseline: str = ""

    @property
    def models(self):
        sides = [side.name for verdict in self.items for side in (verdict.a, verdict.b)]
        return tuple(dict.fromkeys([*sides, *(answer.side.name for answer in self.outputs)]))

    @property
    def judges(self):
        return tuple(dict.fromkeys(verdict.judge for verdict in self.items))

    def questions(self):
        found = [*(v.question for v in self.items), *(a.question for a in self.outputs)]
        return iter({question.key: question for question in found}.values())

    def answers(self, model):
        return (answer for answer in self.outputs if answer.side.name == model)

    def verdicts(self, *, judge="", model=""):
        rows = (v for v in self.items if judge in ("", v.judge) and (not model or model in (v.a.name, v.b.name)))
        return iter(sorted(rows, key=_pair) if model else rows)

    def pairs(self):
        return iter(sorted(self.items, key=lambda v: (v.judge, _pair(v), v.swapped)))

    def grades(self):
        return iter(self.marks)


def _pair(verdict):
    return verdict.question.key, verdict.a.name, verdict.b.name


@st.composite
def verdicts(draw, texts=TEXT | SPREADSHEET, credit=CREDIT):
    """A verdict with every field that a table holds."""
    value = draw(st.none() | credit)
    state = VerdictState.SCORED if value is not None else draw(st.sampled_from(list(VerdictState)[1:]))
    question = Question(draw(NAME), draw(st.none() | texts), draw(texts), draw(texts))
    sides = [
        Side(
            draw(NAME),
            draw(st.none() | texts),
            draw(st.integers(0, 9)),
            draw(st.integers(1, 2**40)),
            {"p": draw(texts)},
        )
        for _ in "ab"
    ]
    return Verdict(
        question,
        *sides,
        judge=draw(NAME),
        credit=value,
        swapped=draw(st.booleans()),
        state=str(state),
        repeat=draw(st.integers(0, 9)),
        raw=draw(texts),
        evidence=draw(st.dictionaries(TEXT, st.none() | CREDIT | texts | st.lists(texts, max_size=2), max_size=2)),
        provenance=draw(st.dictionaries(TEXT, texts, max_size=2)),
        prompt_tokens=draw(st.integers(0, 10**6)),
        output_tokens=draw(st.integers(0, 10**6)),
        seconds=draw(st.none() | st.floats(0, 1e6)),
        cost_usd=draw(st.none() | st.floats(0, 1e3)),
    )
