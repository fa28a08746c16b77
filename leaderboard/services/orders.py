"""Which comparisons a judge has still to judge, and in which order of the two sides."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from leaderboard.contracts import registry
from leaderboard.models import Board, Comparison, Judge, Judgment


def unjudged_by_order(board: Board, judge: Judge, among: Q) -> dict[bool, list[int]]:
    """Ids of the board's comparisons `among` these, by whether side b is shown first: in both orders, or in one.

    A board that pairs with its baseline has only comparisons with it.

    A judge may have a rule for its one order: whether the prompt's entry is shown before the baseline. Where neither
    side is the baseline, side a is shown as the entry.
    """
    if judge.both_orders:
        return {swapped: _ids(_unjudged(board, judge, among, swapped=swapped)) for swapped in (False, True)}
    rule = getattr(registry.judges.get(judge.plugin), "model_first", None)
    if rule is None:
        return {False: _ids(_unjudged(board, judge, among, swapped=False))}
    orders: dict[bool, list[int]] = {False: [], True: []}
    found = _unjudged(board, judge, among).order_by("pk").values_list("pk", "entry_a", "prompt__text")
    for pk, entry_a, text in found:
        orders[rule(text) == (entry_a == board.baseline_id)].append(pk)
    return orders


def _ids(rows: QuerySet[Comparison]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _unjudged(board: Board, judge: Judge, among: Q, **order: bool) -> QuerySet[Comparison]:
    judged = Judgment.objects.filter(judge=judge, comparison__prompt__benchmark=board.benchmark_id, **order)
    on_board = board.entries.values("pk")
    found = Comparison.objects.filter(
        among, _wanted(board), prompt__benchmark=board.benchmark_id, entry_a__in=on_board, entry_b__in=on_board
    )
    return found.exclude(pk__in=judged.values("comparison_id"))


def _wanted(board: Board) -> Q:
    """Other boards of these entries may have more comparisons than this one pays its judges for."""
    if board.pairing == Board.Pairing.ALL or board.baseline_id is None:
        return Q()
    return Q(entry_a=board.baseline_id) | Q(entry_b=board.baseline_id)
