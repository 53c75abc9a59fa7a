"""`Prefer: wait` at every route of every dialect that creates, or completes, a task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from relay.families import dialect
from relay.families.uses import ANSWER, CREATE, CREATE_RECORD
from relay.nouns.money import nanos
from tests.contract.clients import asks_of, creations_of
from tests.functional.harness import Harness, simulated
from tests.speaking import SPOKEN

LONG = 5 * 60.0  # seconds by which everything simulated has ended
SAME = tuple(f"/mj-{mode}/" for mode in ("fast", "relax", "turbo"))  # the same routes as below /mj


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with simulated() as made:
        made.services.store.accounts.top_up(made.account_id, "more", nanos("10000"), made.now[0])
        made.services = replace(made.services, pause=lambda _: made.run(LONG, step=30))
        yield made


def test_every_route_that_makes_a_task_answers_who_waits_for_its_end() -> None:
    making = [route for family in SPOKEN for route in dialect(family).routes]
    lacking = [route.path for route in making if route.use in (CREATE, CREATE_RECORD, ANSWER) and not route.ended]
    assert lacking == []


@pytest.mark.parametrize("family", SPOKEN)
def test_who_waits_is_told_what_a_query_tells(here: Harness, family: str) -> None:
    asks = {ask.of: ask for ask in reversed(asks_of(family)) if ask.method != "DELETE"}  # of each the first
    other = dict[str, object]()
    for path, each in creations_of(family).items():
        if each.after or path.startswith(SAME):
            continue
        status, told, headers = here.exchange("POST", path, each.body, headers={"prefer": "wait=20"})
        (task, *_) = here.services.store.tasks.since(here.account_id, "0")
        assert (status, headers.get("preference-applied")) == (200, "wait=20"), f"{path}: {told}"
        assert task.terminal, path
        if each.route in asks:
            method, where, body = asks[each.route].about(task.task_id)
            found = here.request(method, where, body)[1]
            other |= {path: (told, found)} if {**told, "request_id": ""} != {**found, "request_id": ""} else {}
    assert other == {}
