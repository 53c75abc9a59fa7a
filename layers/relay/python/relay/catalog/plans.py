"""Reading the plans that accounts may subscribe to. Raises Wrong with the place of a mistake."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from decimal import Decimal

from relay.catalog.toml_table import Table, Wrong
from relay.nouns.money import nanos
from relay.nouns.plans import Plan

CENTS = 100  # of a dollar

_PLAN = "name price_cents tier features"
_TEXT = re.compile(r"\S.{0,199}")


def read_plans(words: Table, usd: Decimal, tiers: Container[int]) -> Mapping[str, Plan]:
    plans = {name: _plan(name, each, usd, tiers) for name, each in words.tables(_PLAN)}
    free = [name for name, plan in plans.items() if not plan.price_cents]
    if len(free) != 1:
        at = (*words.path, free[1], "price_cents") if free else words.path
        raise Wrong(at, "must be right: one plan, and no other, has price_cents = 0")
    return plans


def _plan(name: str, words: Table, usd: Decimal, tiers: Container[int]) -> Plan:
    cents, tier = words.whole("price_cents", least=0), words.whole("tier")
    if tier not in tiers:
        raise words.wrong("tier", f"is {tier}, which is no tier of [tiers]")
    return Plan(
        plan_id=name,
        name=words.text("name"),
        price_cents=cents,
        price=nanos(usd * cents / CENTS),
        tier=tier,
        features=words.texts("features", _TEXT, '"all models"'),
    )
