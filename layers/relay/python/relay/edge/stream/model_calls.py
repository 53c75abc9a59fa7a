"""Model calls: read, passed on, and written as they are answered."""

from __future__ import annotations

import uuid
from dataclasses import replace

from starlette.types import ASGIApp

from relay.edge.stream.responding import Respond
from relay.edge.stream.sending import Pieces
from relay.effects.outbound.open_lines import OpenLines
from relay.families.dialect import AnyRoute, Told
from relay.flow.access import Caller
from relay.flow.apart import apart
from relay.flow.inference import Inferring
from relay.flow.line_shares import LineShares
from relay.flow.reserving import Reservations
from relay.flow.services import Services
from relay.flow.sources import Sources
from relay.nouns.errors import NoKey
from relay.nouns.inference import Inference
from relay.nouns.wire import Inbound


class ModelCalls:
    """Those of one process, and what it holds for them."""

    def __init__(self, services: Services, lines: OpenLines, keep: int, seconds: float) -> None:
        self._services, self._lines = services, lines
        self._shares = LineShares(services.store.line_leases, uuid.uuid4().hex, services.clock, keep)
        self._reservations = Reservations(services, keep)
        self._inferring = Inferring(Sources(services, lines, seconds), self._shares, self._reservations)

    async def answer(self, route: AnyRoute, inbound: Inbound, caller: Caller | None, respond: Respond) -> ASGIApp:
        """Raises RelayError for what is wrong with the request."""
        if caller is None:
            raise NoKey
        asked: Inference = await apart(len(inbound.body), route.read, inbound, self._services.catalog)
        if asked.streamed and route.events:
            writer = route.events(asked)
            pieces = self._inferring.stream(caller, asked, writer)
            return respond.stream(pieces, writer.content_type, writer.heartbeat, writer.broken)
        return respond.later(self._complete(route, caller, asked, respond.trace_id))

    async def _complete(self, route: AnyRoute, caller: Caller, asked: Inference, trace_id: str) -> Pieces:
        done = await self._inferring.complete(caller, asked)
        reply = route.write(Told(done, self._services.clock(), trace_id=trace_id))
        cost = {"x-cost": f"{done.bill.usd:.12f}"} if asked.shows_cost else {}
        yield replace(reply, headers={**reply.headers, **cost})

    async def tend(self) -> None:
        self._reservations.tidy()
        await self._shares.renew()

    async def close(self) -> None:
        """Charge and give back what this process holds."""
        await self._reservations.close()
        await self._shares.close()
        await self._lines.close()
