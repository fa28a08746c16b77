"""Pages of live battles: asking, waiting with and without scripts, voting, faults, erasing; the operator's form."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from leaderboard.models import ArenaPolicy, Board, LiveBattle, LiveSide, Output, Prompt, Rendering, Vote
from leaderboard.services import arenas, live_rules
from leaderboard.services.arenas import ArenaSettings

pytestmark = pytest.mark.django_db
FORM, OWN = "/boards/people/live/", "/boards/people-live/vote/"
GOOD = {"prompt": "17+25", "accepted": "yes"}


@pytest.fixture
def arena(board):
    cache.clear()
    made = arenas.make(board, ArenaSettings(slug="people", title="People"), user=None)
    live_rules.change(made, {"on": True})
    return made


def ask(client, **given):
    answer = client.post(FORM, GOOD | given)
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def text_of(answer):
    return answer.content.decode()


def test_from_a_prompt_to_the_reveal(client, arena, work):
    assert 'href="/boards/people/live/"' in text_of(client.get("/boards/people/vote/"))
    page = ask(client)
    waiting = text_of(client.get(page))
    assert "Two answers are being written" in waiting and 'hx-trigger="every 1s"' in waiting
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in waiting
    assert "bird-" not in waiting
    work()
    assert client.get(page)["Location"] == OWN
    polled = client.get(page, headers={"HX-Request": "true"})
    assert (polled.status_code, polled["HX-Redirect"], polled.content) == (200, OWN, b"")
    voting = client.get(OWN)
    assert "17+25" in text_of(voting) and "bird-" not in text_of(voting)
    token = voting.context["signed"]
    shown = client.post(OWN, {"token": token, "choice": "left"}, follow=True)
    assert text_of(shown).count("bird-") >= 2
    assert Vote.objects.get().board.slug == "people-live"
    following = client.get(OWN + f"?after={token}", follow=True)
    assert following.redirect_chain[-1][0].startswith(FORM)
    assert "Take the last vote back" in text_of(following)
    undone = client.post("/boards/people-live/vote/undo/", {"token": token}, follow=True)
    assert "Your vote is taken back" in text_of(undone)


def test_one_who_has_an_open_battle_is_led_to_it(client, arena, work):
    page = ask(client)
    assert client.get(FORM)["Location"] == page
    assert ask(client, prompt="1+1") == page
    work()
    assert client.get(FORM)["Location"] == page


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"prompt": ""}, "Write what both are to answer."),
        ({"accepted": None}, "Tick the box to agree that the prompt is stored."),
        ({"prompt": "x" * 2001}, "The prompt has 2001 characters; at most 2000 are allowed here."),
    ],
    ids=["nothing", "no consent", "too long"],
)
def test_a_fault_stands_on_its_field_and_keeps_what_was_written(client, arena, given, message):
    sent = {name: value for name, value in (GOOD | given).items() if value is not None}
    answer = client.post(FORM, sent)
    assert answer.status_code == 422
    assert message in text_of(answer) and 'aria-invalid="true"' in text_of(answer)
    assert sent["prompt"] in text_of(answer)


def test_a_day_limit_says_how_long_to_wait(client, arena):
    live_rules.change(Board.objects.select_related("policy", "live_rules").get(pk=arena.pk), {"arena_day": 1})
    ask(client)
    other = Client()
    answer = other.post(FORM, GOOD)
    assert answer.status_code == 429 and int(answer["Retry-After"]) > 0
    assert "At most 1 prompts a day on this arena. You can ask again in" in text_of(answer)


def test_nobody_else_sees_a_battle(client, arena, work):
    page = ask(client)
    other = Client()
    assert other.get(page).status_code == 404
    work()
    assert other.get(page).status_code == 404
    assert other.get(OWN)["Location"] == FORM, "no live pair is dealt to others"


def test_off_by_default_and_off_again(client, board, arena):
    assert client.get("/boards/sums/live/").status_code == 404
    ArenaPolicy.objects.filter(board=arena).update(live=False)
    assert client.get(FORM).status_code == 404
    assert client.post(FORM, GOOD).status_code == 422 or not LiveBattle.objects.exists()
    assert "/live/" not in text_of(client.get("/boards/people/vote/"))


def test_the_arenas_policy_holds_for_live_battles(client, arena, ada):
    ArenaPolicy.objects.filter(board=arena).update(paused=True)
    assert "Voting on this board is paused" in text_of(client.get(FORM))
    assert client.post(FORM, GOOD).status_code == 403
    assert "Voting on this board is paused" in text_of(client.get(OWN))
    ArenaPolicy.objects.filter(board=arena).update(paused=False, access="account")
    assert "Only people with an account" in text_of(Client().get(FORM))
    ask(ada)


@pytest.mark.parametrize("why", LiveBattle.Why.values)
def test_a_broken_battle_says_why_and_offers_the_form_again(client, arena, why):
    page = ask(client)
    LiveBattle.objects.update(state=LiveBattle.State.BROKEN, why=why)
    told = text_of(client.get(page))
    assert "No vote on this one" in told and "Nothing was counted." in told
    assert "17+25</textarea>" in told
    assert client.get(OWN)["Location"] == FORM
    ask(client)


def test_what_is_there_is_shown_as_text_and_never_as_markup(client, arena):
    page = ask(client)
    LiveSide.objects.update(text="<b>bold</b> " + "x" * 100)
    told = text_of(client.get(page))
    assert "&lt;b&gt;bold&lt;/b&gt;" in told and "<b>bold" not in told


def test_waiting_costs_the_same_queries_whatever_was_asked_before(client, arena, work, django_assert_max_num_queries):
    page = ask(client)
    client.get(page)
    with django_assert_max_num_queries(16):
        client.get(page)


def test_an_author_erases_the_texts_and_the_vote_stays(client, arena, work):
    page = ask(client)
    work()
    erase = f"{page}erase/"
    assert "Vote on this pair, or skip it" in text_of(client.post(erase, follow=True))
    client.post(OWN, {"token": client.get(OWN).context["signed"], "choice": "tie"})
    assert "17+25" in text_of(client.get("/me/votes/"))
    assert Client().post(erase).status_code == 404
    assert Rendering.objects.exists()
    assert "are erased" in text_of(client.post(erase, follow=True))
    assert not Prompt.objects.filter(text="17+25").exists()
    prompt = LiveBattle.objects.get().prompt
    assert set(Output.objects.filter(prompt=prompt).values_list("text", flat=True)) == {""}
    assert not Rendering.objects.exists()
    assert Vote.objects.count() == 1
    work()
    own = Board.objects.get(slug="people-live")
    assert {row.n for row in own.current.standings.all()} == {1}
    told = text_of(client.get(f"/prompts/{prompt.pk}/"))
    assert "it was erased" in told and "erased at the request" in told
    assert client.post(erase).status_code == 404


@pytest.mark.parametrize("signed_in", [False, True])
def test_leaving_erases_every_prompt(arena, user, signed_in, work):
    visitor = Client()
    if signed_in:
        visitor.force_login(user)
    ask(visitor)
    visitor.post("/me/votes/", {"sure": "yes"})
    battle = LiveBattle.objects.get()
    assert (battle.state, battle.prompt.text) == (LiveBattle.State.BROKEN, "")
    assert battle.erased_at <= timezone.now()


def test_an_operator_sets_the_rules_on_the_arenas_page(board, user, client):
    user.is_staff = True
    user.save()
    client.force_login(user)
    arena = arenas.make(board, ArenaSettings(slug="people", title="People"), user=user)
    assert "Allow live battles" in text_of(client.get("/boards/people/arena/"))
    sent = {
        f"live-{name}": value for name, value in live_rules.LiveSettings().canonical().items() if value is not False
    }
    sent |= {"action": "live", "live-on": "on", "live-tokens": "64"}
    assert client.post("/boards/people/arena/", sent | {"live-tokens": "0"}).status_code == 422
    assert not Board.objects.filter(live=True).exists()
    assert client.post("/boards/people/arena/", sent).status_code == 302
    kept = live_rules.settings_of(Board.objects.select_related("policy", "live_rules").get(pk=arena.pk))
    assert (kept.on, kept.tokens, kept.rated) == (True, 64, True)
    assert "People, live" in text_of(client.get("/boards/people/arena/"))
    assert client.get("/boards/people-live/arena/")["Location"] == "/boards/people/arena/"


def test_a_new_arena_may_take_live_battles_at_once(board, user, client):
    user.is_staff = True
    user.save()
    client.force_login(user)
    page = client.get("/boards/sums/arena/new/")
    sent = {
        name: field.initial if field.initial is not None else ""
        for name, field in page.context["form"].fields.items()
        if field.initial not in (False, None)
    }
    sent |= {"slug": "duel", "title": "Duel", "live-on": "on", "live-characters": "10"}
    assert client.post("/boards/sums/arena/new/", sent).status_code == 302
    made = Board.objects.select_related("policy", "live_rules").get(slug="duel")
    assert (live_rules.settings_of(made).on, live_rules.settings_of(made).characters) == (True, 10)
    assert Board.objects.get(slug="duel-live").live
