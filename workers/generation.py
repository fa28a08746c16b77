"""Makes the outputs of one job and stores them as they come."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from leaderboard.contracts import registry
from leaderboard.contracts.values import DecodingChoice, Generation, GenerationRequest, Message
from leaderboard.models import Entry, Job, Output, Prompt, Submission
from leaderboard.queries.turns import Talks
from leaderboard.services import budgets, facts, renderings
from workers.decoding.evidence import with_evidence
from workers.making_account import MakingAccount
from workers.runtime import Lease, generator_for

FLUSH_SECONDS = 1.0


@dataclass(frozen=True)
class Place:
    """An output to be made: whose, to what, and from which seed. `owner` asked for it and pays."""

    owner: Submission
    entry: Entry
    prompt_id: int
    sample: int
    seed: int

    @property
    def key(self) -> str:
        """Names it among all outputs."""
        return f"{self.entry.pk}:{self.prompt_id}:{self.sample}"


def generate(lease: Lease) -> None:
    """Each output is stored within about a second of being made; a kill loses only what is in flight.

    A job names the entries and is for one model. An entry is that of the candidates where the submission's own shows
    one of several; a job of a sweep has parts for several submissions, of which cancelled ones are passed over.
    Raises OverBudget where a cap leaves some of them out.
    """
    todo = _missing(_places(lease.job))
    if not todo:
        return
    making = _Making(lease, todo)
    over: list[budgets.OverBudget] = []
    for keys in making.account.apart({key: place.owner for key, place in todo.items()}):
        try:
            making.all_of(keys)
        except budgets.OverBudget as problem:  # another owner may still have something to spend
            over.append(problem)
    if over:
        raise over[0]
    lost = _missing(todo.values())
    if lost:
        raise RuntimeError(f"{len(lost)} of {len(todo)} outputs were not made or could not be stored.")


class _Making:
    """One job's outputs in the making."""

    def __init__(self, lease: Lease, todo: Mapping[str, Place]) -> None:
        self.lease, self.todo = lease, todo
        wanted = {place.prompt_id for place in todo.values()}
        self.prompts = Prompt.objects.select_related("benchmark").in_bulk(wanted)
        self.talks = Talks((self.prompts[one.prompt_id], one.entry.pk, one.sample) for one in todo.values())
        self.model = next(iter(todo.values())).entry.model
        self.generator = generator_for(self.model)
        owners = {place.owner.pk: place.owner for place in todo.values()}
        self.account = MakingAccount(lease.job, self.model, owners.values())

    def all_of(self, keys: list[str]) -> None:
        """As many at once as the budgets allow. Raises OverBudget where they allow no more."""
        requests = [self._request(self.todo[key]) for key in keys]
        while requests:
            fit = self.account.hold(requests, self.todo[requests[0].key].owner)
            self._run(requests[:fit])
            requests = requests[fit:]

    def _request(self, place: Place) -> GenerationRequest:
        prompt = self.prompts[place.prompt_id]
        return request_of(place, prompt, self.talks.messages(prompt, place.entry.pk, place.sample))

    def _run(self, requests: list[GenerationRequest]) -> None:
        provenance: dict[str, str] = {}
        waiting: dict[str, Output] = {}
        flushed = time.monotonic()
        for made in self.generator.generate(requests):
            if not waiting:  # what the run took so far is told anew each time that outputs are stored
                provenance = {"generator": self.model.generator, **self.generator.provenance()}
            waiting[made.key] = self._row(made, provenance)
            if time.monotonic() - flushed > FLUSH_SECONDS:
                self._store(waiting)
                waiting, flushed = {}, time.monotonic()
                self.lease.check()
        self._store(waiting)

    def _row(self, made: Generation, provenance: Mapping[str, str]) -> Output:
        place = self.todo[made.key]
        own: dict[str, Any] = {"entry": place.entry, "sample": place.sample, "seed": place.seed}
        prompt = self.prompts[place.prompt_id]
        last = self.talks.answer(prompt, place.entry.pk, place.sample)
        told = {"follows": {"output": last.pk, "ended": last.finish_reason}} if last else {}
        row = facts.output_row(made, prompt=prompt, provenance={**provenance, **told}, **own)
        self.account.price(row)
        return row

    def _store(self, made: Mapping[str, Output]) -> None:
        """What outputs took is counted where they are stored."""
        if not made:
            return
        with transaction.atomic():
            facts.add_outputs(list(made.values()))
            self.account.settle([(key, self.todo[key].owner, output) for key, output in made.items()])
        renderings.prepare(list(made.values()))


def _places(job: Job) -> list[Place]:
    """Every output that the job is for, of submissions that still want theirs."""
    parts = job.payload.get("parts") or [{**job.payload, "submission": str(job.submission_id)}]
    owners = {
        str(submission.pk): submission
        for submission in Submission.objects.filter(pk__in=[part["submission"] for part in parts])
        .exclude(state=Submission.State.CANCELLED)
        .select_related("entry__decoding")
    }
    wanted = [(owners[part["submission"]], part) for part in parts if part["submission"] in owners]
    pks = {part.get("entry", submission.entry_id) for submission, part in wanted}
    entries = Entry.objects.with_parts().in_bulk(pks)
    return [
        place
        for submission, part in wanted
        for place in _of_part(submission, entries[part.get("entry", submission.entry_id)], part["items"])
    ]


def _of_part(submission: Submission, entry: Entry, items: Iterable[tuple[int, int]]) -> list[Place]:
    each = submission.entry.decoding.candidates
    return [Place(submission, entry, prompt, sample, submission.seed_of(sample, each)) for prompt, sample in items]


def _missing(places: Iterable[Place]) -> Mapping[str, Place]:
    """Those without an output, by key: one that two submissions want is there once."""
    wanted = {place.key: place for place in places}
    entries, prompts = ({getattr(place, name) for place in wanted.values()} for name in ("entry", "prompt_id"))
    stored = Output.objects.filter(entry__in=entries, prompt__in=prompts)
    known = {f"{entry}:{prompt}:{sample}" for entry, prompt, sample in stored.values_list("entry", "prompt", "sample")}
    return {key: place for key, place in wanted.items() if key not in known}


def request_of(place: Any, prompt: Prompt, earlier: Sequence[Message] = ()) -> GenerationRequest:
    """What is asked for an output, after the turns before it; `place` has entry, key, sample and seed, as `Place`."""
    entry = place.entry
    system = [Message("system", entry.template.system)] if entry.template.system else []
    messages = (*system, *earlier, Message("user", prompt.text))
    # A strategy with contexts reads the marks of the evidence itself; no model ever sees them.
    marked = hasattr(registry.decoding.get(entry.decoding.strategy), "contexts")
    return GenerationRequest(
        key=place.key,
        messages=messages if marked else with_evidence(messages),
        decoding=DecodingChoice(entry.decoding.strategy, entry.decoding.params),
        noise_key=f"{prompt.benchmark.name}:{prompt.benchmark.version}:{prompt.key}",
        sample=place.sample,
        seed=place.seed,
    )
