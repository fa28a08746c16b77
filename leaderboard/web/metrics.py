"""Numbers for Prometheus, where the operator has set a token for them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from leaderboard.queries import metrics as read

PREFIX = "touchstone_"


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For those who send the token; there is nothing at this address where none is set."""
    if not settings.METRICS_TOKEN:
        raise Http404
    told = request.headers.get("Authorization", "")
    if not secrets.compare_digest(told.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse("Send the token.\n", "text/plain", status=401, headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class _Collector:
    """What the queries found, as Prometheus has it."""

    def collect(self) -> Iterator[Metric]:
        for one in read.series():
            kind = CounterMetricFamily if one.total else GaugeMetricFamily
            family = kind(PREFIX + one.name, one.help, labels=one.labels)
            for labels, value in one.values:
                family.add_metric(labels, value)
            yield family
