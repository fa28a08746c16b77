"""Makes the outputs of one job and stores them as they come."""

from __future__ import annotations

import time

from leaderboard.contracts.values import DecodingChoice, GenerationRequest, Message
from leaderboard.models import Entry, Output, Prompt
from leaderboard.services import facts
from workers.runtime import Lease, generator_for

FLUSH_SECONDS = 1.0


def generate(lease: Lease) -> None:
    """Each output is stored within about a second of being made; a kill loses only what is in flight."""
    submission = lease.job.submission
    assert submission is not None
    entry = Entry.objects.with_parts().get(pk=submission.entry_id)
    todo = _missing(entry, lease.job.payload["items"])
    if not todo:
        return
    prompts = Prompt.objects.select_related("benchmark").in_bulk({prompt for prompt, _ in todo})
    places = {f"{prompt}:{sample}": (prompts[prompt], sample) for prompt, sample in todo}
    generator = generator_for(entry.model)
    provenance: dict[str, str] = {}
    requests = [_request(entry, key, prompt, sample, submission.seed) for key, (prompt, sample) in places.items()]
    waiting: list[Output] = []
    flushed = time.monotonic()
    for made in generator.generate(requests):
        prompt, sample = places[made.key]
        if not waiting:  # what the run took so far is told anew each time that outputs are stored
            provenance = {"generator": entry.model.generator, **generator.provenance()}
        waiting.append(
            facts.output_row(
                made, entry=entry, prompt=prompt, sample=sample, seed=submission.seed, provenance=provenance
            )
        )
        if time.monotonic() - flushed > FLUSH_SECONDS:
            facts.add_outputs(waiting)
            waiting, flushed = [], time.monotonic()
            lease.check()
    facts.add_outputs(waiting)
    lost = _missing(entry, lease.job.payload["items"])
    if lost:
        raise RuntimeError(f"{len(lost)} of {len(todo)} outputs were not made or could not be stored.")


def _missing(entry: Entry, items: list[list[int]]) -> list[tuple[int, int]]:
    stored = set(
        Output.objects.filter(entry=entry, prompt__in={prompt for prompt, _ in items}).values_list(
            "prompt_id", "sample"
        )
    )
    return [(prompt, sample) for prompt, sample in items if (prompt, sample) not in stored]


def _request(entry: Entry, key: str, prompt: Prompt, sample: int, seed: int) -> GenerationRequest:
    system = [Message("system", entry.template.system)] if entry.template.system else []
    return GenerationRequest(
        key=key,
        messages=(*system, Message("user", prompt.text)),
        decoding=DecodingChoice(entry.decoding.strategy, entry.decoding.params),
        noise_key=f"{prompt.benchmark.name}:{prompt.benchmark.version}:{prompt.key}",
        sample=sample,
        seed=seed,
    )
