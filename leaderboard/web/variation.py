"""Pages of the non-determinism report: all models of a board, one model, and the data of each chart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from leaderboard.models import Board, LanguageModel, VariationReport
from leaderboard.queries import boards as read_boards
from leaderboard.queries import variation as read
from leaderboard.web.charts import contests, decoding, splits, tables
from leaderboard.web.charts.along import BEST_OF, PASSES
from leaderboard.web.charts.chart import Chart, Table
from leaderboard.web.charts.reported import Reported
from leaderboard.web.charts.spans import bounds
from leaderboard.web.charts.tables import Listing

TELLING = ("consistency",)
"""Charts that hold every figure already, as do those with a table beside them."""
LAYOUT = 1
"""Raised when a file's columns change, so that nobody keeps an old one."""
MOST_PAIRS = 50
"""Pairs of models that the page shows; the file has all."""


@dataclass(frozen=True)
class Ladder:
    """A model's configurations side by side; no chart where nothing is scored."""

    model: LanguageModel
    chart: Chart | None
    table: Listing
    report: Reported


@dataclass(frozen=True)
class Section:
    """A chart with the table that belongs beside it, and the figures that neither shows as words."""

    chart: Chart
    table: Listing | None
    caption: str


@require_safe
def variation(request: HttpRequest, slug: str) -> HttpResponse:
    """The decoding ladders of all models of a board, and how their ranking changes."""
    board = get_object_or_404(read_boards.all_boards(), slug=slug)
    reports = read.latest(board)
    pairs = tables.flips(_pairs(reports))
    context = {
        "board": board,
        "ladders": ladders(reports),
        "pairs": pairs[:MOST_PAIRS],
        "all_pairs": len(pairs),
        "flipped": sum(pair.is_flipped for pair in pairs),
        "report": _newest(reports),
    }
    return render(request, "variation.html", context)


def ladders(reports: list[VariationReport]) -> list[Ladder]:
    """One ladder a report, all on one scale so that models can be compared."""
    known = [(report.model, _reported(report)) for report in reports]
    rows = [row for __, one in known for row in decoding.measured(one)]
    over = bounds(rows) if rows else None
    return [
        Ladder(model, _named(decoding.ladder_chart(one, over), model), tables.ladder(one), one) for model, one in known
    ]


def _named(chart: Chart | None, model: LanguageModel) -> Chart | None:
    """The chart under a name and a title of its own among those of other models."""
    return chart and replace(
        chart,
        name=f"ladder-{model.pk}",
        title=_("%(title)s of %(model)s") % {"title": chart.title, "model": model.name},
    )


@require_safe
def variation_of_model(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """All that the report of one model tells."""
    board, found = _find(slug, pk)
    report = _reported(found)
    shown = sections(report)
    context = {
        "board": board,
        "found": found,
        "report": report,
        "sections": shown,
        "passes": any(section.chart.name == PASSES for section in shown),
        "links": links([section.chart for section in shown]),
        "tested": contests.of_pairs(report),
        "volume": contests.volume(report),
        "unsplit": splits.unsplit(report),
    }
    return render(request, "variation_model.html", context)


def sections(report: Reported) -> list[Section]:
    """Every chart that there is data for, with its table."""
    beside = {"ladder": tables.scores(report), "gaps": tables.gaps(report), "length": tables.lengths(report)}
    beside |= {"diversity": tables.diversity(report), **tables.variances(report)}
    return [
        Section(chart, beside.get(chart.name), "" if chart.name in TELLING or beside.get(chart.name) else chart.text)
        for chart in decoding.drawn(report)
    ]


def links(charts: list[Chart]) -> list[tuple[str, str]]:
    """Name and title of each chart, of the curves of best-of-N only the first."""
    found = [(chart.name, chart.title) for chart in charts if not chart.name.startswith(BEST_OF)]
    first = next((chart.name for chart in charts if chart.name.startswith(BEST_OF)), "")
    return [*found, (first, _("Best of k samples"))] if first else found


@require_safe
def variation_csv(request: HttpRequest, slug: str, pk: int, name: str) -> HttpResponse:
    """The data of one chart of a model. Its ETag is of the report's digest: a known file is not made again."""
    board = get_object_or_404(read_boards.all_boards(), slug=slug)
    digest = read.digest_of_model(board, pk)
    return _kept(request, f"{digest}-{name}", lambda: _chart_csv(board, pk, name))


def _chart_csv(board: Board, pk: int, name: str) -> HttpResponse:
    for chart in decoding.drawn(_reported(_found(board, pk))):
        if chart.name == name:
            return _csv(chart.table, f"{board.slug}-{pk}-{name}")
    raise Http404(_("This report has no data for a chart '%(chart)s'.") % {"chart": name})


@require_safe
def flips_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Every pair of models under the greedy and the sampled ranking."""
    board = get_object_or_404(read_boards.all_boards(), slug=slug)
    return _kept(request, f"{read.newest_digest(board)}-flips", lambda: _flips_csv(board))


def _flips_csv(board: Board) -> HttpResponse:
    pairs = _pairs(read.latest(board))
    if not pairs:
        raise Http404(_("This board has no pairs of models with a configuration in common."))
    return _csv(tables.flips_table(pairs), f"{board.slug}-flips")


def _kept(request: HttpRequest, content: str, make: Callable[[], HttpResponse]) -> HttpResponse:
    """What `make` gives, or 304 where the client has it; `content` and the form of the files decide that."""
    etag = f'"{content}.{LAYOUT}"'
    answer = get_conditional_response(request, etag=etag)
    found = answer if isinstance(answer, HttpResponse) else make()
    found["ETag"] = etag
    found["Cache-Control"] = "no-cache"
    return found


def _find(slug: str, pk: int) -> tuple[Board, VariationReport]:
    board = get_object_or_404(read_boards.all_boards(), slug=slug)
    return board, _found(board, pk)


def _found(board: Board, pk: int) -> VariationReport:
    found = read.of_model(board, pk)
    if found is None:
        raise Http404(_("This board has no report of that model."))
    return found


def _reported(report: VariationReport) -> Reported:
    return Reported(report.model.name, report.details)


def _newest(reports: list[VariationReport]) -> Reported | None:
    return _reported(max(reports, key=lambda report: report.pk)) if reports else None


def _pairs(reports: list[VariationReport]) -> list[dict[str, object]]:
    """Each report has the pairs of all models; those of the newest hold."""
    newest = _newest(reports)
    return (newest.details.get("flips") or []) if newest else []


def _csv(table: Table, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'inline; filename="{name}.csv"'}
    return HttpResponse(table.csv(), content_type="text/csv; charset=utf-8", headers=headers)
