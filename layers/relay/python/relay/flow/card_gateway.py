"""The payment service that takes cards, as the flow needs it: `relay.effects.stripe_gateway` over Stripe."""

from __future__ import annotations

from typing import Protocol

from relay.nouns.checkouts import CardCharge, Page, PageOrder, Payment, PaymentEvent


class CardGateway(Protocol):
    def open_page(self, order: PageOrder) -> Page: ...

    def page(self, session_id: str) -> Page | None: ...

    def charge(self, wanted: CardCharge) -> Payment: ...

    def read_event(self, body: bytes, signature: str) -> PaymentEvent: ...
