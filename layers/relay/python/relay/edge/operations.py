"""What can be asked at the client doors: each operation reads with a dialect, makes one call, writes the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from relay.families.dialect import Dialect
from relay.flow import intake, results, statement, uploads
from relay.flow.access import Caller
from relay.flow.links import sign_links
from relay.flow.services import Services
from relay.nouns.wire import Inbound, Reply

if TYPE_CHECKING:
    from relay.families.aistudio.dialect import AistudioDialect
    from relay.families.kie.dialect import KieDialect


@dataclass(frozen=True, slots=True)
class Ask:
    """One authenticated request: who asks what, in which dialect."""

    services: Services
    dialect: Dialect
    caller: Caller
    inbound: Inbound
    trace_id: str
    base_url: str  # where this API is reached, for links into it


def create(ask: Ask) -> Reply:
    repeat = intake.idempotency(ask.inbound)
    task = intake.earlier(ask.services, ask.caller, repeat)
    if task is None:
        draft = ask.dialect.read_create(ask.inbound, ask.services.catalog)
        task = intake.submit(ask.services, ask.caller, draft, repeat, ask.trace_id)
    return ask.dialect.write_created(task)


def query(ask: Ask) -> Reply:
    wanted = ask.dialect.read_query(ask.inbound)
    if ask.dialect.status_echoes_request:
        task, draft = intake.find_with_request(ask.services, ask.caller, wanted.task_id, wanted.platform)
        return ask.dialect.write_status(sign_links(ask.services, task, ask.base_url), draft)
    task = intake.find(ask.services, ask.caller, wanted.task_id, wanted.platform)
    return ask.dialect.write_status(sign_links(ask.services, task, ask.base_url))


def balance(ask: Ask) -> Reply:
    speaker = cast("AistudioDialect", ask.dialect)
    return speaker.write_balance(statement.balance(ask.services, ask.caller), ask.trace_id)


def consumption(ask: Ask) -> Reply:
    speaker = cast("AistudioDialect", ask.dialect)
    total, entries = statement.consumption(ask.services, ask.caller, speaker.read_consumption(ask.inbound))
    return speaker.write_consumption(total, entries, ask.trace_id)


def upload(ask: Ask) -> Reply:
    speaker = cast("AistudioDialect", ask.dialect)
    part = speaker.read_upload(ask.inbound)
    return speaker.write_upload(uploads.receive(ask.services, ask.caller, *part, ask.base_url), ask.trace_id)


def host_image(ask: Ask) -> Reply:
    speaker = cast("AistudioDialect", ask.dialect)
    part = speaker.read_upload(ask.inbound)
    kept = uploads.receive(ask.services, ask.caller, *part, ask.base_url)
    return speaker.write_hosted(kept, ask.services.clock() // 1000)


def presign(ask: Ask) -> Reply:
    speaker = cast("AistudioDialect", ask.dialect)
    wanted = speaker.read_presign(ask.inbound)
    return speaker.write_form(uploads.presign(ask.services, ask.caller, wanted, ask.base_url), ask.trace_id)


def download(ask: Ask) -> Reply:
    """A link to a result without a redirect, once it is known to be the caller's."""
    speaker = cast("KieDialect", ask.dialect)
    wanted = speaker.read_download(ask.inbound)
    return speaker.write_download(results.direct_link(ask.services, ask.caller, wanted.url, wanted.task_id))


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
