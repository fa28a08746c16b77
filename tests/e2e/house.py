"""A service with something on every page, made once for all tests of a file, and its pages by name and reader."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.test import Client

from leaderboard.contracts import registry
from leaderboard.contracts.values import FinishReason, Outcome
from tests.factories import FactBoard, Parrot, fact_board, submit, sums_board
from tests.judges.fakes import fake, reply

PROMPT = "{{question}}\n\n{{first}}\n\n{{second}}\n\nSay [[{{name_1}}>{{name_2}}{{mark}}]] or the like."
ESSAY = """**{word}** first.

```python
x = 1  # {word}
```

The sum is $\\sum_i x_i$.

| a | b |
|---|---|
| 1 | 2 |

"""
ENDPOINT = "http://server.example/v1"
READERS = ("nobody", "ada", "mod", "eve")
"""Who reads: signed out, signed in, a moderator, one of the staff."""


@dataclass(frozen=True)
class House:
    """Where it is served, the session keys of its readers, and its pages: name to path."""

    base: str
    sessions: dict[str, str]
    pages: dict[str, str]


@contextmanager
def open_house() -> Iterator[House]:
    """A house in the test database of this process, served on a free port; emptied at the end.

    The server's threads use this thread's connection, as Django lets them with a database in memory, so that they
    see what a test has not committed, and what they write is rolled back with it.
    """
    from django.core.management import call_command
    from django.db import connections
    from pytest_django.live_server_helper import LiveServer

    with ExitStack() as stack:
        stack.enter_context(registry.generators.override(Parrot))
        stack.enter_context(registry.generators.override(fake(_first_is_better)))
        stack.enter_context(patch("leaderboard.services.jobs._ring", lambda pk, queue: True))
        stack.enter_context(patch.object(connections["default"], "is_in_memory_db", lambda: True))
        stack.enter_context(patch.object(settings, "REFRESH_SECONDS", 0))
        stack.enter_context(patch.object(settings, "ALLOWED_HOSTS", ["*"]))
        stack.enter_context(patch.dict("os.environ", {"TOUCHSTONE_ENDPOINTS": ENDPOINT}))
        stack.callback(call_command, "flush", interactive=False, verbosity=0, inhibit_post_migrate=False)
        sessions, pages = _readers(), _filled()
        server = LiveServer("localhost")
        stack.callback(server.stop)
        yield House(server.url, sessions, pages)


def _first_is_better(request: Any) -> Any:
    words = request.messages[-1].content.rpartition("Say ")[2]
    return reply(request, text=f"Slot 1: {words[: words.index(']]') + 2]}", finish_reason=FinishReason.STOP)


def _readers() -> dict[str, str]:
    from django.contrib.auth.models import Permission

    from leaderboard.models import User

    keys = {}
    for name in READERS[1:]:
        user, client = User.objects.create_user(name, is_staff=name == "eve"), Client()
        if name != "ada":
            wanted = Permission.objects.filter(codename__in=["moderate_votes", "decide_flag"])
            user.user_permissions.add(*wanted)
        client.force_login(user)
        keys[name] = client.cookies["sessionid"].value
    return keys


def _filled() -> dict[str, str]:
    """Fills the service; the pages to read."""
    empty = sums_board(slug="empty", title="Empty", version="2")
    return (
        {"empty-board": f"/boards/{empty.slug}/"}
        | _birds()
        | _flagged()
        | _voted()
        | _arena()
        | _endpoint()
        | {name: f"/{name}/" for name in ("sign-up", "sign-in", "account", "judges", "judges/new", "submit")}
        | {"boards": "/", "none": "/no-such-page/", "my-votes": "/me/votes/", "new-sweep": "/sweeps/new/?board=sums"}
    )


def _birds() -> dict[str, str]:
    """Submissions that ended, failed and wait; a sweep, a judge on trial, the report on variation."""
    from leaderboard.models import Entry, Prompt, User, VariationReport
    from leaderboard.services import sweeps, trials
    from leaderboard.services.grids import Grid

    board = sums_board()
    ended = [
        submit(board, {"model": model, "wrong_every": wrong}, **setting)
        for model, wrong in (("bird-0", 0), ("bird-1", 2))
        for setting in ({}, {"strategy": "temperature", "decoding": {"temperature": 0.7}, "samples": 3})
    ][-1]
    failed = submit(board, {"model": "bird-2", "fails_on": "2+2"})
    grids = [Grid("greedy", {}), Grid("temperature", {"temperature": [0.5, 1]})]
    sweep, _ = sweeps.submit(
        sweeps.Request("sums", "parrot", {"model": "polly", "wrong_every": 2}, grids, samples=2), user=None
    )
    _work()
    made = {"user": User.objects.get(username="eve"), "params": {"generator": "fake", "user": PROMPT}}
    trial = trials.ask(board="sums", plugin="custom", **made)
    _work()
    waiting = submit(board, {"model": "bird-3"})
    report = VariationReport.objects.latest("pk")
    return {
        "board": "/boards/sums/",
        "charts": "/boards/sums/charts/",
        "how": "/boards/sums/how/",
        "compare": "/boards/sums/compare/",
        "variation": "/boards/sums/variation/",
        "variation-model": f"/boards/sums/variation/{report.model_id}/",
        "sweeps": "/boards/sums/sweeps/",
        "sweep": f"/sweeps/{sweep.pk}/",
        "trial": f"/judges/trials/{trial}/",
        "entry": f"/entries/{Entry.objects.filter(model__name='bird-1').first().slug}/",
        "prompt": f"/prompts/{Prompt.objects.filter(benchmark=board.benchmark).first().pk}/",
        "judge": "/judges/reference/",
        "ended": f"/submissions/{ended.pk}/",
        "failed": f"/submissions/{failed.pk}/",
        "waiting": f"/submissions/{waiting.pk}/",
        "submit-form": "/submit/?board=sums&generator=parrot&strategy=min-p",
        "sweep-form": "/sweeps/new/?board=sums&generator=parrot",
        "new-arena": "/boards/sums/arena/new/",
    }


def _work() -> None:
    """Does every due job in this thread."""
    from leaderboard.models import Job
    from workers.tasks import run

    while job := Job.objects.filter(state="ready").order_by("not_before", "pk").first():
        Job.objects.filter(pk=job.pk).update(not_before="2000-01-01T00:00:00Z")
        run(job.pk)


def _flagged() -> dict[str, str]:
    """A board with all that a snapshot can hold."""
    from leaderboard.models import Flag
    from tests.e2e.test_pages_ratings import SIZE, details, standing
    from tests.factories import plain_entries, snapshot

    board, entries = sums_board(slug="rich", title="Rich", version="3"), plain_entries(SIZE)
    rows = [standing(place) for place in range(SIZE)]
    rows[-1] |= {"flags": ["template-markers"], "rank_low": None, "rank_high": None}
    snapshot(board, rows, details([entry.slug for entry in entries]), {"sums": rows[:3]})
    evidence = {"marker": "pair-record", "excerpt": '"model_identifier": "M", ' * 6}
    made = {"kind": "template-markers", "sentence": "All hold markers.", "evidence": evidence}
    Flag.objects.create(board=board, entry=entries[-1], **made)
    return {
        "rich-board": "/boards/rich/?style=1&category=sums&sort=-rating",
        "rich-whole": "/boards/rich/",
        "rich-charts": "/boards/rich/charts/",
        "rich-how": "/boards/rich/how/",
        "rich-compare": "/boards/rich/compare/?a=entry-0&b=entry-1",
        "rich-entry": "/entries/entry-11/",
    }


def _voted() -> dict[str, str]:
    """Honest voters, one who always takes the left answer, judges beside them, and a decision."""
    from leaderboard.models import User, VoteSignal
    from leaderboard.services import audits, boards, quarantine

    rng, names = random.Random(4), ("strong", "middle", "weak")
    made = fact_board(names, {f"p{i}": "" for i in range(24)}, judges=2, counts_votes=True, open_to_votes=True)
    for voter in range(7):
        for key in made.prompts:
            first, second = rng.sample(names, 2)
            better = names.index(first) < names.index(second)
            honest = Outcome.A if (rng.random() < 0.85) == better else Outcome.B
            row = made.vote(first, second, key, Outcome.A if voter == 6 else honest, voter=f"user:{voter}")
            made.verdict(first, second, key, 1.0 if better else 0.0, repeat=voter)
            made.verdict(second, first, key, 1.0, judge=1, repeat=voter)
            state = "passed" if voter else "unchecked"
            VoteSignal.objects.create(vote=row, network="ef01", check_kind="proof-of-work", check_state=state)
    boards.refresh(made.board)
    mod = User.objects.get(username="mod")
    quarantine.decide(board=made.board, voter="user:5", quarantined=True, reason="looked odd", user=mod)
    boards.refresh(made.board)
    audits.refresh(made.board)
    return {
        "voters": "/boards/facts/voters/",
        "moderation": "/boards/facts/moderation/",
        "people": "/boards/facts/people/",
        "audited": f"/judges/{made.judges[1].name}/",
        "human-board": "/boards/facts/",
        "human-how": "/boards/facts/how/",
    }


def _arena() -> dict[str, str]:
    """Essays to vote on, and an arena that asks for consent."""
    from leaderboard.models import Board
    from leaderboard.services import arenas, boards, live_rules

    keys = {f"essay-{i}": "" for i in range(40)}
    made = fact_board(["aurora", "borealis"], keys, slug="essays", counts_votes=True, open_to_votes=True)
    for key in keys:
        _pair(made, key)
    boards.refresh(made.board)
    duel = arenas.ArenaSettings(slug="duel", title="Duel", consent="Votes are published.")
    arenas.make(Board.objects.get(slug="sums"), duel, user=None)
    talk = arenas.make(Board.objects.get(slug="sums"), arenas.ArenaSettings(slug="talk", title="Talk"), user=None)
    live_rules.change(talk, {"on": True})
    return {
        "vote": "/boards/essays/vote/",
        "join": "/boards/duel/join/",
        "arena": "/boards/duel/arena/",
        "live": "/boards/talk/live/",
    }


def _pair(made: FactBoard, key: str) -> None:
    made.answer("aurora", key, ESSAY.format(word=f"North {key}") + "A long line of words. \n\n" * 60)
    made.answer("borealis", key, ESSAY.format(word=f"South {key}") + "Another line of words. \n\n" * 40)
    made.pair("aurora", "borealis", key)


def _endpoint() -> dict[str, str]:
    from leaderboard.services import endpoints

    findings = [
        {"setting": "min_p", "state": "ignored", "evidence": "0 of 3 texts."},
        {"setting": "top_k", "state": "acts", "evidence": "3 of 3."},
        {"setting": "n", "state": "unknown", "evidence": "It cannot be told."},
    ]
    endpoints.record(endpoint=ENDPOINT, model="m", findings=findings, user_id=None)
    return {"endpoints": "/endpoints/"}
