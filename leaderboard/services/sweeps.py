"""Takes, cancels and retries sweeps: many configurations of one model, all declared before the first one runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from django.db import IntegrityError, transaction

from leaderboard.contracts import registry
from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.said import said
from leaderboard.models import Board, Job, Submission, Sweep, User
from leaderboard.ratings.variation.prompt_split import tune_mask
from leaderboard.services import budgets, catalog, jobs, seeds, submissions
from leaderboard.services.estimates import Estimate, estimate
from leaderboard.services.grids import Arm, Grid, expand
from leaderboard.services.jobs import NewJob
from leaderboard.services.submissions import Conflict
from leaderboard.services.text import storable

LONGEST_TITLE = 120


@dataclass(frozen=True)
class Request:
    """What a user asks for. `decoding` holds settings that every arm shares.

    An arm that never varies has one output a prompt; any other has `samples` for each of `seeds`. `tune`: share of
    the prompts on which arms are chosen. `baseline`: label or strategy of the arm that others are tested against;
    empty for greedy decoding, or else the first arm. `max_usd` and `max_tokens` are what all arms together may cost,
    None for no cap.
    """

    board: str
    generator: str
    model: Mapping[str, Any]
    arms: Sequence[Grid]
    decoding: Mapping[str, Any] = field(default_factory=dict)
    system: str = ""
    samples: int = 1
    seeds: Sequence[int] = (0,)
    tune: float = 0.5
    baseline: str = ""
    title: str = ""
    max_usd: float | None = None
    max_tokens: int | None = None

    @property
    def digest(self) -> str:
        """Of all that was asked."""
        arms = [[grid.strategy, dict(grid.grid)] for grid in self.arms]
        plain = {"model": dict(self.model), "decoding": dict(self.decoding), "arms": arms, "seeds": list(self.seeds)}
        fields = vars(self) | plain
        caps = {name: fields.pop(name) for name in ("max_usd", "max_tokens")}
        # A request without a cap keeps the digest that it had before there were caps.
        return fingerprint("sweep", fields | {name: str(value) for name, value in caps.items() if value is not None})


@dataclass(frozen=True)
class Plan:
    """A checked sweep: its arms with the request of each, and which one is the baseline."""

    board: Board
    arms: list[Arm]
    requests: list[submissions.Request]
    baseline: int


def check(request: Request) -> tuple[Plan, Estimate]:
    """Everything that can be told without writing. Raises InvalidInput with every fault found, each once."""
    plan = checked(request)
    return plan, estimate(plan.board, plan.requests)


def checked(request: Request) -> Plan:
    """The plan of a request without a fault. Raises InvalidInput with every fault found, each once."""
    faults = [*_own_faults(request), *budgets.faults(request.max_usd, request.max_tokens)]
    board, arms = None, list[Arm]()
    try:
        board = submissions.open_board(request.board)
        faults += _split_faults(board, request.tune)
    except InvalidInput as problem:
        faults += problem.errors
    faults += submissions.model_faults(request.generator, request.model, request.system)
    try:
        arms = expand(request.arms, request.decoding)
    except InvalidInput as problem:
        faults += problem.errors
    requests = [_request_of(arm, request) for arm in arms]
    for arm, one in zip(arms, requests, strict=True):
        own = _faults_of(arm, one)
        turns = submissions.turn_faults(board, one) if board is not None and not own else []
        faults += own or [error.under("arms", arm.source) for error in turns]
    faults += _clashes(arms, requests)
    baseline = _baseline(request.baseline, arms, faults)
    if faults or board is None:
        raise InvalidInput(*dict.fromkeys(faults))
    return Plan(board, arms, requests, baseline)


def _own_faults(request: Request) -> Iterator[FieldError]:
    if len(request.title) > LONGEST_TITLE or storable(request.title) != request.title:
        yield FieldError(
            ("title",),
            said("Give a title of at most {longest_title} ordinary characters.", longest_title=LONGEST_TITLE),
        )
    if not 0.0 < request.tune < 1.0:
        yield FieldError(("tune",), said("Choose a share of tune prompts above 0 and below 1, such as 0.5."))
    yield from seeds.faults(request.samples, request.seeds)


def _request_of(arm: Arm, request: Request) -> submissions.Request:
    """The submission of one arm; what never varies is made once."""
    many: dict[str, Any] = {"samples": request.samples, "seeds": tuple(request.seeds)}
    return submissions.Request(
        board=request.board,
        generator=request.generator,
        model=request.model,
        strategy=arm.strategy,
        decoding=arm.params,
        system=request.system,
        **(many if arm.sampled else {"samples": 1, "seeds": tuple(request.seeds[:1])}),
    )


def _faults_of(arm: Arm, request: submissions.Request) -> list[FieldError]:
    """What the backend would ignore of an arm, at its grid; the shared fields are told of once, elsewhere."""
    found = submissions.decoding_faults(request)
    return [error.under("arms", arm.source) for error in found if error.path[0] in ("strategy", "decoding")]


def _clashes(arms: Sequence[Arm], requests: Sequence[submissions.Request]) -> Iterator[FieldError]:
    """Arms that share outputs, one being the best of several of the other, must want the same seeds for them."""
    makers = [_maker(arm) for arm in arms]
    for (first, one), (second, other) in combinations(zip(arms, makers, strict=True), 2):
        runs = requests[0].samples if len(requests[0].all_seeds) > 1 else 0
        if one[0] == other[0] and one[1] != other[1] and runs and first.sampled and second.sampled:
            message = said(
                "'{label}' and '{label_2}' share their samples, but not the seed of each. Give one seed, or put "
                "them into sweeps of different models.",
                label=first.label,
                label_2=second.label,
            )
            yield FieldError(("seeds",), message)


def _maker(arm: Arm) -> tuple[str, int]:
    """Fingerprint of what is generated for an arm, and how many of it make one sample."""
    built: Any = registry.decoding.build(arm.strategy, arm.params)
    pool = getattr(built, "pool", None)
    if pool is None:
        return arm.fingerprint, 1
    return registry.decoding.fingerprint(pool.strategy, registry.decoding.parse(pool.strategy, pool.params)), built.n


def _baseline(wanted: str, arms: Sequence[Arm], faults: list[FieldError]) -> int:
    for name in (wanted,) if wanted else ("greedy",):
        found = next((place for place, arm in enumerate(arms) if name in (arm.label, arm.strategy)), None)
        if found is not None:
            return found
    if wanted and arms:
        known = ", ".join(f"'{arm.label}'" for arm in arms[:10])
        faults.append(
            FieldError(
                ("baseline",),
                said("No arm is called '{wanted}'. The arms are {known}.", wanted=wanted[:60], known=known),
            )
        )
    return 0


def _split_faults(board: Board, tune: float) -> Iterator[FieldError]:
    """A split that leaves a side empty cannot choose, or cannot test."""
    keys = list(board.benchmark.prompts.values_list("key", flat=True))
    chosen = int(tune_mask(keys, tune).sum()) if 0.0 < tune < 1.0 else 1
    if keys and chosen in (0, len(keys)):
        no_tune = said("Of the {n} prompts none would be left to tune on. Choose another share.", n=len(keys))
        no_test = said("Of the {n} prompts none would be left to test on. Choose another share.", n=len(keys))
        yield FieldError(("tune",), no_test if chosen else no_tune)


def submit(request: Request, *, user: User | None, idempotency_key: str | None = None) -> tuple[Sweep, bool]:
    """Declare a sweep: all arms are stored at once or none. Returns it, and whether it is new.

    The same key with the same request returns the first sweep. Raises InvalidInput, Conflict.
    """
    if idempotency_key and (earlier := _earlier(user, idempotency_key, request.digest)):
        return earlier, False
    plan = checked(request)
    try:
        with transaction.atomic():
            return _store(request, plan, user, idempotency_key), True
    except IntegrityError:
        if idempotency_key and (earlier := _earlier(user, idempotency_key, request.digest)):
            return earlier, False
        raise


def _earlier(user: User | None, key: str, digest: str) -> Sweep | None:
    found: Sweep | None = Sweep.objects.filter(user=user, idempotency_key=key).first()
    if found and found.digest != digest:
        raise Conflict(said("This Idempotency-Key was used for another request. Choose a new key."))
    return found


def _store(request: Request, plan: Plan, user: User | None, key: str | None) -> Sweep:
    model = catalog.language_model(generator=request.generator, params=request.model)
    template = catalog.prompt_template(system=request.system)
    sweep = Sweep.objects.create(
        board=plan.board,
        user=user,
        title=request.title,
        model=model,
        template=template,
        arms=[
            {"label": arm.label, "strategy": arm.strategy, "params": arm.params, "runs": one.runs}
            for arm, one in zip(plan.arms, plan.requests, strict=True)
        ],
        baseline=plan.baseline,
        samples=request.samples,
        seeds=list(request.seeds),
        tune=request.tune,
        digest=request.digest,
        idempotency_key=key,
    )
    _store_arms(sweep, plan)
    if (request.max_usd, request.max_tokens) != (None, None):
        budgets.set_cap(f"sweep:{sweep.pk}", usd=request.max_usd, tokens=request.max_tokens)
    jobs.enqueue([NewJob(f"plan-sweep:{sweep.pk}", Job.Kind.PLAN, "default", {}, sweep_id=sweep.pk)])
    return sweep


def _store_arms(sweep: Sweep, plan: Plan) -> None:
    """Raises InvalidInput with the faults of all arms, which undoes the caller's transaction: all arms or none."""
    faults: list[FieldError] = []
    for place, one in enumerate(plan.requests):
        entry = submissions.entry_for(one, sweep.model, sweep.template)
        try:
            submissions.store(one, board=plan.board, entry=entry, user=sweep.user, sweep=sweep, arm=place)
        except InvalidInput as problem:
            faults += problem.errors
    if faults:
        raise InvalidInput(*faults)


def cancel(sweep: Sweep) -> int:
    """Stop every arm that has not ended; what was made stays, and so do the arms. Returns how many were stopped."""
    with transaction.atomic():
        jobs.cancel_sweep(sweep.pk)
        return sum(submissions.cancel(arm) for arm in sweep.submissions.order_by("arm"))


def retry_failed(sweep: Sweep) -> int:
    """Do again only what failed, in every arm. Returns how many jobs; raises Conflict where nothing can be retried."""
    count = 0
    for arm in sweep.submissions.filter(state__in=(Submission.State.PARTIAL, Submission.State.FAILED)).order_by("arm"):
        try:
            count += submissions.retry(arm)
        except Conflict:  # an arm that failed without a job of its own has nothing to do again
            continue
    if not count:
        raise Conflict(said("No arm of this sweep failed in a way that could be tried again."))
    return count
