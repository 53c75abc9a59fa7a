"""Counts events as CloudWatch metrics: by service alone, which alarms watch, and by upstream where one is given."""

from __future__ import annotations

import threading
from collections import Counter

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

_by_upstream: Counter[tuple[str, str]] = Counter()
_counting = threading.Lock()


def count(name: str, *, upstream: str | None = None) -> None:
    """Add one. `upstream` must be a name from the catalog: CloudWatch bills each value as a metric of its own."""
    with _counting:
        Metrics().add_metric(name=name, unit=MetricUnit.Count, value=1)
        if upstream:
            _by_upstream[upstream, name] += 1


def publish() -> None:
    """Write all counts, in a process whose work no handler of Lambda's wraps."""
    with _counting:
        metrics = Metrics()
        if metrics.metric_set:
            metrics.flush_metrics()
    flush()


def flush() -> None:
    """Write the counts by upstream, one log line per upstream; Powertools' decorator writes the others."""
    with _counting:
        for upstream in sorted({upstream for upstream, _ in _by_upstream}):
            metrics = EphemeralMetrics()
            metrics.add_dimension("upstream", upstream)
            for (whose, name), times in _by_upstream.items():
                if whose == upstream:
                    metrics.add_metric(name=name, unit=MetricUnit.Count, value=times)
            metrics.flush_metrics()
        _by_upstream.clear()
