"""The demo: a sweep of each model, ranked by references, by people and by a tiny judge. Nothing in it is made up."""

from __future__ import annotations

from dataclasses import dataclass

from django.core import signing

from leaderboard.contracts import registry
from leaderboard.models import Board, Submission, Sweep, User
from leaderboard.services import catalog, live_rules, submissions, sweeps
from leaderboard.services.grids import Grid

BOARD, ARENA, JUDGED, USER = "pebbles", "pebbles-arena", "pebbles-judged", "demo"
MODELS = ("pebble-m", "pebble-s")
ARMS = (
    Grid("greedy", {}),
    Grid("temperature", {"temperature": [0.7, 1.0, 1.5, 2.0]}),
    Grid("top-p", {"temperature": 2.0, "p": 0.9}),
    Grid("min-p", {"temperature": 2.0, "min_p": 0.1}),
    Grid("edt", {}),
    Grid("dola", {}),
    Grid("best-of-n", {"n": 4, "selector": ["majority", "reward-model model=pebble-reward"]}),
)
"""The candidates of best-of-n are samples of temperature 1, of which that arm has the first three."""
JUDGE = {"generator": "transformers", "generator_params": {"model": "pebble-judge"}, "prompt": "short-1"}
JUDGED_ARMS = ("greedy", "T 1", "T 2", "T 2 · min-p 0.1")
"""Labels of the arms whose outputs the tiny judge compares with the first model's greedy ones, as AlpacaEval does."""
SAMPLES = 3
SEED = 1
LONGEST = 96
LINK_SECONDS = 24 * 3600
SALT = "touchstone.sign-in-link"


@dataclass(frozen=True)
class Demo:
    """What `prepare` made or found."""

    board: Board
    user: User
    submissions: list[Submission]


def prepare() -> Demo:
    """Make the demo, or find it as it stands: doing this twice changes nothing. Outputs of an older demo are kept."""
    board = _board()
    user, made = User.objects.get_or_create(username=USER)
    if made:
        user.set_unusable_password()
        user.save()
    declared = [_sweep(model, user) for model in MODELS]
    arms = Submission.objects.select_related("entry__model", "entry__decoding", "entry__template")
    found = [arm for sweep in declared for arm in arms.filter(sweep=sweep).order_by("arm")]
    if board.baseline is None:
        Board.objects.filter(slug__in=(BOARD, ARENA)).update(baseline=found[0].entry)
        board.refresh_from_db()
    return Demo(board, user, found)


def judge_some(demo: Demo) -> list[Submission]:
    """Once the outputs are there: a board of some of them, judged by a tiny model. Twice changes nothing."""
    chosen = [arm for arm in demo.submissions if arm.entry.decoding.label in JUDGED_ARMS]
    board = _judged_board(demo.board)
    return [_judged(arm, board, demo.user) for arm in chosen]


def _judged_board(board: Board) -> Board:
    judged, _ = Board.objects.get_or_create(
        slug=JUDGED,
        defaults={
            "title": "Pebbles, by a tiny judge",
            "description": "Some of the same outputs, each against greedy, by a model of one megabyte that reads both "
            "orders. Its audit says how good a judge it is.",
            "benchmark": board.benchmark,
            "metric": board.metric,
            "baseline": board.baseline,
            "pairing": Board.Pairing.BASELINE,
            "rater": "win-rate",
            "open_to_submissions": True,
        },
    )
    judged.judges.add(catalog.judge(plugin="pairwise-llm", params=JUDGE, name="pebble-judge"))
    return judged


def _judged(arm: Submission, board: Board, user: User) -> Submission:
    """The stored outputs are found again, so nothing is generated."""
    request = submissions.Request(
        board=board.slug,
        generator=arm.entry.model.generator,
        model=arm.entry.model.params,
        strategy=arm.entry.decoding.strategy,
        decoding=arm.entry.decoding.params,
        seed=arm.seed,
    )
    key = f"{JUDGED}-{arm.entry.slug}"[:120]
    known = Submission.objects.filter(user=user, idempotency_key=key).first()
    return known or submissions.submit(request, user=user, idempotency_key=key)[0]


def _board() -> Board:
    benchmark = catalog.benchmark(registry.benchmarks.build("pebble-tasks", {}).load())
    board, _ = Board.objects.get_or_create(
        slug=BOARD,
        defaults={
            "title": "Pebbles",
            "description": "Two tiny models of our own, decoded in eleven ways and judged by exact references.",
            "benchmark": benchmark,
            "metric": catalog.metric(plugin="exact-match", params={}),
            "open_to_submissions": True,
        },
    )
    board.judges.add(catalog.judge(plugin="reference", params={}))
    arena, made = Board.objects.get_or_create(
        slug=ARENA,
        defaults={
            "title": "Pebbles, by people",
            "description": "The same outputs, ranked by blind votes alone. Votes start at zero.",
            "benchmark": benchmark,
            "parent": board,
            "counts_votes": True,
            "open_to_votes": True,
        },
    )
    if made:
        live_rules.change(arena, {"on": True})
    return board


def _sweep(model: str, user: User) -> Sweep:
    """The model's sweep; one that an earlier version declared with other arms stays as it was declared."""
    key = f"demo-{model}"
    known: Sweep | None = Sweep.objects.filter(user=user, idempotency_key=key).first()
    request = sweeps.Request(
        board=BOARD,
        generator="transformers",
        model={"model": model},
        arms=ARMS,
        decoding={"max_new_tokens": LONGEST},
        samples=SAMPLES,
        seeds=(SEED,),
        title=f"How {model} decodes best",
    )
    return known or sweeps.submit(request, user=user, idempotency_key=key)[0]


def link_token(user: User) -> str:
    """A sign-in link's token: good for a day, and only until the next sign-in."""
    return signing.dumps([user.pk, str(user.last_login)], salt=SALT)


def user_of_link(token: str) -> User | None:
    """Whose link this is; None where it is forged, old or used."""
    try:
        pk, last_login = signing.loads(token, salt=SALT, max_age=LINK_SECONDS)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    return user if user is not None and str(user.last_login) == last_login else None
