"""Random lives of a subscription: money, invoices, tier and status stay consistent, whatever happens in which order."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from itertools import pairwise

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from relay.flow.renewals import renew
from relay.flow.settling import settle
from relay.nouns.errors import RelayError
from relay.nouns.money import EntryKind
from relay.nouns.plans import LIVE, InvoiceStatus, Status, Subscription
from tests.functional.crashes import CrashingHarness, CrashPoint
from tests.functional.harness import harness
from tests.functional.subscribing import DAY, Subscriber, take_cards

PLANS = ("free", "basic", "pro", "enterprise")
SAYS = ("covered", "covered", "awaited", "declined")


class Subscriptions(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.open = ExitStack()
        safe = self.open.enter_context(harness("300", tier=1))
        self.card = take_cards(safe)
        self.here = CrashingHarness.of(safe, CrashPoint())
        self.card.wrote = self.here.crash_point.wrote
        self.one = Subscriber(self.here)
        self.top_ups = 0

    def teardown(self) -> None:
        try:
            self._all_is_done()
        finally:
            self.open.close()

    # --- what happens -----------------------------------------------------------------------------------------

    @rule(
        plan=st.sampled_from(PLANS),
        method=st.sampled_from((None, "balance", "card")),
        auto_renew=st.sampled_from((True, True, False)),
        says=st.sampled_from(SAYS),
    )
    def subscribe(self, plan: str, method: str | None, auto_renew: bool, says: str) -> None:
        self.card.says = says
        with suppress(RelayError):
            self.here.completes(lambda: self.one.subscribe(plan, method, auto_renew=auto_renew))

    @rule()
    def cancel(self) -> None:
        if self._subscription():
            self.here.completes(self.one.cancel)

    @rule(amount=st.sampled_from(("20", "80", "800")))
    def top_up(self, amount: str) -> None:
        self.top_ups += 1
        self.here.completes(lambda: self.one.top_up(amount, f"top-up-{self.top_ups}"))

    @rule(status=st.sampled_from(("frozen", "active", "active")))
    def freeze_or_thaw(self, status: str) -> None:
        self.here.completes(lambda: self.here.services.store.accounts.change("acc1", status=status))

    @rule(days=st.sampled_from((0.01, 1, 5, 31, 75)), looks=st.sampled_from((0, 1, 2)))
    def time_passes(self, days: float, looks: int) -> None:
        self.here.wait(days * DAY)
        for _ in range(looks):
            self.here.tick()
            self.here.pump()

    @rule(skew=st.sampled_from((-7, 7)))
    def a_worker_is_told_again_by_a_clock_that_differs(self, skew: int) -> None:
        self.here.wait(skew)
        self.here.completes(lambda: renew(self.here.services, "acc1"))
        self.here.wait(-skew)

    @rule()
    def the_card_tells_what_it_took(self) -> None:
        for entry in self.card.paid():
            number = int(entry.reference.split("_")[3])
            with suppress(RelayError):
                self.here.completes(lambda: settle(self.here.services, "acc1", number, entry))  # noqa: B023

    @rule(writes=st.integers(1, 5))
    def a_function_will_die(self, writes: int) -> None:
        self.here.crash_point.writes_left = writes

    # --- what always holds ------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert self.one.agrees()
        assert self.here.balance >= 0
        found = self._subscription()
        assert self.one.tier == self._tier_of(found)
        if found:
            assert bool(found.open_invoice) >= (found.status is Status.PAST_DUE)
            left = [each.number for each in self.one.invoices if each.status is InvoiceStatus.OPEN]
            assert left == ([found.open_invoice] if found.open_invoice else [])

    @invariant()
    def no_day_is_paid_twice(self) -> None:
        paid = [each for each in self.one.invoices if each.status is InvoiceStatus.PAID]
        for first, second in pairwise(paid):
            credit = -sum(item.amount for item in second.items[1:])
            assert second.amount == second.worth - credit
            overlap = max(0, first.period_end - second.issued_at) if credit else 0
            assert second.period_start >= first.period_end or credit or second.subscription_id != first.subscription_id
            assert credit == first.worth * overlap // (first.period_end - first.period_start)

    # --- the end ----------------------------------------------------------------------------------------------

    def _all_is_done(self) -> None:
        """The account is emptied and left alone: everything ends, and what a card took is in the ledger once."""
        self.here.crash_point.writes_left = 0
        self.card.says = "declined"
        self.here.services.store.accounts.change("acc1", status="active")
        self.the_card_tells_what_it_took()
        booked = [each for each in self.here.services.store.accounts.entries("acc1") if each.kind is EntryKind.TOPUP]
        assert sorted(each.reference for each in self.card.paid()) == sorted(
            each.reference for each in booked if each.reference.startswith("card_")
        )
        if self._subscription():
            self.one.cancel()
            for days in (32, 1, 0.01):
                self.here.wait(days * DAY)
                self.one.look()
            found = self.one.subscription
            assert (found.status in LIVE, found.due_at, self.one.tier) == (False, None, 1)
        self.nothing_is_wrong()

    def _subscription(self) -> Subscription | None:
        return self.here.services.store.subscriptions.get("acc1")

    def _tier_of(self, found: Subscription | None) -> int:
        return self.here.services.catalog.plans[found.plan_id].tier if found and found.live else 1


TestSubscriptions = Subscriptions.TestCase
# a failing life is told as it is: shrinking it would take minutes
TestSubscriptions.settings = settings(
    max_examples=6, stateful_step_count=25, deadline=None, derandomize=True, phases=(Phase.generate,)
)
