"""The published rule of pairs as text, for the page that says how a board works."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leaderboard.models import Board
from leaderboard.queries.pairing import published
from leaderboard.ratings.pairing import Sampling
from leaderboard.web.language import translated


@dataclass(frozen=True)
class Shown:
    """What the section shows. `settings`: title, value, what it does; `entries`: name, slug, share, weight, least."""

    formula: str
    note: str
    snapshot: str
    made_at: datetime
    settings: list[tuple[str, str, str]]
    prompts: int
    shown: tuple[int, int]
    categories: list[tuple[str, str]]
    entries: list[tuple[str, str, str, str, str]]


def section(board: Board) -> Shown | None:
    """The board's plan as text; None where it draws no pairs."""
    plan = published(board)
    if plan is None:
        return None
    weights, least_of = plan.rule["weights"], plan.rule["least_of"]
    entries = [
        (
            one.name,
            one.slug,
            _percent(one.share),
            f"{weights.get(one.slug, 1.0):g}",
            _percent(least_of.get(one.slug, plan.rule["least"]) * plan.equal),
        )
        for one in sorted(plan.entries, key=lambda one: (-one.share, one.name))
    ]
    settings = [
        (translated(field.title or name), _value(plan.rule[name]), translated(field.description))
        for name, field in Sampling.model_fields.items()
        if name in plan.rule
    ]
    categories = [(name or _("none"), _percent(chance)) for name, chance in plan.categories]
    return Shown(
        _formula(),
        translated(plan.note),
        plan.snapshot,
        plan.made_at,
        settings,
        plan.prompts,
        plan.shown,
        categories,
        entries,
    )


def _formula() -> str:
    return _(
        "P(i, j) ∝ w_i · w_j · ( (1 − u) · gain(i, j)^s / Σ gain^s + u / number of pairs ), "
        "each entry's share ≥ its least"
    )


def _value(value: object) -> str:
    """A setting; those by entry stand in the table of entries."""
    if isinstance(value, dict):
        n = len(value)
        return ngettext("%(n)s named", "%(n)s named", n) % {"n": n} if n else _("none named")
    return str(value)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
