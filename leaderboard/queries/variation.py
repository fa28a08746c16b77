"""Reads the non-determinism reports of boards; `services.variation` makes them."""

from __future__ import annotations

from django.db.models import Max, Q, QuerySet

from leaderboard.models import Board, Entry, LanguageModel, VariationReport


def latest(board: Board) -> list[VariationReport]:
    """The latest report of each model of the board, by the model's name."""
    return list(_latest(board).order_by("model__name", "model"))


def models(board: Board) -> list[LanguageModel]:
    """The models with a report on the board, by name; their reports are not read."""
    reported = VariationReport.objects.filter(board=board).values("model")
    return list(LanguageModel.objects.filter(pk__in=reported).order_by("name", "pk"))


def of_model(board: Board, model_id: int) -> VariationReport | None:
    """The model's latest report on the board; None where there is none.

    By way of the models, since a foreign key compared with a number that SQLite cannot hold is an error.
    """
    return _latest(board).filter(model__in=LanguageModel.objects.filter(pk=model_id)).first()


def digest_of_model(board: Board, model_id: int) -> str:
    """The digest of the model's latest report on the board, without reading the report; "" where there is none."""
    found = _latest(board).filter(model__in=LanguageModel.objects.filter(pk=model_id))
    return found.values_list("digest", flat=True).first() or ""


def newest_digest(board: Board) -> str:
    """The digest of the board's newest report; "" where there is none."""
    found = VariationReport.objects.filter(board=board).order_by("-pk").values_list("digest", flat=True)
    return found.first() or ""


def boards_of(entry: Entry) -> list[Board]:
    """The boards with a report of the entry's model that rank the entry, by title."""
    reported = VariationReport.objects.filter(model=entry.model_id).values("board")
    ranks_it = Q(entries=entry) | Q(parent__entries=entry)
    return list(Board.objects.filter(ranks_it, pk__in=reported).distinct().order_by("title", "pk"))


def _latest(board: Board) -> QuerySet[VariationReport]:
    last = VariationReport.objects.filter(board=board).order_by().values("model").annotate(last=Max("pk"))
    return VariationReport.objects.filter(pk__in=last.values("last")).select_related("model")
