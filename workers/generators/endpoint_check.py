"""Shows by a few cheap calls which settings really act on an OpenAI-compatible server, since many are swallowed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.contracts import registry
from leaderboard.contracts.said import said
from workers.decoding.chain import XARG
from workers.generators.errors import GenerationFailed
from workers.generators.openai_client import OpenAIGenerator

WORDS = "Write a list of twenty random words."
ECHO = "Write the word yes fifty times."
HOT = 2.0
"""Temperature at which texts of the same prompt differ, if the server heeds it."""
TOKENS = 24
SAMPLES = 3
UNKNOWN = "no-such-strategy"


@dataclass(frozen=True)
class Finding:
    """Whether a setting acts; None where it could not be told. `evidence` is one sentence of what was seen.

    `refused`: the server answered with an error, and so ignores nothing.
    """

    setting: str
    acts: bool | None
    evidence: str
    refused: bool = False

    @property
    def state(self) -> str:
        """acts, ignored, refused or unknown."""
        if self.acts is None:
            return "unknown"
        return "acts" if self.acts else ("refused" if self.refused else "ignored")

    @property
    def stored(self) -> dict[str, str]:
        """As a check is kept."""
        return {"setting": self.setting, "state": self.state, "evidence": self.evidence}


@dataclass(frozen=True)
class _Call:
    """One call and what came back."""

    fields: Mapping[str, Any]
    answer: Any

    @property
    def failed(self) -> str:
        """What the server said against it, or empty."""
        return str(self.answer) if isinstance(self.answer, GenerationFailed) else ""

    @property
    def texts(self) -> list[str]:
        """The text of each choice."""
        return [] if self.failed else [choice.message.content or "" for choice in self.answer.choices]


def check(generator: OpenAIGenerator) -> tuple[Finding, ...]:
    """One finding a setting, from about 30 calls of at most 24 tokens each.

    Raises: GenerationFailed where the server does not answer a plain call.
    """
    plans = {name: [_fields(**more) for more in calls] for name, calls in {**_PLANS, **_processors()}.items()}
    flat = [(name, fields) for name, calls in plans.items() for fields in calls]
    answers = generator.ask([fields for _, fields in flat])
    made: dict[str, list[_Call]] = {name: [] for name in plans}
    for (name, fields), answer in zip(flat, answers, strict=True):
        made[name].append(_Call(fields, answer))
    if why := next((call.failed for call in made["greedy"] if call.failed), ""):
        raise GenerationFailed(why)
    return _findings(made)


def _fields(prompt: str = WORDS, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}], "max_tokens": TOKENS, "temperature": 0.0, **more}


def _hot(**more: Any) -> list[dict[str, Any]]:
    return [{"temperature": HOT, "top_p": 1.0, "seed": seed, **more} for seed in range(SAMPLES)]


_PLANS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "greedy": [{}, {}],
    "hot": _hot(),
    "seed": _hot(),
    "n": [{"n": 2, "temperature": HOT}],
    "logprobs": [{"logprobs": True, "top_logprobs": 5}],
    "top_p": _hot(top_p=1e-6),
    "top_k": _hot(extra_body={"top_k": 1}),
    "min_p": _hot(extra_body={"min_p": 1.0}),
    "repetition_penalty": [
        {"prompt": ECHO},
        {"prompt": ECHO, "extra_body": {"repetition_penalty": 5.0}},
    ],
    "frequency_penalty": [{"prompt": ECHO, "frequency_penalty": 2.0}],
    # One penalty of 2 seldom changes a greedy text, so it is tried on drawn ones with the same seeds.
    "presence_penalty": [
        {"prompt": ECHO, "temperature": 1.0, "seed": seed, **more}
        for seed in range(2)
        for more in ({}, {"presence_penalty": 2.0})
    ],
}


def _processors() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """A strategy for our own processors that leaves the likeliest token alone, and one that they must refuse."""
    strategy: Any = registry.decoding.build("top-nsigma", {"n": 0.0, "max_new_tokens": TOKENS})
    sound = dict(strategy.request_fields())
    unknown = {XARG: json.dumps({"strategy": UNKNOWN, "params": {}})}
    return {"logits": [sound, {**sound, "extra_body": {**sound["extra_body"], "vllm_xargs": unknown}}]}


def _findings(made: Mapping[str, list[_Call]]) -> tuple[Finding, ...]:
    greedy = made["greedy"][0].texts[0]
    hot = _temperature(made["hot"], greedy)
    cuts = [_cut(name, made[name], greedy, hot=bool(hot.acts)) for name in ("top_p", "top_k", "min_p")]
    seed, steady = _seed(made["hot"], made["seed"], hot=bool(hot.acts)), bool(_repeats(made["greedy"]).acts)
    return (
        _repeats(made["greedy"]),
        hot,
        seed,
        _n(made["n"][0]),
        _logprobs(made["logprobs"][0]),
        *cuts,
        _penalty("repetition_penalty", made["repetition_penalty"], said("A penalty of 5"), steady=steady),
        _penalty(
            "frequency_penalty",
            [made["repetition_penalty"][0], *made["frequency_penalty"]],
            said("A penalty of 2"),
            steady=steady,
        ),
        _presence(made["presence_penalty"], seeded=bool(seed.acts)),
        _logits(made["logits"], greedy),
    )


def _repeats(calls: Sequence[_Call]) -> Finding:
    same = calls[0].texts == calls[1].texts
    seen = said("Temperature 0 twice gave one text.") if same else said("Temperature 0 twice gave two texts.")
    return Finding("greedy", same, seen)


def _refused(name: str, calls: Sequence[_Call]) -> Finding | None:
    failed = next((call.failed for call in calls if call.failed), "")
    return (
        Finding(name, False, said("The server refused it: {failed}", failed=failed), refused=True) if failed else None
    )


def _temperature(calls: Sequence[_Call], greedy: str) -> Finding:
    if refused := _refused("temperature", calls):
        return refused
    texts = {text for call in calls for text in call.texts}
    acts = len(texts) > 1
    one = said("the greedy text") if texts == {greedy} else said("one text")
    seen = said("{n} different texts", n=len(texts)) if acts else one
    return Finding(
        "temperature", acts, said("{n} calls at temperature {hot:g} gave {seen}.", n=len(calls), hot=HOT, seen=seen)
    )


def _seed(first: Sequence[_Call], second: Sequence[_Call], *, hot: bool) -> Finding:
    if refused := _refused("seed", [*first, *second]):
        return refused
    if not hot:
        return Finding("seed", None, said("It cannot be told, since temperature does not act."))
    equal = sum(a.texts == b.texts for a, b in zip(first, second, strict=True))
    return Finding(
        "seed",
        equal == len(first),
        said("{equal} of {n} texts came again with the same seed.", equal=equal, n=len(first)),
    )


def _n(call: _Call) -> Finding:
    if refused := _refused("n", [call]):
        return refused
    return Finding("n", len(call.texts) == 2, said("Of 2 choices asked for, {n} came.", n=len(call.texts)))


def _logprobs(call: _Call) -> Finding:
    if refused := _refused("logprobs", [call]):
        return refused
    given = getattr(call.answer.choices[0].logprobs, "content", None) or []
    best = len(given[0].top_logprobs or []) if given else 0
    return Finding(
        "logprobs",
        best >= 2,
        said("{n} tokens came with log-probabilities, {best} for the first.", n=len(given), best=best),
    )


def _cut(name: str, calls: Sequence[_Call], greedy: str, *, hot: bool) -> Finding:
    """A cut that leaves only the likeliest token must give the greedy text at any temperature."""
    if refused := _refused(name, calls):
        return refused
    if not hot:
        return Finding(name, None, said("It cannot be told, since temperature does not act."))
    equal = sum(call.texts[:1] == [greedy] for call in calls)
    return Finding(
        name,
        equal == len(calls),
        said("{equal} of {n} hot texts became the greedy one at its strongest setting.", equal=equal, n=len(calls)),
    )


def _penalty(name: str, calls: Sequence[_Call], told: str, *, steady: bool) -> Finding:
    """`calls`: a greedy text that repeats itself, without and with the penalty."""
    if refused := _refused(name, calls):
        return refused
    if not steady:
        return Finding(name, None, said("It cannot be told, since temperature 0 does not give the same text twice."))
    differ = calls[0].texts != calls[1].texts
    changed = said("{penalty} changed a text that repeats itself.", penalty=told)
    same = said("{penalty} did not change a text that repeats itself.", penalty=told)
    return Finding(name, differ, changed if differ else same)


def _presence(calls: Sequence[_Call], *, seeded: bool) -> Finding:
    """`calls`: drawn texts without and with the penalty, two by two from one seed."""
    name = "presence_penalty"
    if refused := _refused(name, calls):
        return refused
    if not seeded:
        return Finding(name, None, said("It cannot be told, since seed does not act."))
    pairs = list(zip(calls[::2], calls[1::2], strict=True))
    changed = sum(without.texts != penalised.texts for without, penalised in pairs)
    return Finding(
        name,
        changed > 0,
        said("A penalty of 2 changed {changed} of {n} texts that repeat themselves.", changed=changed, n=len(pairs)),
    )


def _logits(calls: Sequence[_Call], greedy: str) -> Finding:
    """Our processors run where a strategy acts and one that does not exist is refused in our own words."""
    sound, unknown = calls
    if refused := _refused("logits", [sound]):
        return refused
    if f"'{UNKNOWN}'" not in unknown.failed:
        return Finding(
            "logits", False, said("A strategy that does not exist was not refused, so our processors do not run.")
        )
    acts = sound.texts == [greedy]
    gave, not_gave = (
        said("Top-nσ with n 0 gave the greedy text."),
        said("Top-nσ with n 0 did not give the greedy text."),
    )
    return Finding("logits", acts, gave if acts else not_gave)
