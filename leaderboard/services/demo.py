"""The demo: a benchmark, a board, an arena and eighteen real entries. No vote, judgment or score is made up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core import signing

from leaderboard.contracts import registry
from leaderboard.models import Board, Submission, User
from leaderboard.services import catalog, submissions

BOARD, ARENA, USER = "pebbles", "pebbles-arena", "demo"
MODELS = ("pebble-m", "pebble-s")
SETTINGS: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("greedy", {}, 1),
    ("temperature", {"temperature": 1.0}, 3),
    ("top-p", {"temperature": 2.0, "p": 0.9}, 3),
    ("min-p", {"temperature": 2.0, "min_p": 0.1}, 3),
    ("temperature", {"temperature": 0.7}, 3),
    ("temperature", {"temperature": 1.5}, 3),
    ("temperature", {"temperature": 2.0}, 3),
    ("edt", {}, 3),
    ("dola", {}, 1),
)
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
    """Make the demo, or find it as it stands: doing this twice changes nothing."""
    board = _board()
    user, made = User.objects.get_or_create(username=USER)
    if made:
        user.set_unusable_password()
        user.save()
    found = [_submit(model, place, user) for place in range(len(SETTINGS)) for model in MODELS]
    if board.baseline is None:
        Board.objects.filter(slug__in=(BOARD, ARENA)).update(baseline=found[0].entry)
        board.refresh_from_db()
    return Demo(board, user, found)


def _board() -> Board:
    benchmark = catalog.benchmark(registry.benchmarks.build("pebble-tasks", {}).load())
    board, _ = Board.objects.get_or_create(
        slug=BOARD,
        defaults={
            "title": "Pebbles",
            "description": "Two tiny models of our own, decoded in nine ways and judged by exact references.",
            "benchmark": benchmark,
            "metric": catalog.metric(plugin="exact-match", params={}),
            "open_to_submissions": True,
        },
    )
    board.judges.add(catalog.judge(plugin="reference", params={}))
    Board.objects.get_or_create(
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
    return board


def _submit(model: str, place: int, user: User) -> Submission:
    strategy, params, samples = SETTINGS[place]
    request = submissions.Request(
        board=BOARD,
        generator="transformers",
        model={"model": model},
        strategy=strategy,
        decoding={"max_new_tokens": LONGEST, **params},
        samples=samples,
        seed=SEED,
    )
    return submissions.submit(request, user=user, idempotency_key=f"demo-{model}-{place}")[0]


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
