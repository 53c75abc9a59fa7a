"""Model calls without a server: the flow of the stream endpoint over the network of tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from relay.effects.outbound.open_lines import Arriving, OpenLines
from relay.families import dialect
from relay.flow.access import Access
from relay.flow.inference import Inferring
from relay.flow.line_shares import LineShares
from relay.flow.reserving import Reservations
from relay.flow.services import Services
from relay.flow.sources import Sources
from relay.nouns.inference import Bill
from relay.nouns.wire import Call, Inbound, compact
from tests.functional.harness import KEY
from tests.functional.network import Network

CHAT = "/v1/chat/completions"


class NetworkLines(OpenLines):
    """Connections to the simulated upstreams of a test."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @asynccontextmanager
    async def open(self, call: Call) -> AsyncIterator[Arriving]:
        answer = self._network.send(call)

        async def chunks() -> AsyncIterator[bytes]:
            yield answer.body

        yield Arriving(answer.status, answer.headers, chunks())


def call_model(services: Services, network: Network, **fields: Any) -> Bill:
    """Ask a model for a completion in one piece, as a client of /v1 would; what it cost."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}], **fields}
    newapi = dialect("newapi")
    route = next(each for each in newapi.routes if each.path == CHAT)
    asked = route.read(Inbound("POST", CHAT, body=compact(body)), services.catalog)
    caller = Access(services).caller(KEY, "newapi")
    calling = Inferring(
        Sources(services, NetworkLines(network)),
        LineShares(services.store.line_leases, "a process", services.clock),
        Reservations(services),
    )
    return asyncio.run(calling.complete(caller, asked)).bill
