"""Pages of entries and prompts, and two entries side by side."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from leaderboard.contracts.params import InvalidInput
from leaderboard.models import Board, Entry, Flag, Output
from leaderboard.queries import boards as read_boards
from leaderboard.queries import compare as read_compare
from leaderboard.queries import entries as read
from leaderboard.queries import variation as read_variation
from leaderboard.queries.flags import all_flags, flags_of
from leaderboard.queries.render import render as as_html
from leaderboard.queries.turns import Talks
from leaderboard.services import flags as flag_service
from leaderboard.web.accounts import take
from leaderboard.web.boards import details_of
from leaderboard.web.contrasts import contrast, length_controlled, record
from leaderboard.web.flags import DecisionForm, prefix, sections
from leaderboard.web.talks import shown


def _written(outputs: list[Output]) -> list[dict[str, Any]]:
    """Outputs with their text as safe HTML, the turns before, and the candidates that a selector chose among."""
    candidates, talks = read.candidates_of(outputs), Talks.of_outputs(outputs)
    return [
        {
            "output": o,
            "html": as_html(o.text),
            "candidates": candidates.get(o.pk, []),
            "talk": shown(talks.before(o.prompt, o.entry_id, o.sample), as_html),
        }
        for o in outputs
    ]


@require_safe
def entry(request: HttpRequest, slug: str) -> HttpResponse:
    """What an entry is, where it stands, what it was flagged for and what it wrote."""
    return _entry_page(request, get_object_or_404(read.all_entries(), slug=slug), {})


@require_POST
def decide_flag(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Clear a flag or raise it again; what was sent wrongly stays on the page with the fault."""
    if not request.user.has_perm(flag_service.RIGHT):
        raise PermissionDenied
    flag = get_object_or_404(all_flags(), pk=pk, entry__slug=slug)
    form = DecisionForm(request.POST, prefix=prefix(pk))
    if not form.is_valid() or not _decided(request, flag, form):
        return _entry_page(request, flag.entry, {pk: form}, status=422)
    messages.success(request, _("Your decision is stored; the board is being worked out anew."))
    return redirect(f"{reverse('entry', args=[slug])}#flags")


def _decided(request: HttpRequest, flag: Flag, form: DecisionForm) -> bool:
    try:
        flag_service.decide(flag=flag, user=request.user, **form.cleaned_data)
    except InvalidInput as problem:
        take(form, problem)
        return False
    return True


def _entry_page(request: HttpRequest, found: Entry, bound: dict[int, DecisionForm], status: int = 200) -> HttpResponse:
    page, places = read.outputs_of(found, request.GET.get("cursor", "")), read.places(found)
    records = flags_of(found, read.kept_out(places))
    context = {
        "entry": found,
        "pool": found.pool() if found.decoding.pool_id else None,
        "places": places,
        "reported": read_variation.boards_of(found),
        "flags": sections(records, may_decide=request.user.has_perm(flag_service.RIGHT), bound=bound),
        "outputs": _written(page.rows),
        "next": page.next,
    }
    return _with_next(render(request, "entry.html", context, status=status), page.next)


@require_safe
def prompt(request: HttpRequest, pk: int) -> HttpResponse:
    """A prompt and every output to it."""
    found = get_object_or_404(read.all_prompts(), pk=pk)
    page = read.outputs_to(found, request.GET.get("cursor", ""))
    context = {"prompt": found, "outputs": _written(page.rows), "next": page.next}
    return _with_next(render(request, "prompt.html", context), page.next)


def _with_next(response: HttpResponse, cursor: str) -> HttpResponse:
    if cursor:
        response["Link"] = f'<?cursor={cursor}>; rel="next"'
    return response


@require_safe
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Two entries of a board, prompt by prompt; the first two where none are named."""
    board = get_object_or_404(read_boards.all_boards(), slug=slug)
    entries = list(board.ranked_entries().with_parts().order_by("slug"))
    context: dict[str, Any] = {"board": board, "entries": entries}
    if len(entries) > 1:
        context |= _head_to_head(request, board, entries)
    return render(request, "compare.html", context)


def _head_to_head(request: HttpRequest, board: Board, entries: list[Entry]) -> dict[str, Any]:
    left = _pick(request.GET.get("a"), entries, entries[0])
    rest = [found for found in entries if found != left]
    baseline = next((found for found in rest if found.pk == board.baseline_id), rest[0])
    right = _pick(request.GET.get("b"), entries, baseline)
    differ = request.GET.get("differ") == "1"
    pairs, page = read_compare.pairings(board, left, right, differ=differ, number=request.GET.get("page", "1"))
    talks = Talks((p.prompt, side.entry_id, side.sample) for p in pairs for side in (p.left, p.right))
    return {
        "left": left,
        "right": right,
        "same": left == right,
        "differ": differ,
        "contrast": contrast(details_of(board), left, right),
        "record": record(details_of(board), left, right),
        "equally_long": length_controlled(board, details_of(board), left, right),
        "totals": read_compare.totals(board, left, right),
        "pairs": [_pairing(p, talks) for p in pairs],
        "page": page,
    }


def _pairing(pair: read_compare.Pairing, talks: Talks) -> dict[str, Any]:
    """A pair with its texts as safe HTML. `talk`: the turns before that both answer; else each side has its own."""
    before = [talks.before(pair.prompt, side.entry_id, side.sample) for side in (pair.left, pair.right)]
    left, right = (shown(turns, as_html) for turns in before)
    own = pair.prompt.follows_id is not None
    return {
        "pair": pair,
        "left": as_html(pair.left.text),
        "right": as_html(pair.right.text),
        "people": _people(pair),
        "talk": [] if own else left,
        "left_talk": left if own else [],
        "right_talk": right if own else [],
    }


def _people(pairing: read_compare.Pairing) -> list[tuple[str, int]]:
    """What people said, and how many of them."""
    sides = {"left": _("left"), "right": _("right"), "tie": _("tie")}
    return [(sides.get(side, side), n) for side, n in pairing.people.items()]


def _pick(slug: str | None, entries: list[Entry], otherwise: Entry) -> Entry:
    if not slug:
        return otherwise
    for found in entries:
        if found.slug == slug:
            return found
    raise Http404(f"No entry '{slug}' is on this board.")
