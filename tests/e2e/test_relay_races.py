"""Many at once on one row: several containers' worth of the flow against the one-machine stack's DynamoDB.

Its functions are not there, so that the deployed clock does not join in.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from relay.edge.wiring import catalog
from relay.effects.bucket import Bucket
from relay.effects.store import Store
from relay.effects.store.table import Tables
from relay.flow.access import Caller
from relay.flow.callback import receive
from relay.flow.clock import tick
from relay.flow.deliver import deliver
from relay.flow.dispatch import dispatch
from relay.flow.intake import submit
from relay.flow.services import Services
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Callback, Draft, Kind
from relay.nouns.errors import InsufficientBalance
from relay.nouns.money import nanos
from relay.nouns.signing import callback_token, sign_id
from relay.nouns.task import TERMINAL, State, Task
from relay.nouns.wire import Inbound
from tests.functional.aws_fakes import create_table
from tests.functional.harness import SECRETS, START, Secrets
from tests.functional.network import CLIENT, URLS, Network

pytestmark = pytest.mark.stack

ROUNDS = 50
HANDS = 8  # containers at once


class Said:
    """What the workers asked of the queues and the poller; nobody acts on it but the test."""

    def __init__(self) -> None:
        self.deliveries: list[tuple[str, str, int]] = []

    def dispatch(self, task: Task, delay: float = 0) -> None:
        """Whoever dispatches here does so by hand."""

    def deliver(self, task: Task) -> None:
        self.deliveries.append((task.account_id, task.task_id, task.deliveries))

    def start(self, shards: list[int], until: int) -> None:
        """No poller runs here."""


@dataclass
class Races:
    """Containers by the dozen over the same tables, each with what it alone remembers."""

    tables: Tables
    network: Network = field(default_factory=Network)
    said: Said = field(default_factory=Said)
    catalog: Catalog = field(default_factory=catalog)
    now: int = START

    def services(self, now: int | None = None) -> Services:
        said: Any = self.said
        at = self.now if now is None else now
        return Services(
            catalog=self.catalog,
            store=Store.over(self.tables, shards=1, utc_offset=8),
            queues=said,
            poller=said,
            http=self.network,
            secrets=Secrets(dict(SECRETS)),
            clock=lambda: at,
            random_bits=random.SystemRandom().getrandbits,
            count=lambda name, *, upstream=None: None,
            bucket=Bucket(said, ""),
            public_url="https://relay.example.net",
            upstream_urls=URLS,
            threads=1,
        )

    def account(self, balance: int) -> Caller:
        account_id = f"acc{random.SystemRandom().getrandbits(48):x}"
        store = self.services().store
        store.accounts.open(account_id, account_id, 3)
        store.accounts.top_up(account_id, "in", balance, START)
        return Caller(account_id, 3, "aistudio")

    def queued(self) -> Task:
        """A task of a fresh account whose job KIE has and has finished."""
        self.now += 11_000  # or KIE's slots would run out
        services = self.services()
        task = submit(services, self.account(nanos("1")), DRAFT)
        dispatch(services, task.account_id, task.task_id)
        self.network.finish()
        return self.task(task)

    def task(self, task: Task) -> Task:
        found = self.services().store.tasks.get(task.account_id, task.task_id)
        assert found is not None
        return found


DRAFT = Draft("kie", "gpt4o-image", Kind.IMAGE, "gpt4o-image", "a cat", size="1:1", callback=Callback(CLIENT))


@pytest.fixture(scope="module")
def races(dynamodb: Any) -> Races:
    names = [create_table(dynamodb, logical) for logical in ("TasksTable", "AccountsTable", "DirectoryTable")]
    return Races(Tables(dynamodb, *names))


def at_once(*work: Callable[[], object]) -> list[object]:
    """Run all of it at the same instant; what each returned."""
    start = threading.Barrier(len(work))

    def run(one: Callable[[], object]) -> object:
        start.wait()
        return one()

    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(run, work))


def called_back(races: Races, task: Task) -> Callable[[], object]:
    """KIE's callback at a container of its own."""
    services, now = races.services(), races.now // 1000
    token = callback_token(SECRETS["callback-secret"].encode(), "kie", task.account_id, task.task_id)
    job = task.upstream_task_id or ""
    signed = {"x-webhook-timestamp": str(now), "x-webhook-signature": sign_id("example-hmac", job, now)}
    inbound = Inbound("POST", "/", signed, {}, {}, f'{{"data": {{"taskId": "{job}"}}}}'.encode())
    return lambda: receive(services, "kie", f"{task.account_id}.{task.task_id}", token, inbound)


def looked_at(races: Races, task: Task, now: int) -> Callable[[], object]:
    """The clock's look at a container of its own; at the deadline it ends what still runs."""
    services = races.services(now)
    (due,) = [each for each in services.store.tasks.due(0, task.expires_at, 1000) if each.task_id == task.task_id]
    return lambda: tick(services, due)


@dataclass(frozen=True)
class Round:
    task: Task
    entries: list[str]
    drift: int
    events: set[tuple[str, bytes]]
    attempts: int


def _round(races: Races, upstream: str) -> Round:
    """One task on which callbacks, looks and the deadline fall together; then its client is told, all at once too."""
    task = races.queued()
    races.network.jobs[task.upstream_task_id or ""].state = upstream
    races.network.calls.clear()
    races.said.deliveries.clear()
    at_once(
        *(called_back(races, task) for _ in range(3)),
        *(looked_at(races, task, task.due_at or 0) for _ in range(2)),
        *(looked_at(races, task, task.expires_at) for _ in range(2)),
    )
    if not races.task(task).terminal:  # the look at the deadline came second; the clock comes again
        looked_at(races, task, task.expires_at)()
    messages = [*races.said.deliveries] * 3
    at_once(*(lambda m=m: deliver(races.services(), *m) for m in messages))
    told = races.network.sent("client")
    store = races.services().store
    entries = sorted(e.kind.value for e in store.accounts.entries(task.account_id))
    events = {(call.headers["webhook-id"], call.body) for call in told}
    return Round(races.task(task), entries, store.accounts.drift(task.account_id), events, len(told))


@pytest.fixture(scope="module")
def rounds(races: Races) -> list[Round]:
    draw = random.Random(7)
    return [_round(races, draw.choice(("succeeded", "failed", "processing"))) for _ in range(ROUNDS)]


def test_every_race_is_won(rounds: list[Round]) -> None:
    assert {each.task.state for each in rounds} <= TERMINAL


def test_success_failure_and_timeout_all_win_sometimes(rounds: list[Round]) -> None:
    assert {each.task.state for each in rounds} == {State.SUCCEEDED, State.FAILED, State.TIMEOUT}


def test_one_winner_settles_and_nobody_else(rounds: list[Round]) -> None:
    for each in rounds:
        end = "capture" if each.task.state is State.SUCCEEDED else "release"
        assert each.entries == sorted([end, "reserve", "topup"])


def test_the_balance_is_the_sum_of_the_entries(rounds: list[Round]) -> None:
    assert [each.drift for each in rounds] == [0] * ROUNDS


def test_the_client_is_told_once_however_many_messages_there_are(rounds: list[Round]) -> None:
    assert [(len(each.events), each.attempts) for each in rounds] == [(1, 1)] * ROUNDS


def test_one_message_dispatched_by_many_is_one_submission(races: Races) -> None:
    services = races.services()
    task = submit(
        services, races.account(nanos("1")), replace(DRAFT, dialect="aistudio", platform="kling", model="kling-image")
    )
    races.network.calls.clear()
    at_once(*(lambda: dispatch(races.services(), task.account_id, task.task_id) for _ in range(HANDS)))
    assert len(races.network.sent("aistudio.submit")) == 1


def test_an_account_gets_exactly_what_it_paid_for(races: Races) -> None:
    price = races.catalog.models["gpt4o-image"].price
    caller = races.account(7 * price + price // 2)

    def create() -> str:
        try:
            return submit(races.services(), caller, DRAFT).state
        except InsufficientBalance:
            return "refused"

    assert Counter(at_once(*[create] * 24)) == {State.PENDING: 7, "refused": 17}
    account = races.services().store.accounts.get(caller.account_id)
    assert account is not None
    assert account.balance == price // 2
    assert races.services().store.accounts.drift(caller.account_id) == 0


def test_no_ten_seconds_see_more_than_an_upstreams_slots_taken(races: Races) -> None:
    intake = races.catalog.upstreams["kie"].intake
    assert intake is not None
    taken: list[int] = []
    for now in range(START, START + 16_000, 4_000):
        takers = [lambda now=now: races.services().store.directory.take_slot("crowded", intake, now)] * 100
        taken += [now for wait in at_once(*takers) if wait == 0.0]
    most = max(len([at for at in taken if begin <= at < begin + intake.seconds * 1000]) for begin in taken)
    assert most <= intake.limit
