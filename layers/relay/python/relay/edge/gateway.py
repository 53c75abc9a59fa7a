"""What the HTTP endpoints share, on Powertools: a router, and the one place where whatever goes wrong is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from relay.edge.events import Event, body_of, trace_id_of, traced, write_answer
from relay.nouns.errors import Internal, NotFound, RelayError
from relay.nouns.wire import Reply

logger = Logger(child=True)

Answering = Callable[[Event, dict[str, str]], Reply]  # an event and its path parameters


class Router:
    """Powertools' resolver for some routes. `refuse` answers whatever goes wrong, and None where no route fits."""

    def __init__(self, refuse: Callable[[Event, Exception | None], Reply]) -> None:
        self._app = APIGatewayHttpResolver()
        self._app.not_found(lambda _: self._response(refuse(self._event, None)))
        # Powertools would log the text of an exception it does not know, and that may hold a prompt
        self._app.exception_handler(Exception)(lambda error: self._response(refuse(self._event, error)))

    def add(self, methods: Sequence[str], path: str, answer: Answering) -> None:
        """Answer requests to `path`, whose parameters stand in braces."""
        rule = path.replace("{", "<").replace("}", ">")
        self._app.route(rule, method=list(methods))(lambda **params: self._response(answer(self._event, params)))

    def resolve(self, event: Event, context: LambdaContext) -> Event:
        return self._app.resolve(event, context)

    @property
    def _event(self) -> Event:
        return self._app.current_event.raw_event

    def _response(self, reply: Reply) -> Response[bytes]:
        reply = traced(reply, trace_id_of(self._event))
        return Response(reply.status, reply.content_type or None, body_of(reply), dict(reply.headers))  # type: ignore[arg-type]


class Endpoint:
    """One HTTP function."""

    def __init__(self) -> None:
        self._router = Router(self._refusal)

    def resolve(self, event: Event, context: LambdaContext) -> Event:
        try:
            return self._router_for(event).resolve(event, context)
        except Exception as error:  # the router itself could not cope with this event
            return write_answer(self._refusal(event, error))

    def no_route(self, event: Event) -> RelayError:
        """What to say where no route takes a request."""
        return NotFound()

    def write_error(self, event: Event, error: RelayError, trace_id: str) -> Reply:
        return Reply.json({"code": error.status, "msg": error.tell("en")}, error.status, error.headers)

    def _router_for(self, event: Event) -> Router:
        return self._router

    def _refusal(self, event: Event, error: Exception | None) -> Reply:
        trace_id = trace_id_of(event)
        error = error or self.no_route(event)
        if not isinstance(error, RelayError):
            logger.error("request failed", exc_info=error, trace_id=trace_id)
            error = Internal()
        return traced(self.write_error(event, error, trace_id), trace_id)
