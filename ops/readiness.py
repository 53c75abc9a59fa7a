"""Checks whether a deployment can make what it sells: its secrets, its upstreams, its catalog."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ops.findings import Finding, blocking, lacking, names, ok
from ops.secret_names import STRIPE_KEY, STRIPE_WEBHOOK, signs
from ops.targets import Target
from ops.terms import OWN_SECRETS
from relay.nouns.catalog import Catalog


def secrets(at: Target) -> Iterator[Finding]:
    missing = [name for name in OWN_SECRETS if not at.deployment.find_secret(name)]
    if missing:
        yield blocking("secrets", f"{names(missing)} missing: run secrets-init")
    else:
        yield ok("secrets", f"the deployment's own {len(OWN_SECRETS)} are there")


def payments(at: Target) -> Iterator[Finding]:
    """Whether what takes payments by card has both its secrets, where it has one."""
    held = {name for name in (STRIPE_KEY, STRIPE_WEBHOOK) if at.deployment.find_secret(name)}
    if held and len(held) < 2:
        missing = STRIPE_WEBHOOK if STRIPE_KEY in held else STRIPE_KEY
        yield blocking("payments by card", f"{missing} is missing: secrets-set {missing}")
    elif held:
        yield ok("payments by card", "have a key, and what webhooks are signed with")


def upstreams(at: Target) -> Iterator[Finding]:
    """Which upstreams have a key, and what of the catalog can be made with those."""
    catalog, held = at.deployment.catalog, set[str]()
    for name, upstream in catalog.upstreams.items():
        if not at.deployment.find_secret(f"upstreams/{name}/key"):
            yield lacking(f"upstream {name}", f"has no key, so it is switched off: secrets-set upstreams/{name}/key")
            continue
        held.add(name)
        if (
            upstream.callbacks
            and signs(catalog, name)
            and not at.deployment.find_secret(f"upstreams/{name}/webhook-key")
        ):
            yield lacking(
                f"upstream {name}",
                f"has a key; its callbacks are not verified by signature: secrets-set upstreams/{name}/webhook-key",
            )
        else:
            yield ok(f"upstream {name}", "has a key")
    if at.deployment.listed_upstreams() != held:
        yield blocking(
            "upstreams-on", "does not list the upstreams that have a key, and requests go by it: secrets-init"
        )
    yield from _sold(catalog, held)


def _sold(catalog: Catalog, held: set[str]) -> Iterator[Finding]:
    unmade = list(unmakeable(catalog, held))
    sold = len(catalog.models)
    if len(unmade) == sold:
        yield blocking("catalog", "nothing that is sold can be made: no upstream has a key")
    elif unmade:
        yield lacking("catalog", f"no upstream with a key makes {len(unmade)} of {sold} models: {names(unmade, 30)}")
    else:
        yield ok("catalog", f"every model that is sold can be made ({sold})")


def unmakeable(catalog: Catalog, held: Iterable[str]) -> Iterator[str]:
    """What is sold though no upstream in `held` makes it."""
    keyed = set(held)
    for name, model in catalog.models.items():
        if keyed.isdisjoint(source.upstream for source in model.sources):
            yield name
