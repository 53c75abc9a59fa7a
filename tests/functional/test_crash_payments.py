"""A function that takes a payment may be killed after any write, and two may meet: the money is booked once all the
same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from relay.nouns.errors import RelayError
from relay.nouns.plans import Status
from relay.nouns.wire import Answer, Call
from tests.axes import table
from tests.functional.crashes import CrashingHarness, CrashPoint
from tests.functional.harness import harness
from tests.functional.paying import Paying
from tests.functional.subscribing import BASIC, DAY, Subscriber

MOST_WRITES = 20  # more than any of these has


def pay_and_tell(stripe: Paying) -> None:
    """The customer pays what there is to pay, and Stripe tells of it twice."""
    if stripe.api.book.get("checkout.session", stripe.checkout.session_id)["status"] == "open":
        stripe.pay(stripe.checkout)
    stripe.tell(*stripe.api.webhooks.events[-1:] * 2)


def top_up(stripe: Paying) -> None:
    stripe.ask_topup(990)
    pay_and_tell(stripe)


def subscribe(stripe: Paying) -> None:
    Subscriber(stripe.here).subscribe("basic", "stripe")
    pay_and_tell(stripe)


def subscribe_and_renew(stripe: Paying) -> None:
    subscribe(stripe)
    stripe.here.wait(31.5 * DAY)
    stripe.here.tick()
    while stripe.here.pump():
        continue


LIVES: dict[str, Callable[[Paying], None]] = {
    "a top-up": top_up,
    "a first payment and a renewal": subscribe_and_renew,
}
MET: dict[str, Callable[[Paying], None]] = {"a top-up": top_up, "a first payment": subscribe}


def killed_after(life: Callable[[Paying], None], writes: int) -> Iterator[str]:
    """What is wrong after all is done, with a kill after so many writes; says "whole" where it was not reached."""
    with harness("0", tier=1) as here:
        stripe, relay = Paying(here), CrashingHarness.of(here, CrashPoint(writes))
        stripe.here = relay
        killed = not relay.completes(lambda: life(stripe))
        if killed:
            relay.wait(1)
            with suppress(RelayError):
                life(stripe)
        relay.run(4800, step=1200)
        if not relay.crash_point.reached:
            yield "whole"
        taken = stripe.api.book.taken * BASIC // 990
        booked = sum(stripe.money_in().values())
        if (taken, here.drift) != (booked, 0) or not Subscriber(here).agrees():
            yield f"{writes}: {taken} were taken, {booked} booked, drift {here.drift}"
        subscription = here.services.store.subscriptions.get("acc1")
        if life is not top_up and (subscription is None or subscription.status is not Status.ACTIVE):
            yield f"{writes}: {subscription}"


@table("life", LIVES)
def test_a_kill_after_any_write_loses_no_payment_and_books_none_twice(life: str) -> None:
    for writes in range(1, MOST_WRITES):
        wrong = list(killed_after(LIVES[life], writes))
        assert wrong in ([], ["whole"])
        if wrong:
            return
    raise AssertionError("there are more writes than the test kills after")


@table("life", MET)
def test_two_that_learn_of_one_payment_at_once_book_it_once(life: str) -> None:
    with harness("0", tier=1) as here:
        stripe = Paying(here)
        answer, meeting = stripe.api.answer, list[int]()

        def met(call: Call) -> Answer:
            """While Stripe is asked about a page, another is told of the same payment and acts first."""
            said = answer(call)
            if call.method == "GET" and not meeting and b'"paid"' in said.body:
                meeting.append(1)
                meeting[:] = stripe.tell(*stripe.api.webhooks.events[-1:])
            return said

        stripe.api.answer = met  # type: ignore[method-assign]
        MET[life](stripe)
        assert meeting == [200]
        assert stripe.money_in() == {stripe.checkout.session_id: BASIC}
        assert (here.drift, "PaymentMismatch" in here.counts) == (0, False)
