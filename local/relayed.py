"""Owns the whole relay on one machine: the stack, simulated upstreams and Stripe beside it, and an account to try."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from local import stripe
from local.stack import Stack
from local.stripe import StripeServer
from local.upstreams import Settings, Upstreams
from ops.deployment import Deployment
from ops.secret_names import STRIPE_KEY, STRIPE_WEBHOOK
from ops.terms import OWN_SECRETS, NewAccount
from relay.flow.services import UPSTREAMS_ON
from relay.nouns.money import nanos

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"
PREFIX = "/genrelay/local"
DEMO_BALANCE = "100000"  # an afternoon's worth in the catalog's currency
DEMO_TIER = 3
WEBHOOK = "/api/v1/payments/webhooks/stripe"
PACE = Settings(first_token=0.3, next_token=0.02)  # models that answer as slowly as people read


class LocalRelay:
    """A running relay. `real_keys` (upstream name to key) switch an upstream from the simulated to the real one."""

    def __init__(
        self,
        *,
        state_dir: Path | None = None,
        port: int = 0,
        simulated: Settings | None = None,
        real_keys: Mapping[str, str] | None = None,
        log: Callable[[str], None] = lambda line: None,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        self._opened = ExitStack()
        self.real = dict(real_keys or {})
        try:
            self.upstreams = self._opened.enter_context(Upstreams(simulated or PACE))
            self.stripe = self._opened.enter_context(StripeServer())
            self.stack = self._opened.enter_context(self._stack(state_dir, port, log, parameters or {}))
            self.deployment = Deployment.over(self.stack.outputs, self.stack.client)
            self.demo = self._demo(state_dir)
        except BaseException:
            self._opened.close()
            raise

    @property
    def url(self) -> str:
        return self.stack.url

    def close(self) -> None:
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _stack(
        self, state_dir: Path | None, port: int, log: Callable[[str], None], parameters: Mapping[str, str]
    ) -> Stack:
        return Stack(
            TEMPLATE,
            parameters=lambda url: {**self._parameters(url), **parameters},
            secrets={f"{PREFIX}/{name}": secrets.token_urlsafe(32) for name in OWN_SECRETS},
            renewed={f"{PREFIX}/{name}": value for name, value in self._others_secrets().items()},
            state_dir=state_dir,
            port=port,
            log=log,
        )

    def _parameters(self, url: str) -> dict[str, str]:
        self.stripe.webhook_url = url + WEBHOOK
        urls = {name: url for name, url in self.upstreams.urls.items() if name.partition(".")[0] not in self.real}
        return {
            "Stage": "local",
            "PublicUrl": url,
            "Egress": "loopback",
            "ProtectData": "off",
            "DueShards": "1",
            "SignUp": "on",
            "PaymentMode": "stripe",
            "StripeUrl": self.stripe.url,
            "UpstreamUrls": json.dumps(urls),
        }

    def _others_secrets(self) -> dict[str, str]:
        """What upstreams and Stripe know as well."""
        given = {family: simulator.secrets() for family, simulator in self.upstreams.simulators.items()}
        given |= {family: {"key": key} for family, key in self.real.items()}
        words = {f"upstreams/{family}/{name}": word for family, each in given.items() for name, word in each.items()}
        words |= {STRIPE_KEY: stripe.KEY, STRIPE_WEBHOOK: stripe.SECRET}
        return words | {UPSTREAMS_ON: json.dumps(list(given))}

    def _demo(self, state_dir: Path | None) -> NewAccount:
        """The account to try things with: the one of last time where data was kept, since its key is not stored."""
        kept = state_dir / "demo.json" if state_dir else None
        if kept and kept.exists():
            return NewAccount(**json.loads(kept.read_text()))
        made = self.deployment.open_account("demo", DEMO_TIER, nanos(DEMO_BALANCE))
        if kept:
            words = {name: getattr(made, name) for name in NewAccount.__slots__}
            kept.write_text(json.dumps(words))
        return made
