"""Keeps texts as HTML by their content: made by workers when outputs are stored, else when a page asks first."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from django.utils.safestring import SafeString, mark_safe

from leaderboard.models import Board, Output, Rendering
from leaderboard.queries.prepared import Prepared
from leaderboard.queries.render import VERSION, render
from leaderboard.services.text import storable


def key_of(text: str) -> str:
    """By the renderer's version and the text."""
    return sha256(f"{VERSION}\n{text}".encode(errors="surrogatepass")).hexdigest()


def html_of(texts: Iterable[str]) -> dict[str, SafeString]:
    """Each text with its HTML. One query where all are kept; those that are not are made, and kept."""
    keys = {key_of(text): text for text in texts}
    if not keys:
        return {}
    kept = dict(_kept(list(keys)))
    made = {key: str(render(text)) for key, text in keys.items() if key not in kept}
    _keep(made)
    return {text: mark_safe((kept | made)[key]) for key, text in keys.items()}  # noqa: S308


_TWO = Prepared[tuple[str, str]](
    lambda one, two: Rendering.objects.filter(pk__in=[one, two]).values_list("key", "html"), one=str, two=str
)


def _kept(keys: list[str]) -> Iterable[tuple[str, str]]:
    if len(keys) <= 2:  # as on the pages of voters
        return _TWO(one=keys[0], two=keys[-1])
    return Rendering.objects.filter(pk__in=keys).values_list("key", "html")


def prepare(outputs: Iterable[Output]) -> None:
    """Make the HTML of new outputs that voters may see, so that no page waits for it. Each comes with its prompt."""
    shown = set(Board.objects.filter(open_to_votes=True).values_list("benchmark", flat=True))
    html_of(output.text for output in outputs if output.prompt.benchmark_id in shown)


def _keep(made: dict[str, str]) -> None:
    rows = [Rendering(key=key, html=storable(html)) for key, html in made.items()]
    if rows:
        Rendering.objects.bulk_create(rows, ignore_conflicts=True)
