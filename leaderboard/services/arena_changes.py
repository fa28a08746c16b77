"""Changes a running arena: how pairs are drawn, which entries are shown, who may vote, and how much.

Each change is one entry in the log of decisions, with what was before. Votes that were given stay as they are: an entry
that is shown no more keeps its votes and its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from pydantic import Field

from leaderboard.contracts.params import FieldError, InvalidInput, Params, parse_params
from leaderboard.models import ArenaPolicy, Board, Entry, User, VotingRules
from leaderboard.queries import arenas as read
from leaderboard.queries.integrity import rules_of
from leaderboard.ratings.pairing import Sampling
from leaderboard.services import arenas, audit_log, boards
from leaderboard.services.text import storable

LIMITS = ("account_minute", "account_day", "session_minute", "session_day", "network_minute", "network_day")
POLICY = ("access", "domains", "providers", "consent", "invite_only", "paused", "sampling")
LONGEST_REASON = 500


class ArenaChange(Params):
    """What changes; None stays. `sampling` and `limits` name only what changes in them. `entries`: those shown from
    now on; ones that the arena does not have are added, and ones that are left out keep their votes. `apart`: rate
    named and anonymous votes apart from now on, those cast before too.
    """

    paused: bool | None = None
    consent: str | None = Field(default=None, max_length=arenas.MOST_CONSENT)
    access: Literal["anyone", "account", "domain", "provider"] | None = None
    domains: list[str] | None = Field(default=None, max_length=100)
    providers: list[str] | None = Field(default=None, max_length=100)
    invite_only: bool | None = None
    sampling: dict[str, Any] | None = None
    entries: list[str] | None = Field(default=None, max_length=10_000)
    limits: dict[str, int] | None = None
    apart: Literal[True] | None = None


def change(board: Board, given: Mapping[str, Any], *, user: User | None, reason: str = "") -> dict[str, list[Any]]:
    """Make the change and log it; what was and what is, by name, of all that differs.

    Raises InvalidInput at the names of `ArenaChange`, and at ("reason",).
    """
    told, asked = _one_line(reason), parse_params(ArenaChange, given)
    with transaction.atomic():
        ArenaPolicy.objects.get_or_create(board=board)
        policy = ArenaPolicy.objects.select_for_update().get(board=board)
        before = _state(board, policy)
        after = _checked(board, {**before, **_wanted(asked, before)}, before)
        changed = {name: [before[name], now] for name, now in after.items() if now != before[name]}
        if changed:
            _store(board, policy, after)
            audit_log.write("arena-changed", board=board, user=user, reason=told, data=changed)
            if changed.keys() & {"sampling", "entries", "access", "invite_only"}:
                _ask_for_refreshes(board)
    return changed


def _one_line(reason: str) -> str:
    told = " ".join(storable(reason).split())
    if len(told) > LONGEST_REASON:
        raise InvalidInput(FieldError(("reason",), _("At most 500 characters.")))
    return told


def _state(board: Board, policy: ArenaPolicy) -> dict[str, Any]:
    """All that can be changed, as it is now."""
    rules = rules_of(board)
    return {
        **{name: getattr(policy, name) for name in POLICY},
        "entries": sorted(entry.slug for entry in read.shown(board)),
        "limits": {name: getattr(rules, name) for name in LIMITS},
        "apart": len(arenas.apart_of(board)) == len(arenas.APART_TITLES),
    }


def _wanted(asked: ArenaChange, before: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, in full. Raises InvalidInput."""
    found = {name: value for name, value in asked.model_dump().items() if value is not None}
    if asked.consent is not None:
        found["consent"] = storable(asked.consent).strip()
    if asked.entries is not None:
        found["entries"] = sorted(set(asked.entries))
    if asked.sampling is not None:
        found["sampling"] = _sampling({**before["sampling"], **asked.sampling})
    if asked.limits is not None:
        found["limits"] = _limits(asked.limits, before["limits"])
    return found


def _sampling(given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return parse_params(Sampling, given).canonical()
    except InvalidInput as problem:
        raise InvalidInput(*(error.under("sampling") for error in problem.errors)) from None


def _limits(given: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    rules = VotingRules(**{**before, **{name: value for name, value in given.items() if name in LIMITS}})
    faults = [
        FieldError(("limits", name), _("There is no such limit. Limits: %(names)s.") % {"names": ", ".join(LIMITS)})
        for name in given
        if name not in LIMITS
    ]
    try:
        rules.clean_fields(exclude=["board"])
    except ValidationError as problem:
        faults += [FieldError(("limits", name), text) for name, found in problem.message_dict.items() for text in found]
    if faults:
        raise InvalidInput(*faults)
    return {name: getattr(rules, name) for name in LIMITS}


def _checked(board: Board, after: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What holds only between several of them. Raises InvalidInput.

    A policy that stays is left alone: its provider may be set up no more, and voting must be paused all the same.
    """
    home = board.parent or board
    policy = {name: after[name] for name in ("access", "domains", "providers")}
    sound = parse_params(arenas.ArenaSettings, {"slug": "arena", "title": "arena", **policy})
    known = {entry.slug for entry in home.ranked_entries()}
    weighed = [*after["sampling"].get("weights", {}), *after["sampling"].get("least_of", {})]
    faults = arenas.policy_faults(sound) if any(before[name] != after[name] for name in policy) else []
    for name, slugs in (("entries", after["entries"]), ("sampling", weighed)):
        lost = [slug for slug in slugs if slug not in known]
        if lost:
            faults.append(FieldError((name,), _("The board has no entry '%(name)s'.") % {"name": lost[0]}))
    if len(after["entries"]) < 2:
        faults.append(FieldError(("entries",), _("Show two entries or more.")))
    if faults:
        raise InvalidInput(*faults)
    return {**after, "domains": sound.domains, "providers": sorted(set(sound.providers))}


def _store(board: Board, policy: ArenaPolicy, after: Mapping[str, Any]) -> None:
    for name in POLICY:
        setattr(policy, name, after[name])
    policy.save(update_fields=POLICY)
    rules = rules_of(board)
    if any(getattr(rules, name) != value for name, value in after["limits"].items()):
        VotingRules.objects.update_or_create(board=board, defaults=after["limits"])
    if after["apart"]:
        arenas.rate_apart(board)
    _show(board, policy, after["entries"])


def _show(board: Board, policy: ArenaPolicy, slugs: Sequence[str]) -> None:
    """Entries that are not named are retired; those named that the arena lacks are added, on every board of it."""
    named = list(Entry.objects.filter(slug__in=slugs))
    if board.own_entries:
        for one in _family(board):
            one.entries.add(*named)
    policy.retired.set(board.ranked_entries().exclude(slug__in=slugs))


def _family(board: Board) -> list[Board]:
    """The arena and the boards that rate its votes apart, those with entries of their own."""
    return [one for one in (board, *arenas.apart_of(board)) if one.own_entries]


def _ask_for_refreshes(board: Board) -> None:
    """New plans of pairs, and new ratings of every board that counts the same votes or no longer does."""
    for one in {board.pk: board, **{one.pk: one for one in _family(board)}}.values():
        boards.request_refresh(one)
