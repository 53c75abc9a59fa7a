"""What Stripe took is what the ledger has, whatever happens: webhooks that are repeated, reordered and forged, answers
that are lost, functions that are killed between two writes, changed plans, declined cards."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

import pytest

from local.stripe.api import down, lost_after, lost_before
from local.stripe.book import AUTHENTICATION, DECLINED, VISA
from relay.flow.checkouts import LIFE
from relay.flow.invoices import disagreements
from relay.flow.subscriptions import cancel, subscribe
from relay.nouns.checkouts import worth
from relay.nouns.errors import RelayError
from relay.nouns.plans import SubscriptionRequest
from relay.nouns.wire import Json
from tests.functional.crashes import CrashingHarness, CrashPoint
from tests.functional.harness import harness, open_account
from tests.functional.paying import Paying
from tests.functional.subscribing import DAY

ACCOUNTS = ("acc1", "acc2")
STEPS = 70
USD = Decimal("7.20")


@dataclass
class Storm:
    stripe: Paying
    relay: CrashingHarness
    chance: random.Random

    def rage(self) -> None:
        """One thing happens, and a function may be killed while it is worked on."""
        what: tuple[Callable[[], object], ...] = (
            *(self.top_up, self.top_up, self.change_plan, self.change_plan, self.change_plan),
            *(self.tell, self.tell, self.tell, self.forge, self.break_stripe, self.change_card),
            *(self.pass_time, self.pass_time, self.pass_time, self.pass_time),
        )
        self.relay.crash_point.writes_left = self.chance.choice((0, 0, 0, 1, 2, 3, 5))
        self._try(self.chance.choice(what))
        self.relay.crash_point.writes_left = 0
        if self.chance.random() < 0.5:
            self.pay()

    def _try(self, work: Callable[[], object]) -> None:
        def work_or_be_refused() -> None:
            with suppress(RelayError):
                work()

        self.relay.completes(work_or_be_refused)

    def top_up(self) -> None:
        self.stripe.ask_topup(self.chance.randint(100, 9000), self.chance.choice(ACCOUNTS))

    def change_plan(self) -> None:
        account_id, found = self.chance.choice(ACCOUNTS), self.relay.services.store.subscriptions.get("acc1")
        if found and self.chance.random() < 0.1:
            cancel(self.relay.services, "acc1", found.subscription_id)
            return
        plan_id, method = self.chance.choice(("free", "basic", "basic", "pro")), self.chance.choice(("stripe", None))
        wanted = SubscriptionRequest(plan_id, method, auto_renew=self.chance.random() < 0.9)
        subscribe(self.relay.services, account_id, wanted)

    def pay(self) -> None:
        """A customer pays some page that they were told of and that is open, whatever has become of it here."""
        book, store = self.stripe.api.book, self.relay.services.store
        told = [each.session_id for account in ACCOUNTS for each in store.checkouts.newest(account, 20) if each.pay_at]
        if unpaid := [each for each in told if book.get("checkout.session", each)["status"] == "open"]:
            book.pay(self.chance.choice(unpaid), self.chance.choice((VISA, VISA, DECLINED, AUTHENTICATION)))

    def tell(self) -> None:
        """Some of all events so far, in any order, some twice."""
        if events := self.stripe.api.webhooks.events:
            self.stripe.tell(*self.chance.choices(events, k=3))

    def forge(self) -> None:
        """An event that Stripe did not sign, and one that it did sign, of an object that was not so."""
        if events := self.stripe.api.webhooks.events:
            event: Json = self.chance.choice(events)
            assert self.stripe.tell(event, secret="whsec_forged") == [400]
            self.stripe.tell({**event, "type": "checkout.session.completed"})

    def break_stripe(self) -> None:
        self.stripe.api.faults[:] = self.chance.choices([lost_before, lost_after, down], k=self.chance.randint(1, 3))
        self.stripe.api.unreadable = self.chance.randint(0, 2)

    def change_card(self) -> None:
        cards = self.stripe.api.book.cards
        cards.update(dict.fromkeys(cards, self.chance.choice((VISA, VISA, DECLINED))))

    def pass_time(self) -> None:
        self.relay.run(self.chance.choice((60, 600, 3600)), step=300)
        self.relay.wait(self.chance.choice((0, 0, 3 * DAY, 20 * DAY)))
        self.relay.run(600, step=300)

    def calm(self) -> None:
        """Nothing goes wrong any more, and no webhook comes: the clock does what is left to do."""
        self.stripe.api.faults.clear()
        self.stripe.api.unreadable = 0
        self.relay.run(2 * LIFE / 1000, step=240)

    @property
    def taken(self) -> dict[str, int]:
        """What Stripe took, in nanos by the reference that the ledger has for it."""
        book = self.stripe.api.book
        sessions: dict[str, str] = {each["payment_intent"]: each["id"] for each in book.of("checkout.session")}
        paid = [each for each in book.of("payment_intent") if each["status"] == "succeeded"]
        return {sessions.get(str(each["id"]), str(each["id"])): worth(each["amount_received"], USD) for each in paid}


@pytest.mark.parametrize("seed", [6, 27, 29])
def test_what_stripe_took_is_what_the_ledger_has(seed: int) -> None:
    with harness("80", tier=1) as here:
        open_account(here, "acc2", "sk-EXAMPLE-client-0002", "0", 1)
        stripe = Paying(here)
        relay = CrashingHarness.of(here, CrashPoint())
        stripe.here = relay
        storm = Storm(stripe, relay, random.Random(seed))
        for _ in range(STEPS):
            storm.rage()
        storm.calm()
        store = here.services.store
        assert storm.taken == {**stripe.money_in("acc1"), **stripe.money_in("acc2")}
        assert [list(disagreements(store, each)) for each in ACCOUNTS] == [[], []]
        assert [store.accounts.drift(each) for each in ACCOUNTS] == [0, 0]
        assert len(storm.taken) > 5
        assert "PaymentMismatch" not in here.counts
