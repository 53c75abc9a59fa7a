"""Counting named events: each under the service alone, where alarms look, and under its upstream beside it."""

from __future__ import annotations

import threading
from collections import Counter

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

_by_upstream: Counter[tuple[str, str]] = Counter()
_counting = threading.Lock()


def count(name: str, *, upstream: str | None = None) -> None:
    """Add one. `upstream` must be a name from the catalog: each value is a metric of its own, and billed as one."""
    with _counting:
        Metrics().add_metric(name=name, unit=MetricUnit.Count, value=1)
        if upstream:
            _by_upstream[upstream, name] += 1


def flush() -> None:
    """Write what was counted by upstream, one line for each; Powertools' decorator writes the rest."""
    with _counting:
        for upstream in sorted({upstream for upstream, _ in _by_upstream}):
            metrics = EphemeralMetrics()
            metrics.add_dimension("upstream", upstream)
            for (whose, name), times in _by_upstream.items():
                if whose == upstream:
                    metrics.add_metric(name=name, unit=MetricUnit.Count, value=times)
            metrics.flush_metrics()
        _by_upstream.clear()
