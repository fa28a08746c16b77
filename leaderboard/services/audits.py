"""Audits of judges: made by a job once a board is idle, kept as facts; pages only read them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from django.conf import settings
from django.db import transaction
from django.db.models import Count

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.models import Board, Entry, Judge, JudgeAudit, Judgment, Submission
from leaderboard.ratings.agreement import report
from leaderboard.ratings.agreement.audit import Case, audit
from leaderboard.ratings.agreement.draws import Draws
from leaderboard.ratings.agreement.drift import drift
from leaderboard.ratings.agreement.families import FAMILIES, Rules, family_of, rules_of
from leaderboard.ratings.agreement.habits import spent, states
from leaderboard.ratings.agreement.matrix import Met, matrix
from leaderboard.ratings.variation.resampling import Bootstrap
from leaderboard.services.audit_data import Material, judges_of, material, stamp
from leaderboard.services.details import plain
from leaderboard.services.streams import Scope

PLAN = Bootstrap(replicates=1000, seed=0)
PEOPLE = "people"


class Details(TypedDict, total=False):
    """Keys of `JudgeAudit.details` beside the fields of `ratings.agreement.audit.Audit`, nested as there.

    Estimates have `value`, `se`, `low` and `high`, each null where it is not known; shares are of 1.
    """

    replicates: int
    confidence: float
    model: str
    """The judge's model, as its settings name it; "" for none."""
    family: str
    states: list[dict[str, Any]]
    """name, n, share of each state of a verdict."""
    cost: dict[str, Any]
    seconds: dict[str, Any]
    """known, total, mean and quantiles of a verdict's cost in dollars and of its time."""
    matrix: list[dict[str, Any]]
    """Agreement with each other judge, and with people: first, second, items, accuracy, same, kappa."""
    drift: list[dict[str, Any]]
    """Each round of canaries against the first verdicts."""
    boards: list[dict[str, Any]]
    """Of an audit over all boards alone, its parts: board, digest of the audit there, items, calls and scored."""
    models: list[dict[str, Any]]
    """requested, returned, n: models that verdicts were asked of and that answered, where it was told."""


def refresh_when_idle(board: Board) -> list[JudgeAudit]:
    """As `refresh`, but not while submissions to the board still run: the last of them asks again."""
    home = board.parent or board
    running = Submission.objects.filter(board=home).exclude(state__in=Submission.ENDED)
    return [] if running.exists() else refresh(home)


def refresh(board: Board) -> list[JudgeAudit]:
    """An audit of every judge with a verdict on the board; an equal one is reused.

    A child board shares its parent's entries, so people's votes there count for the parent's audits.
    """
    home = board.parent or board
    entries = entries_of(home)
    judges = judges_of(home, entries)
    digest = fingerprint(stamp(home, entries), [list(rule) for rule in rules()])
    known = list(JudgeAudit.objects.filter(board=home, digest=digest, judge__in=judges))
    if not judges or len(known) == len(judges):
        return known
    found = material(home, entries)
    met = meetings(judges, found)
    made = [(judge, details_of(judge, found, met, models_of(judge, home, entries))) for judge in judges]
    with transaction.atomic():
        return [
            JudgeAudit.objects.get_or_create(judge=judge, board=home, digest=digest, defaults={"details": plain(told)})[
                0
            ]
            for judge, told in made
        ]


def entries_of(home: Board) -> list[Entry]:
    """What a board's audits are over, in their order."""
    return list(home.ranked_entries().with_parts().order_by("slug"))


def meetings(judges: Sequence[Judge], found: Material) -> Sequence[Met]:
    """Who agrees with whom."""
    return matrix(_credits(judges, found), Draws.of(found.items.cluster, PLAN))


def rules() -> Rules:
    """Families of models: the operator's rules before our own."""
    return (*rules_of(settings.MODEL_FAMILIES), *FAMILIES)


def _credits(judges: Sequence[Judge], found: Material) -> dict[str, Any]:
    own = {judge.name: found.credit(judge.pk) for judge in judges}
    return {PEOPLE: found.votes.means(len(found.items)), **own} if len(found.votes) else own


def details_of(
    judge: Judge, found: Material, met: Sequence[Met], models: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """The audit of one judge, as `Details` has it."""
    verdicts, known = found.judges[judge.pk], rules()
    model = model_of(judge)
    case = Case(
        found.items,
        verdicts.calls,
        found.votes,
        truth=found.truth,
        others=found.others(judge.pk),
        families=tuple(family_of(name, known) for name in found.models),
        family=family_of(model, known),
    )
    own: Details = {
        "replicates": PLAN.replicates,
        "confidence": PLAN.confidence,
        "model": model,
        "family": case.family,
        "states": [dataclasses.asdict(state) for state in states(verdicts.states, PLAN.confidence)],
        "cost": dataclasses.asdict(spent(verdicts.cost)),
        "seconds": dataclasses.asdict(spent(verdicts.seconds)),
        "matrix": [dataclasses.asdict(one) for one in met if judge.name in (one.first, one.second)],
        "drift": [
            dataclasses.asdict(one) for one in drift(found.items, verdicts.again, Draws.of(found.items.cluster, PLAN))
        ],
        "models": [dict(one) for one in models],
    }
    return {**report.as_details(audit(case, PLAN)), **own}


def model_of(judge: Judge) -> str:
    """The model that a judge's settings name, however deep; an imported judge is called by its model's name itself."""
    if judge.plugin == "imported":
        return judge.name
    return _named(judge.params)


def _named(params: Any) -> str:
    if not isinstance(params, Mapping):
        return ""
    own = params.get("model")
    return own if isinstance(own, str) else next(filter(None, map(_named, params.values())), "")


def models_of(judge: Judge, board: Board, entries: list[Entry]) -> list[dict[str, Any]]:
    """By what was asked for and what the server said it was."""
    mine = Judgment.objects.filter(Scope.of(board, entries).pairs, judge=judge)
    asked, told = "provenance__model", "evidence__returned_model"
    found = mine.order_by().values_list(asked, told).annotate(n=Count("pk"))
    rows = [{"requested": one or "", "returned": two or "", "n": n} for one, two, n in found if one or two]
    return sorted(rows, key=lambda row: (-row["n"], row["requested"], row["returned"]))
