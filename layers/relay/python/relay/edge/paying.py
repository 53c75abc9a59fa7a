"""The services of the functions that take payments: with cards, where the deployment takes them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from importlib import import_module

from relay.edge.wiring import services, settings
from relay.effects.settings import Settings
from relay.flow.card_payments import ByCard
from relay.flow.services import Services
from relay.nouns.checkouts import CARD_METHOD

STRIPE = "relay.effects.stripe_gateway"  # imported where it is used: its library has two hundred modules


@cache
def paying_services() -> Services:
    return with_cards(services(), settings())


def with_cards(here: Services, given: Settings) -> Services:
    if given.payments != CARD_METHOD:
        return here
    key, secret = (partial(here.secrets.find, name) for name in ("stripe-key", "stripe-webhook-secret"))
    gateway = import_module(STRIPE)
    cards = gateway.StripeGateway(here.http.send, key, secret, given.stripe_url or gateway.API)
    return replace(here, cards=cards, payments={**here.payments, CARD_METHOD: ByCard()})
