"""Verdicts by content: what a judge said of the same texts in the same order is stored again without a call.

Only numbers are taken over. A verdict without one may be a passing fault, so it is asked for again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.values import Pair, VerdictState
from leaderboard.models import Judge, Judgment
from leaderboard.services import facts

BATCH = 500


def content_of(judge: Judge, pair: Pair, repeat: int = 0) -> str:
    """The same for the same judge, texts, order and repeat, whichever comparison they belong to."""
    shown = {name: value for name, value in vars(pair).items() if name != "key"}
    shown |= {name: [asdict(turn) for turn in shown[name]] for name in ("earlier_a", "earlier_b")}
    return fingerprint("verdict", judge.fingerprint, shown, repeat)


def copy_known(judge: Judge, contents: Mapping[int, str], *, swapped: bool) -> set[int]:
    """Store a verdict for each comparison whose content is known, at no cost; their ids.

    `contents`: the content of each comparison, by its id.
    """
    found = _known(set(contents.values()))
    rows = [
        _copy(found[content], judge=judge, comparison_id=pk, swapped=swapped)
        for pk, content in contents.items()
        if content in found
    ]
    facts.add_judgments(rows)
    return {row.comparison_id for row in rows}


def _known(contents: set[str]) -> dict[str, Judgment]:
    """The earliest number of each content."""
    wanted = sorted(contents - {""})
    found: dict[str, Judgment] = {}
    for start in range(0, len(wanted), BATCH):
        rows = Judgment.objects.filter(content__in=wanted[start : start + BATCH], state=VerdictState.SCORED)
        found |= {row.content: row for row in rows.order_by("-pk")}
    return found


def _copy(known: Judgment, **place: Any) -> Judgment:
    """A new fact with the old one's verdict; it names the judgment that was paid for."""
    first = known.provenance.get("cached_from", known.pk)
    told = {"credit_a": known.credit_a, "raw": known.raw, "evidence": known.evidence, "content": known.content}
    return Judgment(
        state=known.state,
        seconds=0.0,
        cost_usd=0.0,
        provenance={**known.provenance, "cached_from": first},
        **told,
        **place,
    )
