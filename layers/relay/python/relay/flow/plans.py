"""Which plans there are, and which one an account has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from relay.flow.services import Services
from relay.nouns.catalog import Catalog
from relay.nouns.errors import BadKey
from relay.nouns.plans import Plan, PlanTerms

NO_PLAN = Plan("free", "Free", price_cents=0, price=0, tier=1)  # of every account where the catalog sells none


def plans(services: Services, dialect: str) -> Sequence[PlanTerms]:
    """The plans, the cheapest first, and what each gives those who ask in this dialect."""
    catalog = services.catalog
    offered = sorted(catalog.plans.values(), key=lambda plan: plan.price)
    return [_told(catalog, plan, dialect) for plan in offered]


def plan_of(services: Services, account_id: str) -> Plan:
    """The plan that the account has subscribed to, else the one whose tier an operator gave it, else the free one.

    Raises BadKey where there is no such account.
    """
    subscribed = services.store.subscriptions.get(account_id)
    if subscribed and subscribed.live and subscribed.plan_id in services.catalog.plans:
        return services.catalog.plans[subscribed.plan_id]
    account = services.store.accounts.get(account_id)
    if account is None:
        raise BadKey
    given = (plan for plan in services.catalog.plans.values() if plan.tier == account.tier)
    return next(given, free_plan(services.catalog))


def free_plan(catalog: Catalog) -> Plan:
    return next((plan for plan in catalog.plans.values() if not plan.price), NO_PLAN)


def _told(catalog: Catalog, plan: Plan, dialect: str) -> PlanTerms:
    tier = catalog.tiers[plan.tier]
    return PlanTerms(plan, tier, sorted(_models(catalog, dialect, premium=tier.lines.premium)))


def _models(catalog: Catalog, dialect: str, *, premium: bool) -> Iterator[str]:
    for kinds in catalog.menus.get(dialect, {}).values():
        for offer in kinds.values():
            yield from (name for name, model in offer.models.items() if premium or not model.premium)
