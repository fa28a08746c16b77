"""Takes, cancels and retries submissions; the only door for web, API and command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from leaderboard.contracts import fit, registry
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.said import said
from leaderboard.models import Board, Entry, Job, LanguageModel, PromptTemplate, Submission, Sweep, User
from leaderboard.queries import endpoints
from leaderboard.services import batches, budgets, catalog, jobs, seeds
from leaderboard.services.estimates import Estimate, estimate
from leaderboard.services.jobs import NewJob
from leaderboard.services.requests import Request

__all__ = ["Conflict", "Estimate", "Request"]


class Conflict(Exception):
    """An idempotency key came back with another request, or a state does not allow the step."""


def check(request: Request) -> tuple[Board, Estimate]:
    """Everything that can be told without writing. Raises InvalidInput with every fault found."""
    board = checked(request)
    return board, estimate(board, [request])


def checked(request: Request) -> Board:
    """The board of a request without a fault. Raises InvalidInput with every fault found."""
    faults = list(seeds.faults(request.samples, request.all_seeds, _seed_field(request)))
    board = None
    try:
        board = open_board(request.board)
    except InvalidInput as problem:
        faults += problem.errors
    faults += budgets.faults(request.max_usd, request.max_tokens)
    faults += model_faults(request.generator, request.model, request.system)
    faults += [error for error in decoding_faults(request) if error not in faults]
    if board is not None and not faults:
        faults += turn_faults(board, request)
    if faults or board is None:
        raise InvalidInput(*faults)
    return board


def turn_faults(board: Board, request: Request) -> list[FieldError]:
    """What is wrong with a sound strategy where prompts follow others: candidates belong to no one conversation."""
    strategy: Any = registry.decoding.build(request.strategy, request.decoding, "decoding")
    if getattr(strategy, "pool", None) is None or not board.benchmark.prompts.exclude(follows=None).exists():
        return []
    message = said(
        "'{label}' chooses among answers that are made apart, but on this board each turn goes on from the answer "
        "before it. Choose another strategy.",
        label=strategy.label,
    )
    return [FieldError(("strategy",), message)]


def open_board(slug: str) -> Board:
    """The board of this name that takes submissions. Raises InvalidInput at ("board",)."""
    open_boards = Board.objects.filter(open_to_submissions=True)
    found = open_boards.filter(slug=slug).select_related("benchmark").first()
    if found is None:
        known = ", ".join(open_boards.values_list("slug", flat=True)) or "none"
        raise InvalidInput(
            FieldError(
                ("board",), said("No open board is called '{slug}'. Open boards: {known}.", slug=slug, known=known)
            )
        )
    return found


def _seed_field(request: Request) -> str:
    return "seeds" if request.seeds else "seed"


def model_faults(generator: str, model: Mapping[str, Any], system: str) -> list[FieldError]:
    """What is wrong with the model, at ("generator",) and ("model", …), and with the system text."""
    faults = []
    if len(system) > 8_000:
        faults.append(FieldError(("system",), said("The system text may have 8,000 characters at most.")))
    try:
        kind = registry.generators.choose(generator, "generator")
        parsed = registry.generators.parse(generator, model, "model")
    except InvalidInput as problem:
        return faults + list(problem.errors)
    try:
        kind.identity(parsed)
    except InvalidInput as problem:
        faults += [error.under("model") for error in problem.errors]
    return faults


def decoding_faults(request: Request) -> list[FieldError]:
    """What is wrong with the strategy, at ("strategy",) and ("decoding", …), and with how it fits the rest."""
    faults: list[FieldError] = []
    for step in (_check_decoding, _check_fit):
        try:
            step(request)
        except InvalidInput as problem:
            faults += [error for error in problem.errors if error not in faults]
    return faults


def _check_decoding(request: Request) -> None:
    registry.decoding.choose(request.strategy, "strategy")
    registry.decoding.parse(request.strategy, request.decoding, "decoding")


def _check_fit(request: Request) -> None:
    """A backend must not silently ignore what the strategy needs; see `leaderboard.contracts.fit`."""
    generator = registry.generators.choose(request.generator, "generator")
    kind = registry.decoding.choose(request.strategy, "strategy")
    strategy = kind(registry.decoding.parse(request.strategy, request.decoding, "decoding"))
    parsed: Any = registry.generators.parse(request.generator, request.model, "model")
    if reason := fit.refusal(fit.Backend(generator, parsed, _checked(generator, parsed)), strategy):
        raise InvalidInput(FieldError(("strategy",), reason))
    if request.samples > 1 and not strategy.samples:
        message = said("'{label}' gives the same output each time; ask for 1 sample.", label=strategy.label)
        raise InvalidInput(FieldError(("samples",), message))
    if len(request.all_seeds) > 1 and not strategy.samples:
        raise InvalidInput(
            FieldError(
                ("seeds",), said("'{label}' gives the same output each time; give 1 seed.", label=strategy.label)
            )
        )


def _checked(generator: Any, parsed: Any) -> fit.Checked:
    """What is known of an endpoint; only a generator whose capabilities can be declared has any to check."""
    if not hasattr(generator, "declarable"):
        return fit.Checked()
    try:
        return endpoints.checked(generator.identity(parsed))
    except InvalidInput:  # told with the model's own faults
        return fit.Checked()


def submit(request: Request, *, user: User | None, idempotency_key: str | None = None) -> tuple[Submission, bool]:
    """Store a submission and plan its work on commit. Returns it, and whether it is new.

    The same key with the same request returns the first submission. Raises InvalidInput, Conflict.
    """
    digest = request.digest
    if idempotency_key and (earlier := _earlier(user, idempotency_key, digest)):
        return earlier, False
    board = checked(request)
    try:
        with transaction.atomic():
            entry = entry_for(
                request,
                catalog.language_model(generator=request.generator, params=request.model),
                catalog.prompt_template(system=request.system),
            )
            stored = store(request, board=board, entry=entry, user=user, key=idempotency_key)
            if (request.max_usd, request.max_tokens) != (None, None):
                budgets.set_cap(f"submission:{stored.pk}", usd=request.max_usd, tokens=request.max_tokens)
            jobs.enqueue([NewJob(f"plan:{stored.pk}", Job.Kind.PLAN, "default", {}, stored.pk)])
            return stored, True
    except IntegrityError:
        if idempotency_key and (earlier := _earlier(user, idempotency_key, digest)):
            return earlier, False
        raise


def _earlier(user: User | None, key: str, digest: str) -> Submission | None:
    found = Submission.objects.filter(user=user, idempotency_key=key).first()
    if found and found.request_digest != digest:
        raise Conflict(said("This Idempotency-Key was used for another request. Choose a new key."))
    return found


def entry_for(request: Request, model: LanguageModel, template: PromptTemplate) -> Entry:
    """The entry that a checked request is about."""
    decoding = catalog.decoding_config(strategy=request.strategy, params=request.decoding)
    return catalog.entry(model=model, decoding=decoding, template=template)


def store(
    request: Request,
    *,
    board: Board,
    entry: Entry,
    user: User | None,
    key: str | None = None,
    sweep: Sweep | None = None,
    arm: int | None = None,
) -> Submission:
    """Add a checked request's rows, inside a transaction of the caller's; its work is not planned yet.

    Raises InvalidInput where stored outputs have other seeds.
    """
    _refuse_other_seeds(board, entry, request)
    board.entries.add(entry)
    return Submission.objects.create(
        board=board,
        entry=entry,
        user=user,
        samples=request.samples,
        seed=request.all_seeds[0],
        seeds=list(request.all_seeds),
        sweep=sweep,
        arm=arm,
        idempotency_key=key,
        request_digest=request.digest,
    )


def _refuse_other_seeds(board: Board, entry: Entry, request: Request) -> None:
    """Both the entry's outputs and, of a best-of-n entry, its candidates'."""
    name = _seed_field(request)
    seeds.refuse_others(board, entry, request.samples, request.all_seeds, name)
    if entry.decoding.pool_id is not None:
        each = request.samples * entry.decoding.candidates
        seeds.refuse_others(board, entry.pool(), each, request.all_seeds, name)


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
            batches.cancel(submission)
            if submission.sweep_id:
                jobs.interrupt(submission.sweep_id)
    return bool(stopped)


def retry(submission: Submission) -> int:
    """Do again only what failed. Returns how many jobs; raises Conflict where nothing can be retried."""
    with transaction.atomic():
        makes = Job.objects.filter(submission=submission, state=Job.State.FAILED).exclude(kind=Job.Kind.JUDGE).exists()
        count = jobs.retry_failed(submission.pk)
        batches.forget_failures(submission)
        whole = submission.state == Submission.State.PARTIAL and not makes
        back = Submission.State.JUDGING if whole else Submission.State.GENERATING
        moved = Submission.objects.filter(
            pk=submission.pk, state__in=(Submission.State.PARTIAL, Submission.State.FAILED)
        ).update(state=back, error="")
        if not (count and moved):
            raise Conflict(said("Nothing failed here that could be tried again."))
    return count
