"""Makes boards that entries can be submitted to."""

from __future__ import annotations

from typing import Annotated

from django.db import IntegrityError, transaction
from pydantic import Field, StringConstraints

from leaderboard.contracts import registry
from leaderboard.contracts.params import FieldError, InvalidInput, Params
from leaderboard.contracts.values import BenchmarkData
from leaderboard.models import Board, Entry
from leaderboard.services import catalog
from leaderboard.services.arenas import Slug

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class BoardSettings(Params):
    """What a board is, beside its prompts.

    `baseline`: an entry that every other one is compared with; none means every pair of entries. `metric`: a metric
    plugin for the score, none for no score.
    """

    slug: Slug
    title: Title
    description: str = Field("", max_length=10_000)
    metric: str = ""
    rater: str = ""
    baseline: str = ""
    open_to_submissions: bool = True


def make(settings: BoardSettings, data: BenchmarkData) -> Board:
    """A board of the benchmark's prompts, without entries and judges. Nothing is stored where anything is wrong.

    Raises InvalidInput at the names of `BoardSettings`, and where the benchmark is stored with other prompts.
    """
    baseline = _baseline(settings.baseline)
    rater = settings.rater or ("win-rate" if baseline else "bradley-terry")
    registry.ratings.choose(rater, "rater")
    if Board.objects.filter(slug=settings.slug).exists():
        raise InvalidInput(FieldError(("slug",), f"There is a board '{settings.slug}' already. Choose another name."))
    try:
        with transaction.atomic():
            made = Board.objects.create(
                slug=settings.slug,
                title=settings.title,
                description=settings.description,
                benchmark=catalog.benchmark(data),
                metric=catalog.metric(plugin=settings.metric, params={}) if settings.metric else None,
                baseline=baseline,
                pairing=Board.Pairing.BASELINE if baseline else Board.Pairing.ALL,
                rater=rater,
                open_to_submissions=settings.open_to_submissions,
            )
            made.entries.add(*filter(None, [baseline]))
    except IntegrityError:
        raise InvalidInput(FieldError(("slug",), "This name has just been taken. Choose another.")) from None
    return made


def _baseline(slug: str) -> Entry | None:
    found = Entry.objects.filter(slug=slug).first() if slug else None
    if slug and found is None:
        raise InvalidInput(FieldError(("baseline",), f"There is no entry '{slug}'."))
    return found
