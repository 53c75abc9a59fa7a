"""The secrets that upstreams need."""

from __future__ import annotations

from relay.families import provider
from relay.nouns.catalog import Catalog, Upstream


def upstream_secrets(catalog: Catalog) -> list[str]:
    """Their names in the parameter store: our keys there, and what they sign what they tell us with."""
    upstreams = catalog.upstreams.items()
    keys = [f"upstreams/{name}/key" for name, _ in upstreams]
    return keys + [f"upstreams/{name}/webhook-key" for name, each in upstreams if _tells(each)]


def _tells(upstream: Upstream) -> bool:
    """Whether it calls back, or an API of it sends events that name a job alone."""
    return upstream.callbacks or any(api.events for api in provider(upstream.family).apis.values())
