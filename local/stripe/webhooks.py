"""Webhooks as Stripe sends them: events, and the signature each carries."""

from __future__ import annotations

import hmac
import itertools
import json
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field

from relay.nouns.wire import Json

VERSION = "2026-10-28.endive"  # of the API that is simulated
SECRET = "whsec_EXAMPLE0simulated0stripe"


@dataclass
class Webhooks:
    """The events so far, oldest first; each is as its object was then. `send` takes each as it happens."""

    clock: Callable[[], float]
    secret: str = SECRET
    send: Callable[[Json], None] = lambda event: None
    events: list[Json] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def tell(self, kind: str, about: Mapping[str, Json]) -> None:
        event = {
            "id": f"evt_{next(self._numbers):014}",
            "object": "event",
            "api_version": VERSION,
            "created": int(self.clock()),
            "data": {"object": deepcopy(shown(about))},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.events.append(event)
        self.send(event)

    def signed(self, event: Json, *, secret: str = "", age: int = 0) -> tuple[bytes, dict[str, str]]:
        """The body and headers of one delivery, signed `age` seconds ago by the wall clock, which the library reads."""
        body = json.dumps(event, indent=2).encode()
        return body, {
            "content-type": "application/json; charset=utf-8",
            "stripe-signature": sign(body, secret or self.secret, int(time.time()) - age),
            "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }


def sign(body: bytes, secret: str, at: int) -> str:
    """A signature of a body and the time (Unix seconds)."""
    told = hmac.digest(secret.encode(), f"{at}.".encode() + body, "sha256").hex()
    return f"t={at},v1={told}"


def shown(about: Mapping[str, Json]) -> dict[str, Json]:
    """An object without what only the simulation keeps of it."""
    return {name: value for name, value in about.items() if not name.startswith("_")}
