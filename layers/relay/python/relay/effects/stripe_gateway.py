"""Stripe by its official library, over our own connections. Its errors are ours from here on, and it logs nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import stripe

from relay.effects.outbound.errors import EgressRefused, NoAnswer, NotSent
from relay.effects.stripe_documents import KEY, read_facts, read_page, write_intent, write_session
from relay.nouns.checkouts import CURRENCY, CardCharge, Page, PageOrder, Payment, PaymentEvent
from relay.nouns.errors import BadInput, InvalidParameter, UnknownOutcome, Unreadable
from relay.nouns.payment_errors import Declined, PaymentsUnavailable
from relay.nouns.signing import TOLERANCE
from relay.nouns.wire import Answer, Call

if TYPE_CHECKING:
    from stripe.params import PaymentIntentListParams

API = "https://api.stripe.com"
SECONDS = 6.0  # for one request
RETRIES = 1  # of the library's own, where no answer comes; each after a second at most
URLS = ("success_url", "cancel_url")  # Stripe's fields, which are the client's words too
DAY = 86_400  # seconds by which Stripe's clock surely differs less from ours
GONE = "resource_missing"  # the code where a card, or whose it was, is there no more
MAX_CODE = 60  # characters of an error's code that are kept

stripe.enable_telemetry = False
_no_connection: Callable[..., Exception] = stripe.APIConnectionError  # the library leaves it without annotations
logging.getLogger("stripe").setLevel(logging.WARNING)  # below, it would log what requests and answers hold


class _Connections(stripe.HTTPClient):
    """What the library sends by: the egress rules hold for it as for all else."""

    name = "relay"

    def __init__(self, send: Callable[[Call], Answer]) -> None:
        super().__init__()
        self._send = send

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: str | None = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        body = (post_data or "").encode()
        try:
            answer = self._send(Call(method.upper(), url, dict(headers or {}), body, SECONDS, repeatable=True))
        except (NotSent, NoAnswer) as error:
            raise _no_connection(type(error).__name__, should_retry=True) from error
        except EgressRefused as error:
            raise _no_connection(str(error)) from error
        return answer.body.decode(errors="replace"), answer.status, answer.headers


@dataclass
class StripeGateway:
    """`key` and `secret` give our key and what webhooks are signed with, or None where it is not set."""

    send: Callable[[Call], Answer]
    key: Callable[[], str | None]
    secret: Callable[[], str | None]
    url: str = API
    retries: int = RETRIES
    _clients: dict[str, stripe.StripeClient] = field(default_factory=dict)

    def open_page(self, order: PageOrder) -> Page:
        """Make a page, or have it again by its key. Raises PaymentsUnavailable, InvalidParameter for an address."""
        try:
            made = self._client().v1.checkout.sessions.create(write_session(order), {"idempotency_key": order.key})
        except stripe.StripeError as error:
            named = error.param if isinstance(error, stripe.InvalidRequestError) else None
            if named in URLS:
                raise InvalidParameter(
                    named, "is not an address that Stripe takes", "不是 Stripe 接受的地址"
                ) from error
            raise PaymentsUnavailable from error
        return read_page(made.to_dict())

    def page(self, session_id: str) -> Page | None:
        """How a page stands; None where there is none. Raises Unreadable."""
        try:
            found = self._client().v1.checkout.sessions.retrieve(session_id, {"expand": ["payment_intent"]})
        except stripe.StripeError as error:
            if error.http_status == 404:
                return None
            raise Unreadable(_words(error)) from error
        return read_page(found.to_dict())

    def charge(self, wanted: CardCharge) -> Payment:
        """Charge a saved card without its holder. Raises Declined, or UnknownOutcome where it may have been charged
        or could not be asked for: then the same key is to be asked again. Stripe forgets an idempotency key after a
        day, so what was made with this one is looked for first."""
        try:
            payments = self._client().v1.payment_intents
            made = self._made(wanted)
            if made is None and not wanted.only_made:
                made = payments.create(write_intent(wanted), {"idempotency_key": wanted.key})
        except stripe.StripeError as error:
            if isinstance(error, stripe.CardError) or error.code == GONE:
                raise Declined((error.code or "declined")[:MAX_CODE]) from error
            raise UnknownOutcome(_words(error)) from error  # also where our key or our request is refused
        if made is None or made.status in ("canceled", "requires_payment_method", "requires_action"):
            raise Declined(made.status if made else "never asked")
        if made.status != "succeeded" or made.currency != CURRENCY:
            raise UnknownOutcome(f"the payment is {made.status}")
        return Payment(made.id, made.amount_received)

    def _made(self, wanted: CardCharge) -> stripe.PaymentIntent | None:
        """The payment that was made with this key, as it stands now."""
        asked: PaymentIntentListParams = {
            "customer": wanted.card.customer,
            "created": {"gte": wanted.since - DAY},
            "limit": 100,
        }
        made = self._client().v1.payment_intents.list(asked).auto_paging_iter()
        return next((each for each in made if read_facts(each.to_dict()).get(KEY) == wanted.key), None)

    def read_event(self, body: bytes, signature: str) -> PaymentEvent:
        """What a webhook says. Raises BadInput where it is not signed by Stripe, now, for us."""
        try:
            stripe.WebhookSignature.verify_header(body, signature, self.secret(), TOLERANCE)
            said = json.loads(body)
            return PaymentEvent(str(said["id"]), str(said["type"]), str(said["data"]["object"].get("id", "")))
        except (stripe.SignatureVerificationError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise BadInput("this is no webhook of Stripe's for this relay", "不是发给本服务的 Stripe 通知") from error

    def _client(self) -> stripe.StripeClient:
        """Made anew where the key was changed. Raises AuthenticationError where there is none."""
        key = self.key()
        if not key:
            raise stripe.AuthenticationError("there is no stripe-key")
        if key not in self._clients:
            connections = _Connections(self.send)
            self._clients = {
                key: stripe.StripeClient(
                    key, base_addresses={"api": self.url}, max_network_retries=self.retries, http_client=connections
                )
            }
        return self._clients[key]


def _words(error: stripe.StripeError) -> str:
    """For the log: what kind of error it is, without Stripe's own text, which may quote a key's end."""
    return f"{type(error).__name__} {error.http_status or ''} {error.code or ''}".strip()
