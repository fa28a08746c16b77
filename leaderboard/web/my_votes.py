"""A voter's own page: their votes, how these agree with others, their own ranking, and how to leave."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from leaderboard.queries import live as read_live
from leaderboard.queries import my_data as read_data
from leaderboard.queries import my_votes as read
from leaderboard.services import live_erasure, voter_links
from leaderboard.web.arena import LABELS
from leaderboard.web.voter_identity import forget, known_voter_of, user_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def my_votes(request: HttpRequest) -> HttpResponse:
    """Votes of the account, or of this browser where nobody is signed in; `?board=` names one board."""
    if request.method == "POST":
        return _erase(request)
    voter = known_voter_of(request)
    boards = read.boards_of(voter) if voter else []
    chosen = next((one for one in boards if one.board.slug == request.GET.get("board")), boards[0] if boards else None)
    context: dict[str, Any] = {"boards": boards, "chosen": chosen, "labels": LABELS, "newest": read.NEWEST}
    context["asked"] = read_live.own(voter) if voter else []
    if chosen:
        lines, page = read.lines(chosen.board, voter, request.GET.get("page", "1"))
        context |= {
            "lines": [(line, LABELS[line.choice]) for line in lines],
            "page": page,
            "summary": read.summary(chosen.board, voter),
        }
    return render(request, "my_votes.html", context)


@never_cache
@require_safe
def my_data(request: HttpRequest) -> StreamingHttpResponse:
    """Everything that leads to the account, or to this browser's voter, as JSON lines."""
    lines = read_data.lines(user_of(request), known_voter_of(request))
    headers = {"Content-Disposition": 'attachment; filename="my-data.jsonl"'}
    return StreamingHttpResponse(lines, content_type="application/x-ndjson", headers=headers)


def _erase(request: HttpRequest) -> HttpResponse:
    if request.POST.get("sure") != "yes":
        messages.error(request, _("Tick the box first: this cannot be undone."))
        return redirect("my-votes")
    user = user_of(request)
    if user is not None:
        voter_links.erase(user)
    else:
        live_erasure.erase_all(known_voter_of(request))
    forget(request)
    messages.success(request, _("Done. Your votes stay, and nothing leads from them to you any more."))
    return redirect("my-votes")
