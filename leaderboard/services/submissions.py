"""Takes, cancels and retries submissions; the only door for web, API and command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction

from leaderboard.contracts import registry
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.protocols import Capability
from leaderboard.models import Board, DecodingConfig, Entry, LanguageModel, Output, Submission, User
from leaderboard.services import catalog, jobs
from leaderboard.services.jobs import NewJob

MAX_SAMPLES = 64


@dataclass(frozen=True)
class Request:
    """What a user asks for. `model` and `decoding` are the settings of the two plugins named."""

    board: str
    generator: str
    model: Mapping[str, Any]
    strategy: str
    decoding: Mapping[str, Any] = field(default_factory=dict)
    system: str = ""
    samples: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Estimate:
    """The work that a request asks for, before it starts; tokens and comparisons are upper bounds."""

    prompts: int
    outputs: int
    output_tokens: int
    comparisons: int
    judgments: int


class Conflict(Exception):
    """An idempotency key came back with another request, or a state does not allow the step."""


def check(request: Request) -> tuple[Board, Estimate]:
    """Everything that can be told without writing. Raises InvalidInput with every fault found."""
    faults: list[FieldError] = []
    board = Board.objects.filter(slug=request.board, open_to_submissions=True).select_related("benchmark").first()
    if board is None:
        open_boards = ", ".join(Board.objects.filter(open_to_submissions=True).values_list("slug", flat=True)) or "none"
        faults.append(FieldError(("board",), f"No open board is called '{request.board}'. Open boards: {open_boards}."))
    faults += _count_faults(request)
    faults += _plugin_faults(request)
    if faults or board is None:
        raise InvalidInput(*faults)
    return board, estimate(board, request)


def _count_faults(request: Request) -> list[FieldError]:
    faults = []
    if not 1 <= request.samples <= MAX_SAMPLES:
        faults.append(FieldError(("samples",), f"Choose between 1 and {MAX_SAMPLES} samples for each prompt."))
    if not 0 <= request.seed < 2**63:
        faults.append(FieldError(("seed",), "Choose a seed between 0 and 2^63 - 1."))
    if len(request.system) > 8_000:
        faults.append(FieldError(("system",), "The system text may have 8,000 characters at most."))
    return faults


def _plugin_faults(request: Request) -> list[FieldError]:
    faults: list[FieldError] = []
    for step in (_check_model, _check_decoding, _check_fit):
        try:
            step(request)
        except InvalidInput as problem:
            faults += [error for error in problem.errors if error not in faults]
    return faults


def _check_model(request: Request) -> None:
    kind = registry.generators.choose(request.generator, "generator")
    parsed = registry.generators.parse(request.generator, request.model, "model")
    try:
        kind.identity(parsed)
    except InvalidInput as problem:
        raise InvalidInput(*(error.under("model") for error in problem.errors)) from None


def _check_decoding(request: Request) -> None:
    registry.decoding.choose(request.strategy, "strategy")
    registry.decoding.parse(request.strategy, request.decoding, "decoding")


def _check_fit(request: Request) -> None:
    """A backend must not silently ignore what the strategy needs; one that sees logits runs any strategy."""
    generator = registry.generators.choose(request.generator, "generator")
    kind = registry.decoding.choose(request.strategy, "strategy")
    strategy = kind(registry.decoding.parse(request.strategy, request.decoding, "decoding"))
    parsed: Any = registry.generators.parse(request.generator, request.model, "model")
    offered = generator.capabilities | frozenset(getattr(parsed, "extra_capabilities", ()))
    lacking = sorted(strategy.needs() - offered) if Capability.LOGITS not in offered else []
    if lacking:
        message = f"The backend '{request.generator}' would ignore {', '.join(lacking)}. Choose another strategy."
        raise InvalidInput(FieldError(("strategy",), message))
    if request.samples > 1 and not strategy.samples:
        message = f"'{strategy.label}' gives the same output each time; ask for 1 sample."
        raise InvalidInput(FieldError(("samples",), message))


def estimate(board: Board, request: Request) -> Estimate:
    """The size of a valid request."""
    strategy = registry.decoding.build(request.strategy, request.decoding, "decoding")
    prompts = board.benchmark.prompts.count()
    outputs = prompts * request.samples
    others = 1 if board.pairing == Board.Pairing.BASELINE else board.entries.count()
    verdicts = sum(2 if judge.both_orders else 1 for judge in board.judges.all())
    pairs = outputs * others
    return Estimate(prompts, outputs, outputs * strategy.max_new_tokens, pairs, pairs * verdicts)


def submit(request: Request, *, user: User | None, idempotency_key: str | None = None) -> tuple[Submission, bool]:
    """Store a submission and plan its work on commit. Returns it, and whether it is new.

    The same key with the same request returns the first submission. Raises InvalidInput, Conflict.
    """
    digest = fingerprint(
        "submission", vars(request) | {"model": dict(request.model), "decoding": dict(request.decoding)}
    )
    if idempotency_key and (earlier := _earlier(user, idempotency_key, digest)):
        return earlier, False
    board, _ = check(request)
    try:
        with transaction.atomic():
            return _store(request, board, user, idempotency_key, digest), True
    except IntegrityError:
        if idempotency_key and (earlier := _earlier(user, idempotency_key, digest)):
            return earlier, False
        raise


def _earlier(user: User | None, key: str, digest: str) -> Submission | None:
    found = Submission.objects.filter(user=user, idempotency_key=key).first()
    if found and found.request_digest != digest:
        raise Conflict("This Idempotency-Key was used for another request. Choose a new key.")
    return found


def _store(request: Request, board: Board, user: User | None, key: str | None, digest: str) -> Submission:
    model = catalog.language_model(generator=request.generator, params=request.model)
    decoding = catalog.decoding_config(strategy=request.strategy, params=request.decoding)
    template = catalog.prompt_template(system=request.system)
    entry = catalog.entry(model=model, decoding=decoding, template=template)
    _refuse_other_seed(board, entry, model, decoding, request.seed)
    board.entries.add(entry)
    submission = Submission.objects.create(
        board=board,
        entry=entry,
        user=user,
        samples=request.samples,
        seed=request.seed,
        idempotency_key=key,
        request_digest=digest,
    )
    plan = NewJob(f"plan:{submission.pk}", "plan", "default", {}, submission.pk)
    jobs.enqueue([plan])
    return submission


def _refuse_other_seed(board: Board, entry: Entry, model: LanguageModel, decoding: DecodingConfig, seed: int) -> None:
    """Outputs are facts: one entry, prompt and sample has one output, so its seed is settled by the first run."""
    stored = Output.objects.filter(entry=entry, prompt__benchmark=board.benchmark_id).first()
    if stored is not None and stored.seed != seed and decoding.samples:
        message = f"{model} · {decoding} has outputs here with seed {stored.seed}. Use that seed to add samples."
        raise InvalidInput(FieldError(("seed",), message))


def cancel(submission: Submission) -> bool:
    """Stop a submission; what was made stays. False where it had ended already."""
    with transaction.atomic():
        stopped = (
            Submission.objects.filter(pk=submission.pk)
            .exclude(state__in=Submission.ENDED)
            .update(state=Submission.State.CANCELLED)
        )
        if stopped:
            jobs.cancel_open(submission.pk)
    return bool(stopped)


def retry(submission: Submission) -> int:
    """Do again only what failed. Returns how many jobs; raises Conflict where nothing can be retried."""
    with transaction.atomic():
        count = jobs.retry_failed(submission.pk)
        back = Submission.State.JUDGING if submission.state == Submission.State.PARTIAL else Submission.State.GENERATING
        moved = Submission.objects.filter(
            pk=submission.pk, state__in=(Submission.State.PARTIAL, Submission.State.FAILED)
        ).update(state=back, error="")
        if not (count and moved):
            raise Conflict("Nothing failed here that could be tried again.")
    return count
