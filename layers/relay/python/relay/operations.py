"""What can be asked at the client doors: each operation reads with a dialect, makes one call, writes the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from relay.dialects import Dialect
from relay.flow import intake, results, statement, uploads
from relay.flow.access import Caller
from relay.flow.house import House
from relay.flow.links import shown
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
    base_url: str  # where this API is reached, for links into it


def create(ask: Ask) -> Reply:
    repeat = intake.idempotency(ask.inbound)
    task = intake.earlier(ask.house, ask.caller, repeat)
    if task is None:
        draft = ask.dialect.read_create(ask.inbound, ask.house.catalog)
        task = intake.submit(ask.house, ask.caller, draft, repeat, ask.trace_id)
    return ask.dialect.write_created(task)


def query(ask: Ask) -> Reply:
    wanted = ask.dialect.read_query(ask.inbound)
    if ask.dialect.status_echoes_request:
        task, draft = intake.find_with_request(ask.house, ask.caller, wanted.task_id, wanted.platform)
        return ask.dialect.write_status(shown(ask.house, task, ask.base_url), draft)
    task = intake.find(ask.house, ask.caller, wanted.task_id, wanted.platform)
    return ask.dialect.write_status(shown(ask.house, task, ask.base_url))


def balance(ask: Ask) -> Reply:
    speaker = cast("RelayDialect", ask.dialect)
    return speaker.write_balance(statement.balance(ask.house, ask.caller), ask.trace_id)


def consumption(ask: Ask) -> Reply:
    speaker = cast("RelayDialect", ask.dialect)
    total, entries = statement.consumption(ask.house, ask.caller, speaker.read_consumption(ask.inbound))
    return speaker.write_consumption(total, entries, ask.trace_id)


def upload(ask: Ask) -> Reply:
    speaker = cast("RelayDialect", ask.dialect)
    part = speaker.read_upload(ask.inbound)
    return speaker.write_upload(uploads.receive(ask.house, ask.caller, *part, ask.base_url), ask.trace_id)


def host_image(ask: Ask) -> Reply:
    speaker = cast("RelayDialect", ask.dialect)
    part = speaker.read_upload(ask.inbound)
    kept = uploads.receive(ask.house, ask.caller, *part, ask.base_url)
    return speaker.write_hosted(kept, ask.house.clock() // 1000)


def presign(ask: Ask) -> Reply:
    speaker = cast("RelayDialect", ask.dialect)
    wanted = speaker.read_presign(ask.inbound)
    return speaker.write_form(uploads.presign(ask.house, ask.caller, wanted, ask.base_url), ask.trace_id)


def download(ask: Ask) -> Reply:
    """A link to a result without a redirect, once it is known to be the caller's."""
    speaker = cast("KieDialect", ask.dialect)
    wanted = speaker.read_download(ask.inbound)
    return speaker.write_download(results.direct_link(ask.house, ask.caller, wanted.url, wanted.task_id))


OPERATIONS: Mapping[str, Callable[[Ask], Reply]] = {
    "create": create,
    "query": query,
    "balance": balance,
    "consumption": consumption,
    "upload": upload,
    "host_image": host_image,
    "presign": presign,
    "download": download,
}

READS = frozenset({"query", "balance", "consumption", "download"})  # what a tier's reads per minute limit
