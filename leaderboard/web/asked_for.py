"""What the pages of submissions and sweeps share: their owner cancels them, or retries what failed."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import ngettext

from leaderboard.models import Submission, Sweep
from leaderboard.queries.owners import may_change
from leaderboard.services.submissions import Conflict
from leaderboard.web.heard import heard


def change(
    request: HttpRequest,
    found: Submission | Sweep,
    *,
    cancel: Callable[[], int],
    retry: Callable[[], int],
    not_yours: str,
    ended: str,
) -> None:
    """Do what the form's `action` asks for, and leave a message. `cancel`: how many it ended; `ended`: said where none.

    Raises PermissionDenied, with `not_yours`, for all but the owner and staff.
    """
    if not may_change(found, request.user):
        raise PermissionDenied(not_yours)
    if request.POST.get("action") == "cancel":
        if not cancel():
            messages.info(request, ended)
    elif request.POST.get("action") == "retry":
        try:
            messages.success(request, tried_again(retry()))
        except Conflict as problem:
            messages.error(request, heard(str(problem)))


def tried_again(count: int) -> str:
    """What is said once jobs are tried again."""
    text = ngettext("Trying %(count)s failed job again.", "Trying %(count)s failed jobs again.", count)
    return text % {"count": count}
