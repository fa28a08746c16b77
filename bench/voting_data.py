"""A made-up arena for the load test: entries, texts, every comparison, and bulk votes of voters that do not exist.

Everything is made here, in a database of its own, and named so that nobody takes it for votes of people.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

SLUG = "made-up-arena"
ENTRIES = 30
PROMPTS = 100
CATEGORIES = 5
EACH = 200
"""Votes of each made-up voter."""
STEP = 433
"""A prime that divides the number of comparisons of no size here, so that no voter meets one twice."""
WORDS = ("plain", "**bold**", "\n# Head\n", "\n- item\n", "text", "`code`", "answer", "because", "\n\n", "$x^2$")


def arena(entries: int = ENTRIES, prompts: int = PROMPTS) -> Any:
    """A board open to votes, with limits that nobody reaches, and with every comparison of its entries."""
    import numpy as np

    from leaderboard.models import Board, VotingRules
    from leaderboard.services import facts

    rng = np.random.default_rng(1)
    outputs = _outputs(rng, entries, prompts)
    benchmark = outputs[0][0].prompt.benchmark
    board = Board.objects.create(
        slug=SLUG, title="Made up", benchmark=benchmark, counts_votes=True, open_to_votes=True, rater="bradley-terry"
    )
    board.entries.add(*(own[0].entry for own in outputs))
    spans = [f"{who}_{span}" for who in ("account", "session", "network") for span in ("minute", "day")]
    limits = dict.fromkeys(spans, 1_000_000_000)
    VotingRules.objects.create(board=board, **limits)
    for first, second in combinations(outputs, 2):
        facts.add_comparisons([facts.comparison_row(a, b) for a, b in zip(first, second, strict=True)])
    return board


def _outputs(rng: Any, entries: int, prompts: int) -> list[list[Any]]:
    from leaderboard.contracts.values import BenchmarkData, BenchmarkItem, ModelIdentity
    from leaderboard.models import Output
    from leaderboard.services import catalog, facts, renderings

    items = tuple(BenchmarkItem(f"{i}", f"Made up {i}", "", f"kind {i % CATEGORIES}") for i in range(prompts))
    asked = list(catalog.benchmark(BenchmarkData(SLUG, "1", items)).prompts.all())
    found = []
    for number in range(entries):
        identity = ModelIdentity("bench", f"made-up-{number}", "1")
        model = catalog.named_model(generator="none", identity=identity, params={})
        entry = catalog.entry(model=model, decoding=catalog.unknown_decoding(), template=catalog.prompt_template())
        texts = [" ".join(rng.choice(WORDS, rng.integers(50, 300))) + f" {number} {i}" for i in range(prompts)]
        renderings.html_of(texts)  # as a worker does when it stores outputs
        facts.add_outputs([Output(entry=entry, prompt=p, text=t) for p, t in zip(asked, texts, strict=True)])
        found.append(
            list(Output.objects.filter(entry=entry).select_related("entry", "prompt__benchmark").order_by("prompt"))
        )
    return found


BALLOTS = """
INSERT INTO leaderboard_ballot (created_at, board_id, comparison_id, voter, swapped, token, expires_at)
SELECT now() - interval '2 days', %(board)s, ids.id, 'anonymous:made-up-' || n / %(each)s, n %% 2 = 0,
       'made-up-' || n, now() - interval '1 day'
FROM generate_series(0, %(votes)s - 1) AS n
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM leaderboard_comparison) AS ids
  ON ids.place = ((n / %(each)s)::bigint * 7919 + (n %% %(each)s)::bigint * %(step)s) %% %(size)s
"""
VOTES = """
INSERT INTO leaderboard_vote (created_at, ballot_id, comparison_id, board_id, voter, outcome, seconds_shown)
SELECT b.created_at, b.id, b.comparison_id, b.board_id, b.voter,
       CASE WHEN random() < 0.15 THEN 'tie' WHEN random() < 0.05 THEN 'both_bad'
            WHEN random() < 1 / (1 + exp((mod(c.entry_a_id, 30) - mod(c.entry_b_id, 30)) / 12.0)) THEN 'a'
            ELSE 'b' END, 8
FROM leaderboard_ballot b JOIN leaderboard_comparison c ON c.id = b.comparison_id
"""


def bulk_votes(board: Any, votes: int) -> None:
    """Store that many votes, `EACH` of one voter; PostgreSQL only."""
    from django.db import connection

    from leaderboard.models import Comparison

    size = Comparison.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        given = {"board": board.pk, "each": EACH, "votes": votes, "step": STEP, "size": size}
        cursor.execute(BALLOTS, given)
        cursor.execute(VOTES)
        cursor.execute("ANALYZE")
