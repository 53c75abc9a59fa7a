"""Customers, Checkout sessions and payment intents of a simulated Stripe, and what happens to them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from local.stripe.refusals import check_known, declined, invalid, missing, unknown
from relay.nouns.wire import Json

VISA, DECLINED, AUTHENTICATION = "pm_card_visa", "pm_card_chargeDeclined", "pm_card_authenticationRequired"
LONGEST, SHORTEST = 24 * 3600, 30 * 60  # seconds from its creation until a session expires
MOST = 99_999_999  # cents of one payment

Object = dict[str, Json]

# What may be sent where in the API's version that the library asks for, of what is simulated.
SESSION = frozenset(
    {
        *("mode", "success_url", "cancel_url", "line_items", "customer", "customer_creation", "client_reference_id"),
        *("expires_at", "metadata", "payment_intent_data", "allowed_payment_method_types", "adaptive_pricing"),
        *("wallet_options", "expand"),
    }
)
INTENT = frozenset(
    {
        *("amount", "currency", "customer", "payment_method", "allowed_payment_method_types", "off_session", "confirm"),
        *("description", "metadata", "expand"),
    }
)
CUSTOMER = frozenset({"email", "name", "metadata", "expand"})


@dataclass
class Book:
    """All objects by their id. `tell` is called with the type and the object of every event; the clock tells seconds.

    A saved card behaves as Stripe's test card of that name, which `cards` says and a test may change.
    """

    clock: Callable[[], float]
    tell: Callable[[str, Object], None] = lambda kind, about: None
    page: str = "https://checkout.stripe.example/c/pay"  # where sessions are paid
    objects: dict[str, Object] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def taken(self) -> int:
        """Cents that were paid, by whomever."""
        return sum(each["amount_received"] for each in self.of("payment_intent"))

    def of(self, kind: str) -> list[Object]:
        return [each for each in self.objects.values() if each["object"] == kind]

    def get(self, kind: str, object_id: str) -> Object:
        found = self.objects.get(object_id)
        if found is None or found["object"] != kind:
            raise unknown(kind, object_id)
        if kind == "checkout.session" and found["status"] == "open" and self.clock() >= found["expires_at"]:
            self.expire(object_id)
        return found

    def create_customer(self, form: Mapping[str, Json]) -> Object:
        check_known(form, CUSTOMER)
        known = {"email": form.get("email"), "name": form.get("name"), "metadata": form.get("metadata", {})}
        return self._add("customer", "cus", {**known, "invoice_settings": {"default_payment_method": None}})

    def create_session(self, form: Mapping[str, Json]) -> Object:
        check_known(form, SESSION)
        for name in ("mode", "success_url", "line_items"):
            if name not in form:
                raise missing(name)
        customer, prices = form.get("customer"), [each["price_data"] for each in form["line_items"]]
        if customer:
            self.get("customer", customer)
        amounts = [int(price["unit_amount"]) * int(item["quantity"]) for price, item in _pairs(prices, form)]
        if not 50 <= sum(amounts) <= MOST:  # cents of a dollar, as other currencies' bounds differ
            raise invalid("line_items", "the amount is too small or too large")
        now = int(self.clock())
        expires_at = int(form.get("expires_at", now + LONGEST))
        if not now + SHORTEST <= expires_at <= now + LONGEST:
            raise invalid("expires_at", "expires_at lies 30 minutes to 24 hours ahead")
        intended = form.get("payment_intent_data", {})
        session = {
            **{name: form.get(name) for name in ("mode", "success_url", "cancel_url", "client_reference_id")},
            **{"customer": customer, "customer_creation": form.get("customer_creation", "if_required")},
            **{"amount_subtotal": sum(amounts), "amount_total": sum(amounts), "currency": prices[0]["currency"]},
            **{"expires_at": expires_at, "metadata": form.get("metadata", {}), "payment_intent": None},
            **{"payment_method_types": form.get("allowed_payment_method_types", ["card"]), "payment_status": "unpaid"},
            **{"status": "open", "url": None, "_intended": intended},
        }
        made = self._add("checkout.session", "cs_test", session)
        made["url"] = f"{self.page}/{made['id']}"
        return made

    def pay(self, session_id: str, card: str = VISA) -> Object:
        """The customer pays a session with a card, which is saved where the session says so."""
        session = self.get("checkout.session", session_id)
        if session["status"] != "open":
            raise invalid("id", f"this session is {session['status']}")
        intended = session["_intended"]
        if session["customer"] is None and (session["customer_creation"] == "always" or _saves(intended)):
            session["customer"] = self.create_customer({})["id"]
        about = {"customer": session["customer"], "metadata": intended.get("metadata", {})}
        intent = self._intent(session["amount_total"], session["currency"], about)
        if _saves(intended):
            intent["payment_method"] = self._save(session["customer"], card)
            intent["setup_future_usage"] = intended["setup_future_usage"]
        self._receive(intent)
        session |= {"status": "complete", "payment_status": "paid", "payment_intent": intent["id"], "url": None}
        self.tell("checkout.session.completed", session)
        return session

    def expire(self, session_id: str) -> Object:
        """The session is abandoned: nobody can pay it any more."""
        session = self.objects.get(session_id) or {}
        if session.get("status") != "open":
            raise invalid("id", "this session is not open")
        session |= {"status": "expired", "url": None}
        self.tell("checkout.session.expired", session)
        return session

    def create_intent(self, form: Mapping[str, Json]) -> Object:
        check_known(form, INTENT)
        for name in ("amount", "currency"):
            if name not in form:
                raise missing(name)
        card, customer = form.get("payment_method"), form.get("customer")
        if card and self.get("payment_method", card)["customer"] != customer:
            raise invalid("payment_method", "the card is another customer's")
        intent = self._intent(int(form["amount"]), str(form["currency"]), form)
        intent["payment_method"] = card
        if form.get("confirm") == "true":
            self._confirm(intent, self.cards.get(card or "", ""))
        return intent

    def list_intents(self, form: Mapping[str, Json]) -> Object:
        """A customer's since an instant, the newest first, by pages."""
        since, limit = int(form.get("created", {}).get("gte", 0)), int(form.get("limit", 10))
        every = [each for each in reversed(self.of("payment_intent")) if each["created"] >= since]
        found = [each for each in every if each["customer"] == form.get("customer", each["customer"])]
        after = [each["id"] for each in found].index(form["starting_after"]) + 1 if "starting_after" in form else 0
        more = len(found) > after + limit
        return {"object": "list", "data": found[after : after + limit], "has_more": more, "url": "/v1/payment_intents"}

    def refund(self, intent_id: str, cents: int) -> None:
        """An operator gives money back on Stripe's own pages."""
        intent = self.get("payment_intent", intent_id)
        charge = {"payment_intent": intent_id, "amount": intent["amount"], "amount_refunded": cents}
        self.tell("charge.refunded", self._add("charge", "ch", {**charge, "metadata": intent["metadata"]}))

    def dispute(self, intent_id: str) -> None:
        """A customer has their bank take a payment back."""
        intent = self.get("payment_intent", intent_id)
        about = {"payment_intent": intent_id, "amount": intent["amount"], "status": "needs_response"}
        self.tell("charge.dispute.created", self._add("dispute", "du", {**about, "metadata": {}}))

    def _confirm(self, intent: Object, card: str) -> None:
        if card == VISA:
            self._receive(intent)
            return
        code, message = {
            AUTHENTICATION: (
                "authentication_required",
                "The card was declined: its holder has to authenticate.",
            ),
        }.get(card, ("card_declined", "The card was declined."))
        intent |= {"status": "requires_payment_method", "last_payment_error": {"type": "card_error", "code": code}}
        self.tell("payment_intent.payment_failed", intent)
        raise declined(dict(intent), code, message)

    def _receive(self, intent: Object) -> None:
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}
        self.tell("payment_intent.succeeded", intent)

    def _intent(self, cents: int, currency: str, about: Mapping[str, Json]) -> Object:
        known = {"amount": cents, "amount_received": 0, "currency": currency, "status": "requires_confirmation"}
        whose = {"customer": about.get("customer"), "metadata": about.get("metadata", {}), "payment_method": None}
        return self._add("payment_intent", "pi", {**known, **whose, "last_payment_error": None})

    def _save(self, customer: str, card: str) -> str:
        saved = self._add("payment_method", "pm", {"type": "card", "customer": customer})
        self.cards[saved["id"]] = card
        return str(saved["id"])

    def _add(self, kind: str, prefix: str, known: Object) -> Object:
        number, now = next(self._numbers), int(self.clock())
        made = {"id": f"{prefix}_{number:014}", "object": kind, "created": now, "livemode": False, **known}
        self.objects[made["id"]] = made
        return made


def _pairs(prices: list[Json], form: Mapping[str, Json]) -> list[tuple[Json, Json]]:
    return list(zip(prices, form["line_items"], strict=True))


def _saves(intended: Mapping[str, Json]) -> bool:
    return bool(intended.get("setup_future_usage"))
