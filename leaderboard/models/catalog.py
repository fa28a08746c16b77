"""What is compared and on what: models, decoding, prompt templates, entries, benchmarks, prompts."""

from __future__ import annotations

from django.db import models


class LanguageModel(models.Model):
    """Weights or endpoint at a pinned revision. `generator` and `params` re-create it."""

    generator = models.CharField(max_length=60)
    source = models.CharField(max_length=300)
    name = models.CharField(max_length=200)
    revision = models.CharField(max_length=100, blank=True)
    params = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "name", "revision"], name="one_model_a_revision")]

    def __str__(self) -> str:
        return self.name


class DecodingConfig(models.Model):
    """A decoding strategy with its settings, content-addressed.

    Where one of several candidates is shown, `pool` is how each is decoded and `candidates` how many there are.
    """

    strategy = models.CharField(max_length=60)
    version = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    label = models.CharField(max_length=120)
    samples = models.BooleanField()
    pool = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="best_of")
    candidates = models.PositiveIntegerField(default=1)
    fingerprint = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.label


class PromptTemplate(models.Model):
    """How a prompt is put to a model, content-addressed. An empty system text means none is sent."""

    name = models.CharField(max_length=80)
    system = models.TextField(blank=True)
    fingerprint = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.name


class EntryQuerySet(models.QuerySet["Entry"]):
    """Filters over entries."""

    def with_parts(self) -> EntryQuerySet:
        """Fetch what an entry's name shows, in the same query."""
        return self.select_related("model", "decoding", "template")


class Entry(models.Model):
    """Language model, decoding and prompt template together: what is ranked."""

    model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="entries")
    decoding = models.ForeignKey(DecodingConfig, on_delete=models.PROTECT, related_name="entries")
    template = models.ForeignKey(PromptTemplate, on_delete=models.PROTECT, related_name="entries")
    slug = models.SlugField(max_length=160, unique=True)
    fingerprint = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "decoding", "template"], name="one_entry_a_combination")
        ]

    def __str__(self) -> str:
        return f"{self.model} · {self.decoding}"

    def pool(self) -> Entry:
        """The entry whose outputs are generated for this one: itself, or that of its candidates."""
        if self.decoding.pool_id is None:
            return self
        parts = {"model_id": self.model_id, "template_id": self.template_id, "decoding_id": self.decoding.pool_id}
        return Entry.objects.with_parts().get(**parts)


class Benchmark(models.Model):
    """A frozen, versioned set of prompts; `digest` is over its data, since a name is never enough.

    A `live` one is the exception: its prompts come one by one from people who vote, and its digest is over its name.
    """

    name = models.CharField(max_length=80)
    version = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    description = models.TextField(blank=True)
    live = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="one_benchmark_a_version")]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Prompt(models.Model):
    """One item of a benchmark. `position` keeps the order of the source.

    `earlier`: turns before the text, each with `role` and `content`, the same for every entry. `follows`: the prompt of
    the turn before, which an entry is asked again with its own answer to it; such a prompt has no `earlier`.
    `checklist`: what a good answer does, for judges.
    """

    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="prompts")
    key = models.CharField(max_length=120)
    position = models.PositiveIntegerField()
    text = models.TextField()
    reference = models.TextField(blank=True)
    category = models.CharField(max_length=80, blank=True)
    earlier = models.JSONField(default=list, blank=True)
    follows = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="next_turns")
    checklist = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["benchmark", "key"], name="one_prompt_a_key")]
        ordering = ["position"]

    def __str__(self) -> str:
        return self.text[:60]
