"""Checks that a plugin author runs from their own tests, one function a family.

Each raises AssertionError with a sentence that says what is wrong. No test framework is needed; torch is
imported only where a decoding strategy is run.
"""

from __future__ import annotations

import importlib
import json
import math
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from leaderboard.contracts.params import InvalidInput, Params, parse_params
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.values import (
    BenchmarkData,
    Candidate,
    DecodingChoice,
    FinishReason,
    Generation,
    GenerationRequest,
    Message,
    ModelIdentity,
    Pair,
    Scorable,
    Scored,
    Verdict,
)

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CAPABILITIES = frozenset(value for key, value in vars(Capability).items() if key.isupper())
LONGEST_TITLE = 100
LONGEST_LABEL = 60
HEAVY = ("torch", "transformers", "django")
"""What importing a decoding strategy must not bring in: the web form lists it without them."""

SAMPLE_PAIRS = (
    Pair("one", "What is 2 + 2?", "2 + 2 = 4. So the answer is 4.", "So the answer is 5.", "4"),
    Pair("two", "What is 3 + 3?", "So the answer is 7.", "It is six, for 3 + 3 = 6. So the answer is 6.", "6"),
    Pair("three", "Name a colour.", "Red", "Green, which is the colour of grass.", ""),
)
SAMPLE_CASES = (
    ("What is 2 + 2?", "4", "So the answer is 4."),
    ("What is 2 + 2?", "4", "No idea."),
    ("What is 2 + 2?", "4", ""),
    ("Name a colour.", "", "Red \U0001f534\n\u2028"),
)

Given = Params | Mapping[str, Any] | None


def _expect(holds: bool, sentence: str) -> None:
    if not holds:
        raise AssertionError(sentence)


def check_plugin(cls: Any) -> None:
    """What all families share: name, version, title, and a `Params` that forms, APIs and fingerprints can use."""
    who = getattr(cls, "__name__", repr(cls))
    for attribute in ("name", "version", "title", "Params"):
        _expect(hasattr(cls, attribute), f"{who} lacks '{attribute}'.")
    _expect(isinstance(cls.name, str) and bool(SLUG.fullmatch(cls.name)), f"{who}.name must be like 'top-k'.")
    _expect(isinstance(cls.version, str) and bool(cls.version.strip()), f"{who}.version must be a text, like '1'.")
    title = cls.title
    plain = isinstance(title, str) and title.strip() == title and 0 < len(title) <= LONGEST_TITLE
    _expect(plain and title.isprintable(), f"{who}.title must be one plain line of at most {LONGEST_TITLE} characters.")
    _check_params_class(cls.Params, f"{who}.Params")


def check_registered(registry: Any, cls: Any) -> None:
    """That the installed entry point leads to `cls`; `registry` is one of `leaderboard.contracts.registry`."""
    found = registry.get(cls.name)
    _expect(found is cls, f"The {registry.family} entry point '{cls.name}' leads to {found!r}, not {cls!r}.")


def check_decoding(cls: Any, params: Given = None) -> None:
    """A decoding strategy: short label, known needs, and an `apply` that is pure and treats each row alone."""
    strategy, who = _build(cls, params)
    limit = getattr(strategy.params, "max_new_tokens", None) if hasattr(strategy, "params") else None
    _expect("max_new_tokens" in cls.Params.model_fields, f"{who}.Params needs the field max_new_tokens.")
    _expect(type(strategy.max_new_tokens) is int and strategy.max_new_tokens >= 1, f"{who}.max_new_tokens must be ≥ 1.")
    _expect(limit in (None, strategy.max_new_tokens), f"{who}.max_new_tokens must be the one in its params.")
    label = strategy.label
    short = isinstance(label, str) and 0 < len(label) <= LONGEST_LABEL and label.isprintable()
    _expect(short, f"{who}.label must be one line of 1 to {LONGEST_LABEL} characters, not {label!r}.")
    _expect(isinstance(strategy.samples, bool), f"{who}.samples must be True or False.")
    _check_capabilities(strategy.needs(), f"{who}.needs()")
    _check_request(strategy, who)
    _check_light_import(cls, who)
    _check_apply(strategy, who)


def check_judge(cls: Any, params: Given = None, pairs: Sequence[Pair] = SAMPLE_PAIRS, tolerance: float = 1e-6) -> None:
    """A judge: one verdict a pair, under its key, and the credit of side a whichever slot side a is in.

    `tolerance` in credit: raise it for a judge whose numbers move a little from call to call.
    """
    judge, who = _build(cls, params)
    _expect(isinstance(cls.both_orders, bool), f"{who}.both_orders must be True or False.")
    _expect(list(judge.judge([])) == [], f"{who} gives verdicts where no pair was given.")
    plain = _verdicts(judge, pairs, who)
    mirrored = _verdicts(judge, [_mirror(pair) for pair in pairs], who)
    swapped = _verdicts(judge, [replace(pair, swapped=not pair.swapped) for pair in pairs], who)
    for pair in pairs:
        here, there = plain[pair.key].credit_a, mirrored[pair.key].credit_a
        told = f"{who} gives side a {here} for pair {pair.key!r}, and {there} with a and b exchanged in the same slots"
        _expect(_adds_to_one(here, there, tolerance), f"{told}; the two must add up to 1. Does it heed `swapped`?")
        if not cls.both_orders and not hasattr(cls, "model_first"):
            other = swapped[pair.key].credit_a
            told = (
                f"{who}.both_orders is False, but pair {pair.key!r} gets {here} in one order and {other} in the other"
            )
            _expect(_adds_to_one(here, None if other is None else 1 - other, tolerance), f"{told}.")
    _check_ties(judge, pairs, who, tolerance)
    _check_texts(judge.provenance(), f"{who}.provenance()")


def check_generator(cls: Any, params: Given = None, decoding: DecodingChoice | None = None, exact: bool = True) -> None:
    """A generator: a pinned identity, every request once, and outputs that do not depend on the batch.

    `exact`: False for a server that does not promise the same output for the same request.
    """
    check_plugin(cls)
    _check_capabilities(cls.capabilities, f"{cls.__name__}.capabilities")
    _expect(bool(SLUG.fullmatch(cls.backend)), f"{cls.__name__}.backend must be like 'cuda', for it names a queue.")
    parsed = _params(cls, params)
    identity = cls.identity(parsed)
    _expect(isinstance(identity, ModelIdentity), f"{cls.__name__}.identity() must give a ModelIdentity.")
    _expect(bool(identity.source and identity.name), f"{cls.__name__}.identity() must name source and model.")
    generator, who = _build(cls, params)
    choice = decoding or DecodingChoice("greedy", {"max_new_tokens": 8})
    requests = [_request(f"r{i}", text, choice) for i, text in enumerate(("Hi.", "Tell me a story.", "What is 2 + 2?"))]
    _expect(list(generator.generate([])) == [], f"{who} makes outputs where none were asked for.")
    batch = _generations(generator, requests, who)
    if Capability.LOGPROBS in cls.capabilities:
        asking = replace(requests[0], top_logprobs=3)
        _check_logprobs(_generations(generator, [asking], who)[asking.key].first_logprobs, who)
    if exact:
        for request in requests:
            alone = _generations(generator, [request], who)[request.key]
            same = alone.text == batch[request.key].text
            _expect(same, f"{who} gives {request.key!r} another output alone than in a batch.")
    _check_texts(generator.provenance(), f"{who}.provenance()")


def check_metric(
    cls: Any, params: Given = None, cases: Iterable[tuple[str, str, str]] = SAMPLE_CASES, tolerance: float = 1e-4
) -> None:
    """A metric: a finite value, or None with a reason; the same again for the same output.

    `cases`: (prompt, reference, text). `tolerance`: between an output's value alone and among others.
    """
    metric, who = _build(cls, params)
    cases = list(cases)
    _check_selects(cls, metric, cases)
    if hasattr(metric, "score_many"):
        _check_many(metric, cases, who, tolerance)
    for prompt, reference, text in cases:
        scored, again = (metric.score(prompt=prompt, reference=reference, text=text) for _ in range(2))
        _expect(isinstance(scored, Scored), f"{who}.score() must give a Scored, not {scored!r}.")
        _expect(scored == again, f"{who} gives the output {text!r} two values: {scored!r} and {again!r}.")
        if scored.value is None:
            _expect(bool(scored.reason), f"{who} leaves the output {text!r} unscored without a reason.")
        else:
            _expect(math.isfinite(scored.value), f"{who} gives {scored.value}; use None with a reason instead.")


def _check_selects(cls: Any, metric: Any, cases: Sequence[tuple[str, str, str]]) -> None:
    selects = getattr(cls, "selects", False)
    _expect(isinstance(selects, bool), f"{cls.__name__}.selects must be True or False.")
    for prompt, reference, text in cases if selects else ():
        told, untold = (metric.score(prompt=prompt, reference=known, text=text) for known in (reference, ""))
        _expect(told == untold, f"{cls.__name__}.selects is True, but the score of {text!r} depends on the reference.")


def _check_many(metric: Any, cases: Sequence[tuple[str, str, str]], who: str, tolerance: float) -> None:
    _expect(list(metric.score_many([])) == [], f"{who} gives scores where no output was given.")
    many = metric.score_many([Scorable(*case) for case in cases])
    _expect(len(many) == len(cases), f"{who}.score_many() gives {len(many)} scores for {len(cases)} outputs.")
    for (prompt, reference, text), scored in zip(cases, many, strict=True):
        alone = metric.score(prompt=prompt, reference=reference, text=text)
        same = scored == alone
        if scored.value is not None and alone.value is not None:
            same = math.isclose(scored.value, alone.value, rel_tol=tolerance, abs_tol=tolerance)
        _expect(same, f"{who} gives the output {text!r} {scored!r} among others and {alone!r} alone.")


def check_selector(cls: Any, params: Given = None) -> None:
    """A selector: one choice a prompt, in order, a rating for each candidate, and the same choice the second time."""
    selector, who = _build(cls, params)
    _check_capabilities(cls.needs, f"{who}.needs")
    _expect(list(selector.choose([], [])) == [], f"{who} chooses where no prompt was given.")
    prompts = [prompt for prompt, _, _ in SAMPLE_CASES]
    texts = [text for _, _, text in SAMPLE_CASES]
    candidates = [
        [Candidate(text, len(text), -float(len(text))) for text in texts[place:]] for place in range(len(texts))
    ]
    chosen, again = (list(selector.choose(prompts, candidates)) for _ in range(2))
    _expect(len(chosen) == len(prompts), f"{who} gives {len(chosen)} choices for {len(prompts)} prompts.")
    _expect(chosen == again, f"{who} chooses otherwise the second time.")
    for made, own in zip(chosen, candidates, strict=True):
        _expect(len(made.ratings) == len(own), f"{who} gives {len(made.ratings)} ratings for {len(own)} candidates.")
        _expect(0 <= made.index < len(own), f"{who} chooses candidate {made.index} of {len(own)}.")
        known = [rating for rating in made.ratings if rating is not None]
        _expect(all(map(math.isfinite, known)), f"{who} rates with a number that is not finite; use None.")
        _check_json(made.evidence, f"{who}'s evidence")


def check_rater(cls: Any, params: Given, battles: Any) -> None:
    """A rater: every entrant once, sound intervals, and no difference between sides a and b.

    `battles`: a `leaderboard.ratings.battles.Battles`.
    """
    rater, who = _build(cls, params)
    before = [column.copy() for column in (battles.a, battles.b, battles.credit, battles.cluster)]
    table, again = rater.rate(battles), rater.rate(battles)
    after = (battles.a, battles.b, battles.credit, battles.cluster)
    _expect(all((x == y).all() for x, y in zip(before, after, strict=True)), f"{who} changes the arrays it is given.")
    names = sorted(rating.name for rating in table.ratings)
    _expect(names == sorted(battles.names), f"{who} must rate every entrant once; it gives {names}.")
    _expect(_values(table) == _values(again), f"{who} gives another rating the second time.")
    for rating in table.ratings:
        _check_rating(rating, who)
    turned = rater.rate(replace(battles, a=battles.b, b=battles.a, credit=1.0 - battles.credit))
    for name, value in _values(table).items():
        other = _values(turned)[name]
        same = value == other or (value is not None and other is not None and math.isclose(value, other, abs_tol=1e-3))
        _expect(same, f"{who} rates {name!r} {value}, and {other} with sides a and b exchanged.")


def check_loader(cls: Any, params: Given = None) -> None:
    """A benchmark loader: unique keys, texts that can be stored, the same every time."""
    loader, who = _build(cls, params)
    data = loader.load()
    _expect(isinstance(data, BenchmarkData), f"{who}.load() must give a BenchmarkData.")
    _expect(bool(data.name and data.version), f"{who} must give its data a name and a version.")
    _expect(len(data.items) > 0, f"{who} loads no items.")
    _expect(data == loader.load(), f"{who} loads something else the second time.")
    keys: set[str] = set()
    for item in data.items:
        _expect(bool(item.key) and item.key not in keys, f"{who} has the key {item.key!r} twice, or an empty key.")
        keys.add(item.key)
        _expect(bool(item.text.strip()), f"{who} has no text for item {item.key!r}.")
        texts = (item.key, item.text, item.reference, item.category)
        _expect(all(map(_storable, texts)), f"{who} has NUL or half a surrogate pair in item {item.key!r}.")


def _check_params_class(kind: Any, who: str) -> None:
    _expect(isinstance(kind, type) and issubclass(kind, Params), f"{who} must be a subclass of Params.")
    for option, wanted in (("frozen", True), ("extra", "forbid"), ("allow_inf_nan", False)):
        _expect(kind.model_config.get(option) == wanted, f"{who} must keep the setting {option}={wanted!r}.")
    for name, field in kind.model_fields.items():
        told = not field.is_required() or bool(field.description)
        _expect(told, f"{who}.{name} needs a default or a description, for people meet it in a form.")
    try:
        schema = kind.model_json_schema()
    except Exception as problem:
        reason = str(problem).splitlines()[0]
        raise AssertionError(f"{who} has no JSON schema, so no form can be made: {reason}.") from problem
    _check_json(schema, f"{who}.model_json_schema()")
    if not any(field.is_required() for field in kind.model_fields.values()):
        _check_round_trip(kind(), who)


def _check_round_trip(params: Params, who: str) -> None:
    try:
        stored = _check_json(params.canonical(), f"{who}.canonical()")
        again = parse_params(type(params), stored)
    except (ValueError, InvalidInput) as problem:  # pydantic's own errors are ValueErrors
        raise AssertionError(f"{who} cannot be stored and read back: {problem}.") from problem
    _expect(again == params, f"{who} does not come back the same from canonical(): {stored}.")
    _expect(again.canonical() == stored, f"{who}.canonical() differs after a round trip: {stored}.")


def _params(cls: Any, given: Given) -> Params:
    return given if isinstance(given, Params) else parse_params(cls.Params, given or {})


def _build(cls: Any, given: Given) -> tuple[Any, str]:
    """The plugin, and what to call it. Raises AssertionError where the class is unfit before it is built."""
    check_plugin(cls)
    params = _params(cls, given)
    _check_round_trip(params, f"{cls.__name__}.Params")
    return cls(params), cls.__name__


def _check_json(value: Any, who: str) -> Any:
    """`value` as it comes back from JSON."""
    try:
        return json.loads(json.dumps(dict(value), allow_nan=False))
    except (TypeError, ValueError) as problem:
        raise AssertionError(f"{who} must be plain JSON without NaN: {problem}.") from problem


def _check_texts(value: Any, who: str) -> None:
    texts = isinstance(value, Mapping) and all(isinstance(part, str) for pair in value.items() for part in pair)
    _expect(texts, f"{who} must map text to text, not {value!r}.")


def _check_capabilities(value: Any, who: str) -> None:
    _expect(isinstance(value, frozenset), f"{who} must be a frozenset.")
    unknown = ", ".join(sorted(value - CAPABILITIES))
    _expect(not unknown, f"{who} has names that are no Capability: {unknown}.")


def _check_request(strategy: Any, who: str) -> None:
    try:
        _check_json(strategy.request_fields(), f"{who}.request_fields()")
    except ValueError as reason:
        told = f"{who}.request_fields() raises ValueError"
        _expect(Capability.LOOP in strategy.needs(), f"{told}, so needs() must have LOOP; it says: {reason}")
        _expect(str(reason).strip().endswith("."), f"{told} and must say why in a sentence, not {str(reason)!r}.")


def _check_light_import(cls: Any, who: str) -> None:
    script = f"import sys, {cls.__module__}; print(*[name for name in {HEAVY} if name in sys.modules])"
    child = subprocess.run(  # noqa: S603 our own interpreter, and a module name that was imported before
        [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{script}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    _expect(child.returncode == 0, f"{cls.__module__} cannot be imported on its own: {child.stderr.strip()[-300:]}")
    _expect(not child.stdout.strip(), f"Importing {who} imports {child.stdout.strip()}; import it where it runs.")


@dataclass(frozen=True)
class _History:
    """The same fields as `workers.decoding.History`, which contracts may not import, and those of its extensions."""

    ids: Any
    known: Any
    prompt_length: Any
    step: Any
    surprise: Any
    early: Any
    without: Any

    def rows(self, places: Any) -> _History:
        return _History(*(getattr(self, field.name)[places] for field in fields(self)))


def _check_apply(strategy: Any, who: str) -> None:
    torch: Any = importlib.import_module("torch")
    noise = torch.Generator().manual_seed(5)
    logits = torch.randn(4, 32, generator=noise) * 3
    logits[1, 3:9] = float("-inf")
    ids = torch.randint(0, 32, (4, 6), generator=noise)
    known = torch.arange(6)[None, :] >= torch.tensor([0, 2, 1, 4])[:, None]
    steps, surprise = torch.ones(4, dtype=torch.int64), torch.rand(4, generator=noise) * 8
    early, without = torch.randn(4, 2, 32, generator=noise), torch.randn(4, 32, generator=noise)
    history = _History(ids, known, known.sum(-1) - 1, steps, surprise, early, without)
    given, state = logits.clone(), torch.get_rng_state()
    out = strategy.apply(logits, history)
    _expect(torch.equal(logits, given), f"{who}.apply() changes the logits it is given; work on a copy.")
    _expect(torch.equal(torch.get_rng_state(), state), f"{who}.apply() draws random numbers; the engine adds noise.")
    _expect(out.shape == logits.shape and out.is_floating_point(), f"{who}.apply() must keep shape and be of floats.")
    _expect(not bool((torch.isnan(out) | torch.isposinf(out)).any()), f"{who}.apply() gives NaN or infinity.")
    _expect(bool(torch.isfinite(out).any(-1).all()), f"{who}.apply() forbids every token of a row.")
    _expect(bool(torch.isneginf(out[torch.isneginf(given)]).all()), f"{who}.apply() allows a forbidden token again.")
    _expect(torch.equal(out, strategy.apply(logits, history)), f"{who}.apply() gives something else the second time.")
    for row in range(len(logits)):
        alone = strategy.apply(logits[row : row + 1], history.rows(slice(row, row + 1)))
        same = torch.allclose(alone[0], out[row], rtol=1e-5, atol=1e-6)
        _expect(same, f"{who}.apply() gives a row other logits alone than in a batch; rows must not meet.")


def _mirror(pair: Pair) -> Pair:
    """The same texts in the same slots, with the names a and b exchanged."""
    return replace(pair, answer_a=pair.answer_b, answer_b=pair.answer_a, swapped=not pair.swapped)


def _adds_to_one(here: float | None, there: float | None, tolerance: float) -> bool:
    if here is None or there is None:
        return here is there
    return abs(here + there - 1.0) <= tolerance


def _verdicts(judge: Any, pairs: Sequence[Pair], who: str) -> dict[str, Verdict]:
    made = list(judge.judge(pairs))
    _expect(all(isinstance(v, Verdict) for v in made), f"{who}.judge() must yield Verdicts.")
    asked, told = sorted(pair.key for pair in pairs), sorted(verdict.key for verdict in made)
    _expect(asked == told, f"{who} must give one verdict a pair: asked for {asked}, got {told}.")
    for verdict in made:
        _check_json(verdict.evidence, f"{who}: the evidence of verdict {verdict.key!r}")
    return {verdict.key: verdict for verdict in made}


def _check_ties(judge: Any, pairs: Sequence[Pair], who: str, tolerance: float) -> None:
    same = [replace(pair, answer_b=pair.answer_a) for pair in pairs]
    one = _verdicts(judge, same, who)
    other = _verdicts(judge, [replace(pair, swapped=not pair.swapped) for pair in same], who)
    for key, verdict in one.items():
        tie = _adds_to_one(verdict.credit_a, other[key].credit_a, tolerance)
        _expect(tie, f"{who} prefers one of two identical answers (pair {key!r}), over both orders; that is a tie.")


def _request(key: str, text: str, choice: DecodingChoice) -> GenerationRequest:
    return GenerationRequest(key, (Message("user", text),), choice, noise_key=f"conformance {key}")


def _generations(generator: Any, requests: Sequence[GenerationRequest], who: str) -> dict[str, Generation]:
    made = list(generator.generate(requests))
    _expect(all(isinstance(g, Generation) for g in made), f"{who}.generate() must yield Generations.")
    asked, told = sorted(request.key for request in requests), sorted(generation.key for generation in made)
    _expect(asked == told, f"{who} must make every output once: asked for {asked}, got {told}.")
    for one in made:
        sound = min(one.prompt_tokens, one.output_tokens, one.seconds) >= 0 and isinstance(
            one.finish_reason, FinishReason
        )
        _expect(sound, f"{who}: output {one.key!r} has a negative count or no FinishReason.")
        _expect(_storable(one.text), f"{who}: output {one.key!r} holds NUL or half a surrogate pair.")
    return {generation.key: generation for generation in made}


def _check_logprobs(table: Any, who: str) -> None:
    _expect(bool(table), f"{who} says it gives log-probabilities and gives none.")
    values = [value for _, value in table]
    _expect(len(table) <= 3, f"{who} gives {len(table)} log-probabilities where 3 were asked for.")
    _expect(values == sorted(values, reverse=True), f"{who} must give log-probabilities best first: {values}.")
    _expect(all(value <= 1e-6 for value in values), f"{who} gives log-probabilities above 0: {values}.")


def _values(table: Any) -> dict[str, float | None]:
    return {rating.name: rating.value for rating in table.ratings}


def _check_rating(rating: Any, who: str) -> None:
    if rating.value is None:
        _expect(bool(rating.note), f"{who} gives {rating.name!r} no value and no note that says why.")
        return
    numbers = [number for number in (rating.low, rating.value, rating.high) if number is not None]
    _expect(all(map(math.isfinite, numbers)), f"{who} gives {rating.name!r} a number that is not finite.")
    _expect(numbers == sorted(numbers), f"{who}: the value of {rating.name!r} lies outside its own interval.")


def _storable(text: str) -> bool:
    return "\x00" not in text and not re.search(r"[\ud800-\udfff]", text)
