"""Pages show an answer with the conversation that it ends: each side's own where they differ."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.db.models import QuerySet

from leaderboard.contracts import registry
from leaderboard.models import Comparison, Output, Prompt, VotingRules
from leaderboard.services.identity_leaks import given_away
from tests.conversations import Chatty, talk_board
from tests.factories import submit
from tests.leaderboard.web.test_pages import shown

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def board(work):
    """Two entries with all their turns."""
    cache.clear()
    made = talk_board(open_to_votes=True, counts_votes=True)
    with registry.generators.override(Chatty):
        for name in ("ann", "bob"):
            submit(made, {"model": name, "cut": name == "bob"})
        work()
    made.refresh_from_db()
    return made


def panes(body: str) -> list[str]:
    """What stands on each side, without tags."""
    found = re.findall(r"<section[^>]*>(.*?)</section>", body, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", part).split()) for part in found]


def test_a_voter_reads_each_sides_own_conversation_and_no_names(client, board):
    seen = set()
    for _ in range(5):
        body = shown(client, "/boards/sums/vote/")
        token = re.search(r'name="token" value="([^"]+)"', body)[1]
        prompt = next(key for key in ("Third?", "Second?", "More?", "Other?", "First?") if key in body)
        sides = panes(body)
        seen.add(prompt)
        for side in sides:
            name = "ann" if "ann" in side else "bob"
            assert {"ann": "bob", "bob": "ann"}[name] not in side
            if prompt == "Third?":
                told = [
                    "First?",
                    f"{name} 0 on First?",
                    "Second?",
                    f"{name} 0 on Second?",
                    f"Third? Assistant {name} 0 on",
                ]
                assert [side.index(part) for part in told] == sorted(side.index(part) for part in told)
                assert ("ended by length" in side) == (name == "bob")
            elif prompt in ("First?", "Other?"):
                assert "Assistant" not in side
        reveal = client.post("/boards/sums/vote/", {"token": token, "choice": "left"}, follow=True).content.decode()
        assert len(panes(reveal)) == 2 and all(prompt in side for side in panes(reveal))
    assert seen == {"Third?", "Second?", "More?", "Other?", "First?"}


def test_the_pages_of_an_entry_a_prompt_and_a_comparison_show_the_turns_before(client, board):
    body = shown(client, "/boards/sums/compare/")
    left, right = (side for side in panes(body) if "Third?" in side)
    for side, name in ((left, "ann"), (right, "bob")):
        assert "4 messages before this one User First? Assistant" in side
        assert f"{name} 0 on First? User Second? Assistant" in side
    entry = Output.objects.filter(entry__model__name="ann").first().entry
    body = shown(client, f"/entries/{entry.slug}/")
    assert body.count('class="before"') == 3
    assert "ann 0 on First?" in body and "bob" not in body
    second = Prompt.objects.get(key="q:turn-2")
    body = shown(client, f"/prompts/{second.pk}/")
    assert body.count('class="before"') == 2 and f'href="/prompts/{second.follows_id}/"' in body
    assert shown(client, f"/prompts/{second.follows_id}/").count('class="before"') == 0


def test_a_name_in_an_answer_before_gives_the_maker_away(board):
    rules = VotingRules(board=board)
    pair = Comparison.objects.get(prompt__key="q:turn-2")
    assert given_away(board, rules, pair) == []
    cache.clear()
    first = Output.objects.get(entry=pair.entry_a_id, prompt__key="q")
    QuerySet(Output).filter(pk=first.pk).update(text="I am Claude, made by Anthropic.")
    assert given_away(board, rules, Comparison.objects.get(pk=pair.pk)) != []
    assert given_away(board, rules, Comparison.objects.get(prompt__key="r:turn-2")) == []
