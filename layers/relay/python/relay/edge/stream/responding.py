"""How a request is answered: at once, or in pieces while its client waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from starlette.responses import Response
from starlette.types import ASGIApp

from relay.edge.stream.sending import Pace, Pieces, Sending
from relay.nouns.errors import Internal, RelayError
from relay.nouns.wire import JSON, Reply

STREAM_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


@dataclass(frozen=True, slots=True)
class Respond:
    """`refuse` writes an error in the words of the route. `headers` stand on every answer."""

    refuse: Callable[[Exception], Reply]
    trace_id: str
    headers: Mapping[str, str] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)

    def now(self, reply: Reply) -> ASGIApp:
        headers = self._traced(reply).headers
        return Response(reply.body, reply.status, dict(headers), reply.content_type or None)

    def later(self, pieces: Pieces, *, padded: bool = True) -> ASGIApp:
        """With the one Reply of `pieces`, which may take long; spaces stand before it unless it is not `padded`."""
        begin = self._traced(Reply(200, content_type=JSON))
        return Sending(
            self._marked(pieces),
            begin,
            b" " if padded else b"",
            self._refusal,
            lambda error: self.refuse(error).body,
            self.pace.patience,
            self.pace,
        )

    def stream(
        self, pieces: Pieces, content_type: str, heartbeat: bytes, broken: Callable[[RelayError], bytes]
    ) -> ASGIApp:
        """With pieces as they come; `broken` says inside the answer what went wrong."""

        def tell(error: Exception) -> bytes:
            self.refuse(error)  # logs what no client is told
            return broken(error if isinstance(error, RelayError) else Internal())

        begin = self._traced(Reply(200, content_type=content_type, headers=STREAM_HEADERS))
        return Sending(pieces, begin, heartbeat, self._refusal, tell, self.pace.heartbeat, self.pace)

    async def _marked(self, pieces: Pieces) -> Pieces:
        async for piece in pieces:
            yield self._traced(piece) if isinstance(piece, Reply) else piece

    def _refusal(self, error: Exception) -> Reply:
        return self._traced(self.refuse(error))

    def _traced(self, reply: Reply) -> Reply:
        return replace(reply, headers={"x-trace-id": self.trace_id, **self.headers, **reply.headers})
