"""What can be asked at the client doors: each operation reads with a dialect, makes one call, writes the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, cast

from relay.dialects import Dialect
from relay.flow import intake, results, statement
from relay.flow.access import Caller
from relay.flow.house import House
from relay.wire import Inbound, Reply

if TYPE_CHECKING:
    from relay.dialects.kie import KieDialect
    from relay.dialects.relay import RelayDialect


@dataclass(frozen=True, slots=True)
class Ask:
    """One authenticated request: who asks what, in which dialect."""

    house: House
    dialect: Dialect
    caller: Caller
    inbound: Inbound
    trace_id: str


def create(ask: Ask) -> Reply:
    draft = ask.dialect.read_create(ask.inbound, ask.house.catalog)
    task = intake.submit(ask.house, ask.caller, draft, ask.inbound.headers.get("idempotency-key"))
    return ask.dialect.write_created(task)


def query(ask: Ask) -> Reply:
    wanted = ask.dialect.read_query(ask.inbound)
    if ask.dialect.status_echoes_request:
        task, draft = intake.find_with_request(ask.house, ask.caller, wanted.task_id, wanted.platform)
        return ask.dialect.write_status(task, draft)
    return ask.dialect.write_status(intake.find(ask.house, ask.caller, wanted.task_id, wanted.platform))


def balance(ask: Ask) -> Reply:
    speaker = cast("RelayDialect", ask.dialect)
    return speaker.write_balance(statement.balance(ask.house, ask.caller), ask.trace_id)


def consumption(ask: Ask) -> Reply:
    speaker = cast("RelayDialect", ask.dialect)
    total, entries = statement.consumption(ask.house, ask.caller, speaker.read_consumption(ask.inbound))
    return speaker.write_consumption(total, entries, ask.trace_id)


def upload(ask: Ask) -> NoReturn:
    cast("RelayDialect", ask.dialect).read_upload(ask.inbound)


def download(ask: Ask) -> Reply:
    """The result's own link, once it is known to be the caller's: it is direct already."""
    speaker = cast("KieDialect", ask.dialect)
    wanted = speaker.read_download(ask.inbound)
    results.owner_of(ask.house, ask.caller, wanted.url, wanted.task_id)
    return speaker.write_download(wanted.url)


OPERATIONS: Mapping[str, Callable[[Ask], Reply]] = {
    "create": create,
    "query": query,
    "balance": balance,
    "consumption": consumption,
    "upload": upload,
    "download": download,
}
