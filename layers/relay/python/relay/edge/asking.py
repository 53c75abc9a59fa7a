"""One request to a route, as both endpoints of clients treat it: what an operation is asked, how its result is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from relay.edge.operations import Ask
from relay.families.dialect import AnyRoute, Told
from relay.families.uses import ANSWER, CREATE_RECORD
from relay.flow.access import Caller
from relay.flow.links import refer
from relay.flow.results import with_bytes
from relay.flow.services import Services
from relay.nouns.task import State, Task
from relay.nouns.wire import Inbound, Reply


def ask(
    services: Services, known: Caller | None, route: AnyRoute, inbound: Inbound, *, base_url: str, trace_id: str
) -> Ask[Any]:
    """What an operation is asked by this request."""
    read: Callable[[], Any] = lambda: route.read(inbound, services.catalog)  # noqa: E731 - read when the operation wants it
    return Ask(services, known, inbound, read, trace_id, base_url)


def tell(asked: Ask[Any], route: AnyRoute, found: Any, *, waited: bool) -> Reply:  # noqa: ANN401 - as the use case says
    """What the client is told. `waited`: it waited for the end, and is told that where it has come."""
    write = route.ended if route.ended and waited and found.terminal else route.write
    return write(told(asked, route, found))


def told(asked: Ask[Any], route: AnyRoute, found: Any) -> Told[Any]:  # noqa: ANN401 - as the use case says
    """What there is to tell, as the route wants it."""
    if route.inline and isinstance(found, Task):
        found = with_bytes(asked.services, found, route.inline)
    if (
        route.use in (CREATE_RECORD, ANSWER) and found.task.state is State.SUCCEEDED
    ):  # which was not known when it was created
        found = found._replace(facts=asked.services.store.tasks.facts(found.task.account_id, found.task.task_id))
    services = asked.services
    return Told(found, services.clock(), asked.base_url, asked.trace_id, partial(refer, services), services.catalog)


def applied(reply: Reply, preferred: int | None) -> Reply:
    """The reply, which also says that its client's preference for waiting was heeded, where it had one."""
    if not preferred:
        return reply
    said, preference = reply.headers.get("preference-applied"), f"wait={preferred}"
    told = f"{said}, {preference}" if said else preference
    return replace(reply, headers={**reply.headers, "preference-applied": told})
