"""How a judge is shown what others wrote: JSON between marker lines that carry a nonce.

The nonce is made from the texts and occurs in none of them, so no text can close its frame and speak as the judge's
user. The code that a verdict has to carry is made in the same way, so no text that a judge quotes is a verdict.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.values import Message, Pair

SlotNames = tuple[str, str]
CODE_LENGTH = 6
PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
"""Two braces on each side, so that a wording can show JSON as it is."""


@dataclass(frozen=True)
class JudgePrompt:
    """A wording: system text and user text with placeholders."""

    name: str
    system: str
    user: str

    @property
    def digest(self) -> str:
        """Content address of the wording."""
        return fingerprint(self.name, self.system, self.user)


@dataclass(frozen=True)
class FilledPrompt:
    """What is sent for one thing to be judged. `names` are those of the slots, in the order shown.

    `code` stands in every valid verdict, empty where the format has none. `cut`: characters shown and there, by side.
    """

    messages: tuple[Message, ...]
    names: SlotNames
    nonce: str
    code: str = ""
    cut: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Content address of the messages."""
        return fingerprint([[m.role, m.content] for m in self.messages])


@dataclass(frozen=True)
class Single:
    """One answer to be rated on its own."""

    key: str
    prompt: str
    answer: str
    reference: str = ""
    earlier: tuple[Message, ...] = ()
    checklist: tuple[str, ...] = ()


@dataclass(frozen=True)
class Presentation:
    """How texts are shown. `coded`: a verdict must carry the code. `longest`: characters of an answer, 0 for all."""

    coded: bool = True
    longest: int = 0


CONTROL = re.compile(
    r"<(?=[|\uff5c]|/?(?:s|bos|eos|pad|unk|mask|sep|cls|think|start_of_turn|end_of_turn|start_of_image)>|</?SYS>>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|gMASK|MASK|SEP|CLS)\])"
)
"""How control tokens of chat models begin. Servers read them in a text that they are sent, too."""
ESCAPED = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]")
"""What JSON writes with hex digits."""
NO_HEX = bytes(set(range(256)) - set(b"0123456789abcdef"))
_encoded = json.JSONEncoder(ensure_ascii=False).encode


def quoted(value: object) -> str:
    """A text, or plain JSON, as judges read it: in quotes that nothing inside can close, without control tokens."""
    text = _encoded(value)
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text) if "<" in text or "[" in text else text


def free_nonce(digest: bytes, texts: Sequence[str], *, swapped: bool) -> str:
    """128 bits as hex, decided by `digest` and the order; occurs in none of `texts`, in any case."""
    folded = [text.lower() for text in texts]
    for attempt in range(1000):
        nonce = hashlib.sha256(b"touchstone nonce %d %d " % (swapped, attempt) + digest).hexdigest()[:32]
        if not any(nonce in text for text in folded):
            return nonce
    raise RuntimeError("no nonce is free: a text holds a thousand digests of itself")


def free_code(nonce: str, texts: Sequence[str]) -> str:
    """Six hex digits that occur in none of `texts`, in any case or width, whatever else stands between the digits.

    Who knows both texts can search for one that holds its own code dressed up, for a judge to undress in a quote.
    """
    bare = [_digits(text) for text in texts]
    bare += [_digits(_encoded(text)) for text in texts if ESCAPED.search(text)]
    for attempt in range(1_000_000):
        code = hashlib.sha256(f"touchstone code {attempt} {nonce}".encode()).hexdigest()[:CODE_LENGTH]
        if not any(code.encode() in digits for digits in bare):
            return code
    raise RuntimeError("no code is free: the texts hold every one of them")


def _digits(text: str) -> bytes:
    """The hex digits of a text and nothing else."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return folded.lower().encode("ascii", "ignore").translate(None, NO_HEX)


def shown_pair(pair: Pair) -> tuple[object, object, object]:
    """Question, first and second answer as plain JSON: texts, or lists of turns where there were earlier ones.

    A conversation that both answer is the question; where each side had its own, it stands with the answer.
    """
    shared = pair.earlier_a == pair.earlier_b
    question = _talk(pair.earlier_a if shared else (), "user", pair.prompt)
    a, b = (
        _talk(() if shared else (*earlier, Message("user", pair.prompt)), "assistant", answer)
        for answer, earlier in ((pair.answer_a, pair.earlier_a), (pair.answer_b, pair.earlier_b))
    )
    return (question, b, a) if pair.swapped else (question, a, b)


def fill_pair(prompt: JudgePrompt, pair: Pair, names: SlotNames, show: Presentation) -> FilledPrompt:
    """The messages for `pair` in its order; the same for a pair with its sides exchanged in the same slots.

    A wording may have {{question}}, {{first}}, {{second}}, {{reference}} and {{checklist}}, which become framed
    blocks, and {{name_1}}, {{name_2}} and {{nonce}}. {{mark}} ends a verdict in brackets and {{member}} one in JSON:
    both hold the code, or nothing where there is none.
    """
    first, second = (pair.answer_b, pair.answer_a) if pair.swapped else (pair.answer_a, pair.answer_b)
    talks = (pair.earlier_b, pair.earlier_a) if pair.swapped else (pair.earlier_a, pair.earlier_b)
    texts = [*_texts(pair.prompt, pair.reference, pair.checklist, *talks), first, second]
    a, note_a = _shorten(pair.answer_a, show.longest)
    b, note_b = _shorten(pair.answer_b, show.longest)
    question, *answers = shown_pair(replace(pair, answer_a=a, answer_b=b))
    nonce = _nonce(texts)
    notes = (note_b, note_a) if pair.swapped else (note_a, note_b)
    blocks = [
        _frame(nonce, f"answer {name}{note}", answer) for name, note, answer in zip(names, notes, answers, strict=True)
    ]
    code = free_code(nonce, texts) if show.coded else ""
    values = {
        **dict(zip(("first", "second", "name_1", "name_2"), (*blocks, *names), strict=True)),
        **_values(nonce, code, question, pair.reference, pair.checklist),
    }
    cuts = {"a": (a, pair.answer_a), "b": (b, pair.answer_b)}
    return FilledPrompt(_messages(prompt, values), names, nonce, code, _cut(cuts))


def fill_single(prompt: JudgePrompt, one: Single, show: Presentation) -> FilledPrompt:
    """The messages for one answer. As `fill_pair`, with {{answer}} for {{first}} and {{second}}, and no names."""
    texts = [*_texts(one.prompt, one.reference, one.checklist, one.earlier), one.answer]
    nonce = _nonce(texts)
    shown, note = _shorten(one.answer, show.longest)
    code = free_code(nonce, texts) if show.coded else ""
    question = _talk(one.earlier, "user", one.prompt)
    values = {
        "answer": _frame(nonce, f"answer{note}", shown),
        **_values(nonce, code, question, one.reference, one.checklist),
    }
    return FilledPrompt(_messages(prompt, values), ("", ""), nonce, code, _cut({"a": (shown, one.answer)}))


def placeholders(text: str) -> list[str]:
    """Names of the placeholders in a wording, in order."""
    return PLACEHOLDER.findall(text)


def _messages(prompt: JudgePrompt, values: Mapping[str, str]) -> tuple[Message, ...]:
    """One pass over the wording: what is put in is never searched for placeholders. An empty block leaves no gap."""
    system, user = (
        re.sub(r"\n{3,}", "\n\n", PLACEHOLDER.sub(lambda found: values[found[1]], text))
        for text in (prompt.system, prompt.user)
    )
    return (*([Message("system", system)] if system else []), Message("user", user))


def _texts(prompt: str, reference: str, checklist: Sequence[str], *talks: Sequence[Message]) -> list[str]:
    return [prompt, reference, *checklist, *(message.content for talk in talks for message in talk)]


def _nonce(texts: Sequence[str]) -> str:
    return free_nonce(hashlib.sha256(json.dumps(list(texts)).encode()).digest(), texts, swapped=False)


def _values(nonce: str, code: str, question: object, reference: str, checklist: Sequence[str]) -> dict[str, str]:
    """What every wording may show. A block is empty where the prompt has nothing to show in it."""
    return {
        "nonce": nonce,
        "mark": f" {code}" if code else "",
        "member": f', "code": "{code}"' if code else "",
        "question": _frame(nonce, "question", question),
        "reference": _frame(nonce, "reference answer", reference) if reference.strip() else "",
        "checklist": _frame(nonce, "checklist", list(checklist)) if checklist else "",
    }


def _talk(earlier: Sequence[Message], role: str, text: str) -> object:
    """A text, or the conversation that it ends."""
    if not earlier:
        return text
    return [*({"role": m.role, "content": m.content} for m in earlier), {"role": role, "content": text}]


def _cut(shown: Mapping[str, tuple[str, str]]) -> dict[str, tuple[int, int]]:
    return {side: (len(part), len(whole)) for side, (part, whole) in shown.items() if len(part) < len(whole)}


def _frame(nonce: str, label: str, content: object) -> str:
    return f"<<{nonce} {label}>>\n{quoted(content)}\n<<{nonce} end of {label}>>"


def _shorten(text: str, longest: int) -> tuple[str, str]:
    """What is shown of an answer, and the note that it is cut."""
    if not longest or len(text) <= longest:
        return text, ""
    return text[:longest], f", the first {longest:,} of {len(text):,} characters"
