"""A relay that takes cards: its gateway over Stripe's library, at a simulated Stripe without a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from local.stripe.api import Api, Lost
from local.stripe.book import VISA
from relay.edge.paying import with_cards
from relay.effects.outbound import NoAnswer
from relay.effects.settings import Settings
from relay.effects.stripe_gateway import StripeGateway
from relay.flow import payment_events
from relay.flow.services import Services
from relay.flow.topups import top_up
from relay.nouns.checkouts import CARD_METHOD, Checkout, TopupRequest
from relay.nouns.errors import RelayError
from relay.nouns.money import EntryKind
from relay.nouns.wire import Answer, Call, Json
from tests.functional.harness import Harness, harness
from tests.functional.network import Network

STRIPE = "https://stripe.example"


@dataclass
class AtStripe(Network):
    """Where connections of the gateway go out: to a simulated Stripe alone."""

    api: Api = field(kw_only=True)

    def send(self, call: Call) -> Answer:
        assert call.url.startswith(STRIPE)
        try:
            return self.api.answer(replace(call, headers={name.lower(): word for name, word in call.headers.items()}))
        except Lost as lost:
            raise NoAnswer from lost


def taking_cards(services: Services, api: Api) -> Services:
    """The same services with cards, at a simulated Stripe; its library tries each request once."""
    made = with_cards(replace(services, http=AtStripe(api=api)), Settings(payments=CARD_METHOD, stripe_url=STRIPE))
    assert isinstance(made.cards, StripeGateway)
    made.cards.retries = 0
    return replace(made, http=services.http)


@dataclass
class Paying:
    """A relay and the Stripe account it takes cards with."""

    here: Harness
    api: Api = field(init=False)

    def __post_init__(self) -> None:
        self.api = Api(lambda: self.here.now[0] / 1000)
        self.here.services = taking_cards(self.here.services, self.api)

    def ask_topup(self, cents: int = 2500, account_id: str = "acc1") -> Checkout:
        return top_up(self.here.services, account_id, TopupRequest(cents))

    @property
    def checkout(self) -> Checkout:
        """The latest of the account."""
        return self.here.services.store.checkouts.newest("acc1", 1)[0]

    def pay(self, checkout: Checkout, card: str = VISA) -> list[Json]:
        """Its customer pays; the events of that."""
        before = len(self.api.webhooks.events)
        self.api.book.pay(checkout.session_id, card)
        return self.api.webhooks.events[before:]

    def tell(self, *events: Json, **how: Any) -> list[int]:
        """Deliver events as Stripe does; what each is answered."""
        return [self.deliver(*self.api.webhooks.signed(event, **how)) for event in events]

    def deliver(self, body: bytes, headers: dict[str, str]) -> int:
        try:
            payment_events.receive(self.here.services, body, headers.get("stripe-signature", ""))
        except RelayError as error:
            return error.status
        return 200

    def money_in(self, account_id: str = "acc1") -> dict[str, int]:
        """The nanos that came in by card, by Stripe's ids."""
        entries = self.here.services.store.accounts.entries(account_id)
        return {e.reference: e.amount for e in entries if e.kind is EntryKind.TOPUP and "_" in e.reference}


@contextmanager
def paying(balance: str = "100", tier: int = 3) -> Iterator[Paying]:
    with harness(balance, tier) as here:
        yield Paying(here)
