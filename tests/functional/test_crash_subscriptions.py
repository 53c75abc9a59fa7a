"""A function that is killed after any of its writes leaves no subscription half paid: it ends as if nobody had died.

Each course runs once undisturbed, then with a kill after its first write, its second, and so on. Who sees an error asks
again; messages of functions that died come back; the clock goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.axes import table
from tests.functional.crashes import VISIBILITY, CrashingHarness, CrashPoint
from tests.functional.harness import harness
from tests.functional.subscribing import DAY, Card, Subscriber, take_cards

MOST_WRITES = 40  # more than any course has


@dataclass(frozen=True)
class Course(Subscriber):
    """An account whose every request and every function may be killed."""

    here: CrashingHarness
    card: Card

    def insist(self, plan_id: str, method: str | None = None) -> None:
        while not self.here.completes(lambda: self.subscribe(plan_id, method)):
            continue

    def live(self, *days: float) -> None:
        """After so many days the clock looks, and again after those; in the end until nothing is left to do."""
        for each in days:
            self.here.wait(each * DAY)
            self.look()
        self.settle_down()

    def settle_down(self) -> None:
        """Whatever was killed has come back, and what is due is done."""
        for _ in range(2):
            self.here.wait(max(VISIBILITY["renew"], 301))
            self.look()

    def seen(self) -> tuple[object, ...]:
        found = self.subscription
        period = found.period_start // 86_400_000, found.period_end // 86_400_000
        told = found.status, found.plan_id, period, found.open_invoice, found.next_plan, found.due_at is None
        billed = [(each.status.value, each.plan_id, each.amount) for each in self.invoices]
        assert self.agrees()
        return (*told, billed, self.charges, self.here.balance, self.tier)


def renewed(course: Course) -> None:
    course.insist("basic")
    course.live(31.1)


def upgraded(course: Course) -> None:
    course.insist("basic")
    course.here.wait(10 * DAY)
    course.insist("pro")
    course.settle_down()


def downgraded(course: Course) -> None:
    course.insist("pro")
    course.insist("free")
    course.live(31.1)


def given_up(course: Course) -> None:
    course.insist("enterprise")
    course.live(31.1, 1, 2, 2, 2)


def by_card(course: Course) -> None:
    course.insist("basic", "card")
    course.card.says = "declined"
    course.live(31.1)
    course.card.says = "covered"
    course.live(1)


COURSES: dict[str, Callable[[Course], None]] = {
    each.__name__: each for each in (renewed, upgraded, downgraded, given_up, by_card)
}


def lived(course: Callable[[Course], None], death: int) -> tuple[tuple[object, ...], bool]:
    """How it ends with a kill after the `death`-th write (0: never), and whether the kill was reached."""
    with harness("1000", tier=1) as safe:
        card = take_cards(safe)
        here = CrashingHarness.of(safe, CrashPoint(death))
        card.wrote = here.crash_point.wrote
        one = Course(here, card)
        course(one)
        return one.seen(), here.crash_point.reached


@table("course", COURSES)
def test_whatever_write_a_function_dies_after_a_subscription_ends_as_if_nobody_had_died(course: str) -> None:
    unharmed, _ = lived(COURSES[course], 0)
    ends, death = dict[int, tuple[object, ...]](), 0
    for death in range(1, MOST_WRITES):
        end, died = lived(COURSES[course], death)
        if not died:
            break
        ends[death] = end
    assert 3 <= death < MOST_WRITES
    assert {death: end for death, end in ends.items() if end != unharmed} == {}
