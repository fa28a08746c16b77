"""One judge's whole audit, put together. Sections that the facts do not reach are None, and say why where they can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from leaderboard.contracts.said import said
from leaderboard.ratings.agreement.calibration import Calibration, calibrate
from leaderboard.ratings.agreement.draws import FEW_CLUSTERS, Draws
from leaderboard.ratings.agreement.habits import Orders, Repeats, Slot, orders, repeats, slots
from leaderboard.ratings.agreement.induced import Induced, induced
from leaderboard.ratings.agreement.people import Agreement, Ceiling, agreement, ceiling
from leaderboard.ratings.agreement.taste import SelfPreference, Taste, longest, self_preference, taste
from leaderboard.ratings.agreement.verdicts import NO_VOTES, Calls, Floats, Items, Votes, forced, side
from leaderboard.ratings.agreement.worth import Worth, worth
from leaderboard.ratings.variation.resampling import Bootstrap, Estimate

NO_PEOPLE = said("Nobody has voted on a comparison that this judge scored, so agreement with people is not known.")


@dataclass(frozen=True)
class Case:
    """What is known of one judge. `truth`: (M,) credit of side a by exact references, NaN where they do not tell.

    `others`: (M,) mean credit of other judges, NaN without. `families`: of each entrant, `family` the judge's own,
    "" where it is not known.
    """

    items: Items
    calls: Calls
    votes: Votes = NO_VOTES
    truth: Floats | None = None
    others: Floats | None = None
    families: tuple[str, ...] = ()
    family: str = ""


@dataclass(frozen=True)
class Truth:
    """A judge against exact references where just one of the answers is right, over `items` such comparisons.

    `accuracy`: a tie is one half. `decided`: without the judge's ties.
    """

    items: int
    accuracy: Estimate
    decided: Estimate


@dataclass(frozen=True)
class People:
    """All that needs votes. `rule`: the rule that the longer answer wins, measured as the judge is.

    `rule_judge`: that rule against the majorities of the leave-one-out. Both are None without lengths.
    """

    agreement: Agreement
    ceiling: Ceiling
    rule: Agreement | None
    rule_judge: Estimate | None
    induced: Induced
    worth: Worth
    calibration: Calibration
    taste: Taste


@dataclass(frozen=True)
class Audit:
    """The sections. `balanced`, `single`: the first slot where both orders were shown, and where one was."""

    entrants: int
    items: int
    calls: int
    scored: int
    clusters: int
    people: People | None
    truth: Truth | None
    truth_rule: Truth | None
    balanced: Slot
    single: Slot
    orders: Orders
    repeats: Repeats
    taste: Taste
    own: SelfPreference | None
    notes: tuple[str, ...] = field(default_factory=tuple)


def audit(case: Case, plan: Bootstrap | None = None) -> Audit:
    """Every section. Raises ValueError where the judge gave no verdict at all."""
    if not len(case.calls):
        raise ValueError("an audit needs a verdict")
    draws = Draws.of(case.items.cluster, plan or Bootstrap())
    credit = case.calls.means(len(case.items))
    rule = longest(case.items)
    rule_credit = None if rule is None else rule.credit
    people = _people(case, credit, rule_credit, draws)
    slot = slots(case.calls, draws)
    return Audit(
        entrants=len(np.unique(np.concatenate([case.items.a, case.items.b]))),
        items=len(np.unique(case.calls.item)),
        calls=len(case.calls),
        scored=int(case.calls.scored.sum()),
        clusters=len(np.unique(case.items.cluster[case.calls.item])),
        people=people,
        truth=_truth(case, credit, draws),
        truth_rule=None
        if rule_credit is None
        else _truth(case, np.where(np.isnan(credit), np.nan, rule_credit), draws),
        balanced=slot[0],
        single=slot[1],
        orders=orders(case.calls, draws),
        repeats=repeats(case.calls, draws),
        taste=taste(case.items, credit, draws),
        own=_own(case, credit, draws),
        notes=_notes(case, people),
    )


def _people(case: Case, credit: Floats, rule: Floats | None, draws: Draws) -> People | None:
    """None where no comparison has both a scored verdict and a vote."""
    found = agreement(credit, case.votes, draws)
    if not found.items:
        return None
    shared = np.where(np.isnan(credit) | np.isnan(case.votes.means(len(credit))), np.nan, 1.0)
    seen = None if rule is None else rule * shared
    votes = case.votes.take(~np.isnan(credit[case.votes.item]))
    return People(
        agreement=found,
        ceiling=ceiling(credit, votes, draws),
        rule=None if seen is None else agreement(seen, votes, draws),
        rule_judge=None if seen is None else ceiling(seen, votes, draws).judge,
        induced=induced(case.items, credit, votes, draws.plan),
        worth=worth(credit, votes, draws),
        calibration=calibrate(credit, votes, draws),
        taste=taste(case.items, votes.means(len(credit)), draws, votes=votes),
    )


def _truth(case: Case, credit: Floats, draws: Draws) -> Truth | None:
    """None where references never tell two answers apart that the judge scored."""
    if case.truth is None:
        return None
    use = (side(case.truth) != 0) & ~np.isnan(case.truth) & ~np.isnan(credit)
    if not np.any(use):
        return None
    score = np.where(use, forced(credit, case.truth), np.nan)
    clear = np.where(use & (side(credit) != 0), score, np.nan)
    return Truth(int(use.sum()), draws.share(score), draws.share(clear))


def _own(case: Case, credit: Floats, draws: Draws) -> SelfPreference | None:
    """Against people where they voted on such comparisons, else against the other judges."""
    if not case.family or len(case.families) != len(case.items.names):
        return None
    sources: Mapping[str, Floats | None] = {
        "people": case.votes.means(len(credit)) if len(case.votes) else None,
        "other judges": case.others,
    }
    for name, reference in sources.items():
        if reference is not None:
            found = self_preference(
                case.items, credit, reference, draws, families=case.families, family=case.family, against=name
            )
            if found is not None:
                return found
    return None


def _notes(case: Case, people: People | None) -> tuple[str, ...]:
    notes = []
    if people is None:
        notes.append(NO_PEOPLE)
    clusters = len(np.unique(case.items.cluster[case.calls.item]))
    if clusters < FEW_CLUSTERS:
        notes.append(
            said("Only {clusters} clusters of comparisons: the intervals are likely too narrow.", clusters=clusters)
        )
    return tuple(notes)
