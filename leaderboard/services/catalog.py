"""Writes models, decoding configurations, templates, entries, benchmarks, judges and metrics.

Everything here is content-addressed: asking twice gives the same row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.db import transaction
from django.db.models import Max

from leaderboard.contracts import registry
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.values import BenchmarkData, BenchmarkItem, ModelIdentity
from leaderboard.models import (
    Benchmark,
    DecodingConfig,
    Entry,
    Judge,
    LanguageModel,
    Metric,
    Prompt,
    PromptTemplate,
)
from leaderboard.services.text import storable

PLAIN_TEMPLATE = "plain"
SLUG_LENGTH = 150
FIELDS = ("key", "text", "reference", "category", "earlier", "checklist")
"""Of a prompt, in the order in which its benchmark's digest has them; the key of the prompt that it follows is last."""


def language_model(*, generator: str, params: Mapping[str, Any]) -> LanguageModel:
    """The model that `params` name. Raises InvalidInput below ("generator",) or ("model", …)."""
    kind = registry.generators.choose(generator, "generator")
    parsed = registry.generators.parse(generator, params, "model")
    try:
        identity = kind.identity(parsed)
    except InvalidInput as problem:
        raise InvalidInput(*(error.under("model") for error in problem.errors)) from None
    return named_model(generator=generator, identity=identity, params=parsed.canonical())


def named_model(*, generator: str, identity: ModelIdentity, params: Mapping[str, Any]) -> LanguageModel:
    """The row for a pinned identity; an existing row takes the newest settings, such as another key or batch size.

    What decides an output belongs to the identity, so settings that differ make no other output.
    """
    own = {"source": identity.source, "name": identity.name, "revision": identity.revision}
    told = {"generator": generator, "params": dict(params)}
    row, made = LanguageModel.objects.get_or_create(**own, defaults=told)
    if not made and (row.generator, row.params) != (generator, told["params"]):
        LanguageModel.objects.filter(pk=row.pk).update(**told)
        row.generator, row.params = generator, dict(params)
    return row


def decoding_config(*, strategy: str, params: Mapping[str, Any]) -> DecodingConfig:
    """The decoding configuration. Raises InvalidInput below ("strategy",) or ("decoding", …)."""
    kind = registry.decoding.choose(strategy, "strategy")
    parsed = registry.decoding.parse(strategy, params, "decoding")
    built: Any = kind(parsed)
    inner = getattr(built, "pool", None)
    pool = decoding_config(strategy=inner.strategy, params=inner.params) if inner else None
    row, _ = DecodingConfig.objects.get_or_create(
        fingerprint=registry.decoding.fingerprint(strategy, parsed),
        defaults={
            "strategy": strategy,
            "version": kind.version,
            "params": parsed.canonical(),
            "label": built.label,
            "samples": built.samples,
            "pool": pool,
            "candidates": built.n if inner else 1,
        },
    )
    return row


def unknown_decoding(label: str = "as published") -> DecodingConfig:
    """The configuration of imported outputs whose decoding nobody recorded."""
    row, _ = DecodingConfig.objects.get_or_create(
        fingerprint=fingerprint("decoding", "unknown", label),
        defaults={"strategy": "unknown", "version": "", "params": {}, "label": label, "samples": False},
    )
    return row


def prompt_template(*, system: str = "", name: str = "") -> PromptTemplate:
    """The template with this system text."""
    system = storable(system)
    row, _ = PromptTemplate.objects.get_or_create(
        fingerprint=fingerprint("template", "chat", system),
        defaults={"name": name or (PLAIN_TEMPLATE if not system else system[:40]), "system": system},
    )
    return row


def entry(*, model: LanguageModel, decoding: DecodingConfig, template: PromptTemplate) -> Entry:
    """The entry of these three parts, and that of its candidates where it is one of several."""
    if decoding.pool is not None:
        entry(model=model, decoding=decoding.pool, template=template)
    digest = fingerprint(
        "entry", [model.source, model.name, model.revision], decoding.fingerprint, template.fingerprint
    )
    row, _ = Entry.objects.get_or_create(
        model=model,
        decoding=decoding,
        template=template,
        defaults={"fingerprint": digest, "slug": _entry_slug(model, decoding, template, digest)},
    )
    return row


def _entry_slug(model: LanguageModel, decoding: DecodingConfig, template: PromptTemplate, digest: str) -> str:
    """A readable address: the bare name if it is free, else with the first digits of the digest."""
    parts = [model.name.split("/")[-1]]
    if decoding.strategy != "unknown":
        parts.append(decoding.label.replace("·", " ").replace(".", "_"))
    if template.system:
        parts.append(template.name)
    words = re.sub(r"[^A-Za-z0-9_]+", "-", " ".join(parts)).strip("-")[: SLUG_LENGTH - 10]
    return f"{words}-{digest[:8]}" if not words or Entry.objects.filter(slug=words).exists() else words


def benchmark(data: BenchmarkData) -> Benchmark:
    """Store a benchmark once. Raises InvalidInput where the name and version exist with other data, or turns that
    follow others are out of order.
    """
    _check_turns(data.items)
    items = [_item(item) for item in data.items]
    digest = fingerprint("benchmark", items)
    with transaction.atomic():
        row, made = Benchmark.objects.get_or_create(
            name=data.name, version=data.version, defaults={"digest": digest, "description": data.description}
        )
        if not made and row.digest != digest:
            message = f"'{data.name}' {data.version} is stored with other prompts. Give the new data another version."
            raise InvalidInput(FieldError(("version",), message))
        if made:
            _add_prompts(row, data.items, items)
    return row


def _check_turns(items: Sequence[BenchmarkItem]) -> None:
    known: set[str] = set()
    for item in items:
        if item.follows and (item.follows not in known or item.earlier):
            message = f"'{item.key[:60]}' must follow an item before it, and have no earlier turns of its own."
            raise InvalidInput(FieldError(("items", item.key, "follows"), message))
        known.add(item.key)


def _add_prompts(benchmark: Benchmark, items: Sequence[BenchmarkItem], fields: Sequence[Sequence[Any]]) -> None:
    rows = [
        Prompt(benchmark=benchmark, position=place, **dict(zip(FIELDS, item, strict=False)))
        for place, item in enumerate(fields)
    ]
    Prompt.objects.bulk_create(rows)
    known, later = {row.key: row for row in rows}, []
    for row, item in zip(rows, items, strict=True):
        if item.follows:
            row.follows = known[item.follows]
            later.append(row)
    Prompt.objects.bulk_update(later, ["follows"], batch_size=500)


def live_benchmark(name: str) -> Benchmark:
    """A set of prompts that voters add to. What is in it is told by its prompts' keys, not by its digest."""
    return Benchmark.objects.create(
        name=name,
        version="live",
        digest=fingerprint("benchmark", "live", name),
        description="Prompts that voters wrote, in the order in which they came.",
        live=True,
    )


def append(benchmark: Benchmark, *, key: str, text: str) -> Prompt:
    """Add a prompt to a live set; any other is frozen. Raises ValueError there."""
    if not benchmark.live:
        raise ValueError(f"{benchmark} is frozen and takes no more prompts.")
    last = benchmark.prompts.aggregate(last=Max("position"))["last"]
    place = 0 if last is None else last + 1
    return Prompt.objects.create(benchmark=benchmark, key=key, position=place, text=storable(text))


def _item(item: BenchmarkItem) -> list[Any]:
    """An item's fields in the order of FIELDS; one without turns and checklist has only those before them.

    So a benchmark keeps the digest that it had before there were turns.
    """
    own: list[Any] = [item.key, storable(item.text), storable(item.reference), item.category]
    if item.earlier or item.checklist or item.follows:
        own.append([{"role": turn.role, "content": storable(turn.content)} for turn in item.earlier])
        own.append(list(map(storable, item.checklist)))
    return [*own, item.follows] if item.follows else own


def judge(*, plugin: str, params: Mapping[str, Any], name: str = "") -> Judge:
    """The configured judge. Raises InvalidInput below ("judge",) or ("params", …)."""
    kind = registry.judges.choose(plugin, "judge")
    parsed = registry.judges.parse(plugin, params, "params")
    digest = registry.judges.fingerprint(plugin, parsed)
    row, _ = Judge.objects.get_or_create(
        fingerprint=digest,
        defaults={
            "name": _free_name(Judge, name or plugin, digest),
            "plugin": plugin,
            "version": kind.version,
            "params": parsed.canonical(),
            "both_orders": kind.both_orders,
        },
    )
    return row


def imported_judge(*, name: str) -> Judge:
    """A judge whose verdicts came from a file; it cannot be run here."""
    row, _ = Judge.objects.get_or_create(
        fingerprint=fingerprint("judges", "imported", name),
        defaults={"name": _free_name(Judge, name, fingerprint(name)), "plugin": "imported", "version": ""},
    )
    return row


def imported_metric(*, name: str) -> Metric:
    """A metric whose values came from a file; it cannot be run here."""
    row, _ = Metric.objects.get_or_create(
        fingerprint=fingerprint("metrics", "imported", name),
        defaults={"name": _free_name(Metric, name, fingerprint(name)), "plugin": "imported", "version": ""},
    )
    return row


def metric(*, plugin: str, params: Mapping[str, Any]) -> Metric:
    """The configured metric."""
    kind = registry.metrics.choose(plugin, "metric")
    parsed = registry.metrics.parse(plugin, params, "params")
    digest = registry.metrics.fingerprint(plugin, parsed)
    row, _ = Metric.objects.get_or_create(
        fingerprint=digest,
        defaults={
            "name": _free_name(Metric, plugin, digest),
            "plugin": plugin,
            "version": kind.version,
            "params": parsed.canonical(),
        },
    )
    return row


def _free_name(kind: Any, name: str, digest: str) -> str:
    taken = cast(bool, kind.objects.filter(name=name).exists())
    return f"{name}-{digest[:8]}" if taken else name
