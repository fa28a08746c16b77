"""An audit as plain JSON and as lines of text: one wording for the command, the API and the pages."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leaderboard.contracts.said import Said, said
from leaderboard.ratings.agreement.audit import Audit

NONE = "–"
Figure = Mapping[str, float | None] | None


@dataclass(frozen=True)
class Line:
    """One figure: which section and name, its estimate, how it is written, over how many, and what to know of it.

    `kind`: "share" (of 1, shown in percent), "points" (a difference of shares), "loss" or "number".
    """

    section: str
    name: str
    figure: Figure
    kind: str
    n: int | None = None
    hint: str = ""


def as_details(found: Audit) -> dict[str, Any]:
    """All sections as nested dicts."""
    return dataclasses.asdict(found)


def text(figure: Figure, kind: str) -> str:
    """ "62.5 % (60.5 to 64.2)"; "–" where there is no number."""
    if not figure or figure.get("value") is None:
        return NONE
    value = _number(figure["value"], kind)
    unit = " %" if kind == "share" else ""
    if figure.get("low") is None or figure.get("high") is None:
        return f"{value}{unit}"
    return f"{value}{unit} ({_number(figure['low'], kind)} to {_number(figure['high'], kind)})"


def _number(value: float | None, kind: str) -> str:
    if value is None:
        return NONE
    if kind == "share":
        return f"{100 * value:.1f}"
    if kind == "loss":
        return f"{value:.4f}"
    if kind == "points":
        return f"{100 * value:+.1f}".replace("-", "−")
    return f"{value:.2f}".replace("-", "−")


def lines(details: Mapping[str, Any]) -> Iterator[Line]:
    """Every single figure of an audit's details, section by section; tables of their own are not among them."""
    if details.get("people"):
        yield from _people(details["people"])
    if details.get("truth"):
        yield from _truth(details)
    yield from _order(details)
    yield from _tastes(details)


def _people(people: Mapping[str, Any]) -> Iterator[Line]:
    own, others, rule = people["agreement"], people["ceiling"], people["rule"]
    section, items = said("Agreement with people"), own["items"]
    yield Line(
        section, said("Accuracy against the majority"), own["accuracy"], "share", items, said("a tie counts one half")
    )
    yield Line(
        section, said("The same, both decided"), own["decided"], "share", own["decided_items"], said("without ties")
    )
    yield Line(section, said("Commonest of three outcomes"), own["exact"], "share", items, said("tie is an outcome"))
    yield Line(section, said("Cohen’s κ, three outcomes"), own["kappa"], "number", items, said("against single votes"))
    yield Line(section, said("Cohen’s κ, decided"), own["kappa_decided"], "number", items, said("without ties"))
    if rule:
        yield Line(
            section,
            said("“The longer answer wins”"),
            rule["accuracy"],
            "share",
            rule["items"],
            said("the trivial rule"),
        )
    section, items = said("People against people"), others["items"]
    yield Line(section, said("One person against the others"), others["people"], "share", items, said("leave one out"))
    yield Line(section, said("The judge against the same"), others["judge"], "share", items)
    yield Line(section, said("Judge less person"), others["difference"], "points", items, said("percentage points"))
    yield Line(section, said("Cohen’s κ of two people"), others["kappa"], "number", items)
    yield Line(section, said("Krippendorff’s α of people"), others["alpha"], "number", items)
    induced, worth = people["induced"], people["worth"]
    section = said("Ranking and worth")
    yield Line(
        section, said("Spearman of the ratings"), induced["spearman"], "number", induced["entrants"], induced["reason"]
    )
    yield Line(section, said("One verdict in human votes"), worth["votes"], "number", worth["items"], worth["reason"])
    yield Line(section, said("The most that is possible"), worth["most"], "number", worth["items"])


def _truth(details: Mapping[str, Any]) -> Iterator[Line]:
    section, own, rule = said("Against exact references"), details["truth"], details.get("truth_rule")
    yield Line(
        section,
        said("Accuracy where one answer is right"),
        own["accuracy"],
        "share",
        own["items"],
        said("a tie is one half"),
    )
    yield Line(section, said("The same, the judge decided"), own["decided"], "share", own["items"])
    if rule:
        yield Line(
            section,
            said("“The longer answer wins”"),
            rule["accuracy"],
            "share",
            rule["items"],
            said("the trivial rule"),
        )


def _order(details: Mapping[str, Any]) -> Iterator[Line]:
    both, one, orders, again = (details[name] for name in ("balanced", "single", "orders", "repeats"))
    section = said("Order and repeats")
    if both["items"]:
        yield Line(
            section,
            said("First slot, both orders shown"),
            both["decided"],
            "share",
            both["calls"],
            said("even is 50 %"),
        )
        yield Line(
            section, said("Gain by coming first"), orders["shift"], "points", orders["items"], said("percentage points")
        )
        yield Line(section, said("Same outcome in both orders"), orders["same"], "share", orders["items"])
        yield Line(section, said("Each order went to the first slot"), orders["to_first"], "share", orders["items"])
        yield Line(section, said("Each order went to the second slot"), orders["to_second"], "share", orders["items"])
    if one["items"]:
        hint = said("one order was shown, so the better answer may have come first more often")
        yield Line(section, said("First slot, one order shown"), one["decided"], "share", one["calls"], hint)
    if again["items"]:
        yield Line(section, said("Same outcome when asked again"), again["same"], "share", again["items"])
        yield Line(section, said("Credit moved when asked again"), again["distance"], "points", again["items"])


def _tastes(details: Mapping[str, Any]) -> Iterator[Line]:
    people = (details.get("people") or {}).get("taste")
    for who, found in (("judge", details["taste"]), ("people", people)):
        if found:
            section = said("What the judge favours") if who == "judge" else said("What people favour")
            yield Line(section, said("The longer answer"), found["longer"], "share", found.get("longer_items"))
            yield Line(section, said("The only answer with a list"), found["lists"], "share", found.get("lists_items"))
            yield Line(
                section,
                said("Length, logits an SD"),
                found["slope"],
                "number",
                None,
                said("better answers may be longer"),
            )
            for effect in found["style"]:
                name = said("Style: {name}", name=Said(effect["name"]))
                yield Line(section, name, effect["effect"], "number", None, said("logits an SD, strengths held equal"))
    own = details.get("own")
    if own:
        section = said("Its own family")
        yield Line(section, said("Credit for {family}", family=own["family"]), own["own"], "share", own["items"])
        yield Line(section, said("The same by {judge}", judge=own["against"]), own["reference"], "share", own["items"])
        yield Line(section, said("Excess"), own["excess"], "points", own["items"], said("percentage points"))
