"""The secrets that upstreams and payments by card need."""

from __future__ import annotations

from relay.families import provider
from relay.nouns.catalog import Catalog

# For payments by card: our key at Stripe, and what it signs webhooks with.
STRIPE_KEY, STRIPE_WEBHOOK = "stripe-key", "stripe-webhook-secret"


def upstream_secrets(catalog: Catalog) -> list[str]:
    """Their names in the parameter store: our keys there, and what they sign what they tell us with."""
    keys = [f"upstreams/{name}/key" for name in catalog.upstreams]
    return keys + [f"upstreams/{name}/webhook-key" for name in catalog.upstreams if signs(catalog, name)]


def signs(catalog: Catalog, name: str) -> bool:
    """Whether an upstream can sign what it tells us: its callbacks, or the events of an API that we use there."""
    upstream = catalog.upstreams[name]
    told_by = provider(upstream.family)
    made = (model for model in catalog.models.values() if not model.rates)  # model calls are told of nothing later
    used = {source.api for model in made for source in model.sources if source.upstream == name}
    return (upstream.callbacks and told_by.signs_callbacks) or any(told_by.apis[api].events for api in used)
