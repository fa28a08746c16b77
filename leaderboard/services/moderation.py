"""What moderators do besides deciding on one voter: decide on a network of voters, and change a board's rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.models import Board, QuarantineDecision, User, VotingRules
from leaderboard.queries.integrity import quarantined
from leaderboard.queries.moderation import voters_of_network
from leaderboard.services import attention, audit_log, quarantine
from leaderboard.services.voter_lines import line_of

FIELDS = tuple(field.name for field in VotingRules._meta.fields if field.name not in ("id", "board"))
"""What `set_rules` takes."""
MOST_NAMES = 200


def decide(
    *, board: Board, voter: str, quarantined: bool, reason: str, user: Any, everywhere: bool = False
) -> QuarantineDecision:
    """Decide on one voter of a board, with the voter's present numbers. Raises as `quarantine.decide`."""
    where = None if everywhere else board
    return quarantine.decide(
        board=where, voter=voter, quarantined=quarantined, reason=reason, user=user, evidence=line_of(board, voter)
    )


def quarantine_network(*, board: Board, network: str, reason: str, user: Any) -> list[QuarantineDecision]:
    """Quarantine everyone who voted on the board from a network. Raises as `quarantine.decide`."""
    found = [voter for voter in voters_of_network(board, network) if voter not in quarantined(board)]
    if not found:
        message = _("Nobody who is not in quarantine already has voted from this network.")
        raise InvalidInput(FieldError(("network",), message))
    with transaction.atomic():
        return [
            quarantine.decide(
                board=board, voter=voter, quarantined=True, reason=reason, user=user, evidence={"network": network}
            )
            for voter in found
        ]


def set_rules(*, board: Board, user: Any, reason: str, changes: Mapping[str, Any]) -> VotingRules:
    """Change the board's rules, log what was and what is, and heed them at once.

    Raises PermissionError, InvalidInput at the field.
    """
    if not isinstance(user, User) or not user.has_perm(quarantine.RIGHT):
        message = _("Only a person with the permission %(right)s changes the rules.") % {"right": quarantine.RIGHT}
        raise PermissionError(message)
    told, rules = quarantine.checked_reason(reason), _stored(board)
    before = {name: getattr(rules, name) for name in FIELDS}
    for name in FIELDS:
        setattr(rules, name, changes.get(name, before[name]))
    _check(rules)
    changed = {name: [before[name], now] for name in FIELDS if (now := getattr(rules, name)) != before[name]}
    with transaction.atomic():
        rules.save()
        board.voting_rules = rules  # what was read with the board before is not heeded any more
        audit_log.write("rules-changed", board=board, user=user, reason=told, data=changed)
        if rules.attention_share and "attention_share" in changed:
            attention.plan(board)
        quarantine.enforce(board)
    return rules


def _stored(board: Board) -> VotingRules:
    """The rules as the database has them now: a form may have filled those that came with the board."""
    return VotingRules.objects.filter(board=board).first() or VotingRules(board=board)


def _check(rules: VotingRules) -> None:
    names = rules.leak_names
    if not isinstance(names, list) or len(names) > MOST_NAMES or any(not str(name).strip() for name in names):
        message = _("At most %(most)s names, one on each line.") % {"most": MOST_NAMES}
        raise InvalidInput(FieldError(("leak_names",), message))
    try:
        rules.clean_fields(exclude=["board"])
    except ValidationError as problem:
        raise InvalidInput(
            *(FieldError((name,), message) for name, found in problem.message_dict.items() for message in found)
        ) from None
