"""A creation sent twice is one task and one charge, at every route; and whose a task is, whoever asks for it where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from relay.families import dialect
from relay.families.uses import CANCEL, HIDE, Use
from relay.nouns.money import nanos
from relay.nouns.task import State
from tests.contract.clients import Ask, Creation, asks_of, creations_of, filled, pointed
from tests.contract.test_refusals import wrong
from tests.functional.harness import Harness, open_account, simulated
from tests.functional.refusals import TABLES
from tests.speaking import SPOKEN

STRANGER = "sk-EXAMPLE-stranger"
spoken = pytest.mark.parametrize("family", SPOKEN)


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with simulated() as made:
        made.services.store.accounts.top_up(made.account_id, "more", nanos("1000"), made.now[0])
        open_account(made, "stranger", STRANGER, "9", 3)
        yield made


def sums(here: Harness) -> tuple[int, int, int]:
    """The balance, the number of tasks, and the number of calls sent: all rows would take minutes to compare."""
    tasks = here.services.store.tasks.tables.client.scan(TableName=TABLES[0], Select="COUNT")["Count"]
    return here.balance, tasks, len(here.network.calls)


def made(here: Harness, each: Creation, key: str, **values: str) -> str:
    """The id of the task that a creation makes."""
    body = filled(each.body, **values)
    status, document = here.post(each.path.replace("$id", values.get("id", "")), body, headers={"idempotency-key": key})
    assert status in (200, 201, 202), (each.path, status, document)
    return str(pointed(document, each.task_id))


def ended(here: Harness, family: str, each: Creation) -> tuple[str, dict[str, str]]:
    """A task that has ended, and what later creations take of its document."""
    task_id = made(here, each, f"parent-{each.path}")
    here.run(120)
    assert here.task(task_id).state is State.SUCCEEDED, here.task(task_id)
    return task_id, {"id": task_id}


@spoken
def test_a_creation_sent_twice_is_one_task_and_one_charge(here: Harness, family: str) -> None:
    parents = dict[str, dict[str, str]]()
    for path, each in creations_of(family).items():
        values = dict[str, str]()
        if each.after:
            if each.after not in parents:
                parents[each.after] = ended(here, family, creations_of(family)[each.after])[1]
            values = dict(parents[each.after])
            method, asked, body = next(ask for ask in asks_of(family) if ask.of == each.after).about(values["id"])
            _, document = here.request(method, asked, body)
            values |= {name: str(pointed(document, where)) for name, where in each.takes.items()}
        send, balance = partial(made, here, each, f"once-{path}", **values), here.balance
        task_id = send()
        assert balance - here.balance == here.task(task_id).price > 0, path
        before = sums(here)
        assert (send(), sums(here)) == (task_id, before), path
    assert here.drift == 0


def asking(family: str, use: Use[Any, Any]) -> list[Ask]:
    routes = {(route.method, route.path) for route in dialect(family).routes if route.use == use}
    return [ask for ask in asks_of(family) if (ask.method, ask.route) in routes]


@spoken
def test_a_task_of_another_account_dialect_or_platform_is_no_task_at_any_route(here: Harness, family: str) -> None:
    bad = list[str]()
    for ask in asks_of(family):
        task = here.task(made(here, creations_of(family)[ask.of], f"foreign-{ask.of}"))
        method, path, body = ask.about(task.task_id)
        refused, before = partial(wrong, here, family, method, path, ("TASK_NOT_FOUND",), body=body), sums(here)
        bad += refused(key=STRANGER)
        assert here.task(task.task_id) == task, ask
        for moved in (replace(task, dialect="another"), replace(task, platform="another")):
            now = here.task(task.task_id)
            assert here.services.store.tasks.save(now, replace(moved, version=now.version + 1))
            bad += refused()
        assert sums(here) == before, ask
    assert bad == []


@pytest.mark.parametrize("family", [family for family in SPOKEN if asking(family, CANCEL)])
def test_a_task_that_waits_is_taken_back_and_refunded_once(here: Harness, family: str) -> None:
    for ask in asking(family, CANCEL):
        balance = here.balance
        task_id = made(here, creations_of(family)[ask.of], f"cancel-{ask.route}")
        assert here.balance < balance
        first, second = (here.request(*ask.about(task_id)) for _ in range(2))
        assert (first[0], second) == (200, first)
        assert (here.task(task_id).state, here.entries(task_id)) == (State.CANCELLED, ["release", "reserve"])
        assert (here.balance, here.drift) == (balance, 0)


@pytest.mark.parametrize("family", [family for family in SPOKEN if asking(family, HIDE)])
def test_a_hidden_task_is_found_no_more_and_stays_paid(here: Harness, family: str) -> None:
    for ask in asking(family, HIDE):
        task_id, _ = ended(here, family, creations_of(family)[ask.of])
        balance = here.balance
        assert here.request(*ask.about(task_id))[0] == 200
        again = [other for other in asks_of(family) if other.of == ask.of]
        for method, path, body in (other.about(task_id) for other in again):
            assert wrong(here, family, method, path, ("TASK_NOT_FOUND",), body=body) == []
        assert (here.balance, here.task(task_id).hidden, here.drift) == (balance, True, 0)
