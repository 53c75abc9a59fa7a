"""A bad day of all families: lost, repeated, late and forged callbacks, upstreams that answer nonsense.

BAD_DAY_TASKS says how many tasks; a thousand take some minutes.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from local.clients import client, spoken
from local.relayed import LocalRelay
from local.upstreams.fault_table import Endpoint
from local.upstreams.inbox import Inbox
from local.upstreams.jobs import Job
from relay.families import FAMILIES, dialect
from relay.families.uses import CREATE, CREATE_RECORD
from relay.nouns.money import EntryKind, nanos
from relay.nouns.task import Delivery, State, Task
from tests.e2e.tenant import Tenant

pytestmark = pytest.mark.stack

SEED = 20260101
TASKS = int(os.environ.get("BAD_DAY_TASKS", "150"))
TENANTS = 10
PATIENCE = 90.0 + TASKS / 3  # KIE takes 20 new tasks in 10 s
LOOK = 12.0  # seconds between hints that something may have happened
ASKS = [(api, ask) for api in spoken() for ask in client(api).asks if not ask.picture and not ask.refused]
PROMPTS = ("prompt", "gpt_description_prompt")
NAME = re.compile(r"bad day \d+\.")

Odds = Mapping[Endpoint, Mapping[str, float]]
BAD_DAY: Odds = {
    "query": {"http-502": 0.1, "empty": 0.05, "bad-json": 0.05, "unknown-status": 0.1, "not-found": 0.05},
    "callback": {"lost": 0.2, "duplicate=3": 0.2, "delay=2": 0.1, "reorder": 0.1, "forged": 0.1, "tampered": 0.1},
    "outcome": {"fail": 0.1, "refuse": 0.05},
}
# Certain refusals, which another try or another upstream mends. A 5xx says so in few wires: elsewhere the outcome would
# be unknown, and the task held for longer than a test can wait.
REFUSING: Odds = {"submit": {"rate-limit=1": 0.1, "no-credits=1": 0.02}}
FAILING: Odds = {"submit": {"server-error=1": 0.1, "queue-full=1": 0.05, "rate-limit=1": 0.05}}
CERTAIN = ("kie", "aistudio")  # whose documents say that a 5xx made nothing

CREATES = (CREATE, CREATE_RECORD)


@dataclass(frozen=True)
class Day:
    relay: LocalRelay
    tenants: list[Tenant]
    tasks: list[tuple[Tenant, Task]]

    def jobs(self) -> Iterator[Job]:
        """The jobs of this day at all upstreams."""
        for upstream in self.relay.upstreams.simulators.values():
            yield from (job for job in upstream.book.by_id.values() if NAME.search(job.order.prompt))

    def name_of(self, tenant: Tenant, task: Task) -> str:
        """What the jobs of a task are known by."""
        request = self.relay.deployment.store.tasks.request(tenant.account.account_id, task.task_id)
        assert request is not None
        return str(NAME.findall(request.prompt)[0])


@pytest.fixture(scope="module")
def day(relay: LocalRelay, inbox: Inbox) -> Day:
    tenants = [Tenant.of(relay, inbox, balance="1000") for _ in range(TENANTS)]
    for tenant in tenants:  # some requests cannot name an address
        relay.deployment.store.accounts.change(tenant.account.account_id, hooks=(inbox.url,))
    for name, upstream in relay.upstreams.simulators.items():
        upstream.faults.chaos(SEED, {**BAD_DAY, **(FAILING if name in CERTAIN else REFUSING)})
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: _create(tenants[number % TENANTS], number), range(TASKS)))
    tasks = _ended(relay, tenants)
    for upstream in relay.upstreams.simulators.values():
        upstream.faults.clear()
    return Day(relay, tenants, tasks)


def _create(tenant: Tenant, number: int) -> str:
    api, ask = ASKS[number // TENANTS % len(ASKS)]
    field = next(name for name in PROMPTS if name in ask.body)
    return tenant.clients[api].create(ask.path, {**ask.body, field: f"bad day {number}."}, tenant.inbox.url)


def _ended(relay: LocalRelay, tenants: list[Tenant]) -> list[tuple[Tenant, Task]]:
    """All tasks once nothing more is owed, or as they are when patience ends.

    A lost callback is made up for by a look a minute later. To spare that minute, each open task's look is brought
    forward by the write with which an unconfirmed callback does it; who then looks is the deployed poller.
    """
    tasks, until, hinted = relay.deployment.store.tasks, time.monotonic() + PATIENCE, time.monotonic()
    while True:
        found = [(tenant, task) for tenant in tenants for task in tasks.since(tenant.account.account_id, "0")]
        owing = [task for _, task in found if task.due_at is not None]
        if not owing or time.monotonic() > until:
            return found
        if time.monotonic() - hinted > LOOK:
            hinted = time.monotonic()
            for task in (task for task in owing if task.upstream_task_id and not task.terminal):
                tasks.hasten(task, time.time_ns() // 1_000_000)
            relay.stack.invoke("Sweep", {})
        time.sleep(1.5)


def test_no_task_is_lost(day: Day) -> None:
    assert len(day.tasks) == TASKS
    assert Counter(task.state for _, task in day.tasks if not task.terminal) == {}


def test_nobody_is_charged_twice(day: Day) -> None:
    accounts, end = day.relay.deployment.store.accounts, {True: "capture", False: "release"}
    ledger = [entry for tenant in day.tenants for entry in accounts.entries(tenant.account.account_id)]
    found = Counter((entry.reference, entry.kind.value) for entry in ledger if entry.kind is not EntryKind.TOPUP)
    assert found == Counter(
        (task.task_id, kind) for _, task in day.tasks for kind in ("reserve", end[task.state is State.SUCCEEDED])
    )


def test_the_ledgers_agree_to_the_nano(day: Day) -> None:
    assert [tenant.drift for tenant in day.tenants] == [0] * TENANTS


def test_what_is_left_is_what_was_paid_in_less_what_was_made(day: Day) -> None:
    spent = sum(task.price for _, task in day.tasks if task.state is State.SUCCEEDED)
    assert sum(tenant.balance for tenant in day.tenants) == TENANTS * nanos("1000") - spent


def test_every_task_has_at_most_one_job(day: Day) -> None:
    assert max(Counter(NAME.findall(job.order.prompt)[0] for job in day.jobs()).values()) == 1


def test_every_family_had_its_part(day: Day) -> None:
    """But for those whose clients make model calls alone."""
    making = {name for name in FAMILIES if any(route.use in CREATES for route in dialect(name).routes)}
    assert {task.dialect for _, task in day.tasks} == making


def test_every_client_is_told_of_exactly_one_event(day: Day) -> None:
    told: dict[str, set[bytes]] = {}
    for post in day.tenants[0].inbox.posts:
        told.setdefault(post.headers["webhook-id"], set()).add(post.raw)
    owed = [task for _, task in day.tasks if task.delivery is not Delivery.NONE]  # some APIs have no callbacks
    assert len(owed) > TASKS / 2
    assert Counter(task.platform for task in owed if len(told.get(f"msg_{task.task_id}", ())) != 1) == {}


def test_no_lie_was_believed(day: Day) -> None:
    assert not [task for _, task in day.tasks if any("forged" in asset.url for asset in task.assets)]


def test_tasks_end_as_their_jobs_did(day: Day) -> None:
    made = {NAME.findall(job.order.prompt)[0]: not job.failure for job in day.jobs()}
    ended = {day.name_of(tenant, task): task.state is State.SUCCEEDED for tenant, task in day.tasks}
    assert {name: good for name, good in ended.items() if good is not made.get(name, False)} == {}


def test_the_day_was_bad(day: Day) -> None:
    sent = [each.task_id for each in day.relay.upstreams.callbacks.sent]
    kie_jobs = {task.upstream_task_id for _, task in day.tasks if task.upstream == "kie" and task.upstream_task_id}
    assert kie_jobs - set(sent), "no callback was lost"
    assert any(task.learnt == "poll" for _, task in day.tasks if task.upstream == "kie")
