"""The sentence below a board's table: by what it is ranked, and from how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leaderboard.models import Board


def basis(board: Board, details: Mapping[str, Any], category: Mapping[str, Any] | None) -> str:
    """By what the rows are ranked; `category`: what the snapshot keeps of the one that is shown, None for all."""
    told = {
        "rater": details.get("rater", ""),
        "version": details.get("version", ""),
        "benchmark": board.benchmark,
        "facts": _of_category(category) if category else _of_all(details.get("counts") or {}),
        "baseline": board.baseline,
    }
    if board.baseline is None:
        return _("Ranked by %(rater)s %(version)s on %(benchmark)s, from %(facts)s.") % told
    return _("Ranked by %(rater)s %(version)s on %(benchmark)s, from %(facts)s; baseline: %(baseline)s.") % told


def _of_all(counts: Mapping[str, int]) -> str:
    n = counts.get("verdicts", 0)
    told = {"n": f"{n:,}", "unscored": f"{counts.get('unscored', 0):,}"}
    return (
        ngettext("%(n)s verdict, %(unscored)s of them unscored", "%(n)s verdicts, %(unscored)s of them unscored", n)
        % told
    )


def _of_category(category: Mapping[str, Any]) -> str:
    verdicts, prompts = category["verdicts"], category["prompts"]
    return _("%(verdicts)s on %(prompts)s of %(category)s") % {
        "verdicts": ngettext("%(n)s verdict", "%(n)s verdicts", verdicts) % {"n": f"{verdicts:,}"},
        "prompts": ngettext("%(n)s prompt", "%(n)s prompts", prompts) % {"n": f"{prompts:,}"},
        "category": category["name"],
    }
