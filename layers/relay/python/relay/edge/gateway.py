"""The HTTP endpoints on Powertools: authenticate, read, act, write; every error in the words of its dialect."""

from __future__ import annotations

import re
from collections.abc import Callable
from os.path import commonpath

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from relay.edge.events import Event, path_of, read_inbound, trace_id_of, traced, write_answer
from relay.edge.operations import OPERATIONS, READS, Ask
from relay.families import FAMILIES, dialect
from relay.families.dialect import Dialect, Route
from relay.flow.access import Access
from relay.flow.callback import receive
from relay.flow.links import open_link
from relay.flow.services import Services
from relay.nouns.errors import Internal, NotFound, RelayError, WrongMethod
from relay.nouns.media import by_name
from relay.nouns.wire import Reply

logger = Logger(child=True)

NOSNIFF = {"x-content-type-options": "nosniff"}  # with a file: it is what we say it is, whatever it looks like


class Endpoint:
    """What the HTTP functions share: a router, and the one place where whatever goes wrong becomes an answer."""

    def __init__(self) -> None:
        self._app = APIGatewayHttpResolver()
        self._app.not_found(lambda _: _response(self._refusal(self._event, self.no_route(self._event))))
        # Powertools would log the text of an exception it does not know, and that may hold a prompt
        self._app.exception_handler(Exception)(lambda error: _response(self._refusal(self._event, error)))

    def resolve(self, event: Event, context: LambdaContext) -> Event:
        try:
            return self._app.resolve(event, context)
        except Exception as error:  # the router itself could not cope with this event
            return write_answer(self._refusal(event, error))

    def no_route(self, event: Event) -> RelayError:
        """What to say where no route takes a request."""
        return NotFound()

    def write_error(self, event: Event, error: RelayError, trace_id: str) -> Reply:
        return Reply(error.status, {"code": error.status, "msg": error.said("en")}, error.headers)

    @property
    def _event(self) -> Event:
        return self._app.current_event.raw_event

    def _refusal(self, event: Event, error: Exception) -> Reply:
        trace_id = trace_id_of(event)
        if not isinstance(error, RelayError):
            logger.error("request failed", exc_info=error, trace_id=trace_id)
            error = Internal()
        return traced(self.write_error(event, error, trace_id), trace_id)


class ClientEndpoints(Endpoint):
    """The routes of every dialect that name this door; `services` is built at the first request, not at import."""

    def __init__(self, name: str, services: Callable[[], Services]) -> None:
        super().__init__()
        self._house = services
        self._access: Access | None = None
        self._dialects = [dialect(family) for family in FAMILIES]
        for speaker in self._dialects:
            for route in speaker.routes:
                if route.door == name:
                    self._app.route(_rule(route.path), method=route.method)(self._serve(speaker, route))

    def _serve(self, speaker: Dialect, route: Route) -> Callable[..., Response[bytes]]:
        def serve(**params: str) -> Response[bytes]:
            trace_id = trace_id_of(self._event)
            return _response(traced(self._operate(speaker, route, params, trace_id), trace_id))

        return serve

    def _operate(self, speaker: Dialect, route: Route, params: dict[str, str], trace_id: str) -> Reply:
        inbound = read_inbound(self._event, params)
        services = self._house()
        self._access = self._access or Access(services)
        caller = self._access.caller(speaker.read_key(inbound), reading=route.operation in READS)
        base_url = services.public_url or f"https://{self._app.current_event.request_context.domain_name}"
        return OPERATIONS[route.operation](Ask(services, speaker, caller, inbound, trace_id, base_url))

    def no_route(self, event: Event) -> RelayError:
        """An unknown path, or a known one asked with another method."""
        path = path_of(event)
        methods = tuple(route.method for route in self._speaker(event).routes if _matches(route.path, path))
        return WrongMethod(methods) if methods else NotFound()

    def write_error(self, event: Event, error: RelayError, trace_id: str) -> Reply:
        return self._speaker(event).write_error(error, trace_id)

    def _speaker(self, event: Event) -> Dialect:
        """The dialect whose paths this request's begins like; the first where none does."""
        path = path_of(event).split("/")
        return max(self._dialects, key=lambda each: _shared(path, _home(each).split("/")))


class CallbackEndpoint(Endpoint):
    """Where providers bring their callbacks; they read the status alone, so the body is only for people."""

    def __init__(self, services: Callable[[], Services]) -> None:
        super().__init__()

        @self._app.post("/callbacks/<upstream>/<task_ref>/<token>")
        def callback(upstream: str, task_ref: str, token: str) -> Response[bytes]:
            receive(services(), upstream, task_ref, token, read_inbound(self._event, {}))
            return _response(traced(Reply(200, {"code": 200, "msg": "success"}), trace_id_of(self._event)))


class MediaEndpoint(Endpoint):
    """Where links to stored files lead: to a small file itself, to a large one by way of the bucket."""

    def __init__(self, services: Callable[[], Services]) -> None:
        super().__init__()

        # The answer to HEAD has a body too, which gives it its length; the API leaves the body out.
        @self._app.route("/media/<area>/<account>/<name>", method=["GET", "HEAD"])
        def media(area: str, account: str, name: str) -> Response[bytes]:
            asked = read_inbound(self._event, {})
            words = asked.query.get("expires", ""), asked.query.get("signature", "")
            key, part = f"{area}/{account}/{name}", "range" in asked.headers
            found = open_link(services(), key, *words, method=asked.method, part=part)
            if found.body is not None:
                return _file(found.key, found.body, trace_id_of(self._event))
            headers = {"location": found.location, "cache-control": "private, max-age=60", **NOSNIFF}
            return _response(traced(Reply(302, {"message": "see the location"}, headers), trace_id_of(self._event)))

    def write_error(self, event: Event, error: RelayError, trace_id: str) -> Reply:
        return Reply(error.status, {"message": error.said("en")}, {**error.headers, **NOSNIFF})


def _file(key: str, body: bytes, trace_id: str) -> Response[bytes]:
    found = by_name(key)
    headers: dict[str, str | list[str]] = {
        "cache-control": "private, max-age=3600",
        "content-disposition": f'inline; filename="{key.rpartition("/")[2]}"',
        "x-trace-id": trace_id,
        **NOSNIFF,
    }
    return Response(200, found.content_type if found else "application/octet-stream", body, headers)


def _response(reply: Reply) -> Response[bytes]:
    return Response(reply.status, "application/json", reply.body.decode(), dict(reply.headers))  # type: ignore[arg-type]


def _rule(path: str) -> str:
    return path.replace("{", "<").replace("}", ">")


def _matches(path: str, actual: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), actual) is not None


def _home(speaker: Dialect) -> str:
    """What all of a dialect's paths begin with."""
    return commonpath([route.path for route in speaker.routes])


def _shared(path: list[str], home: list[str]) -> int:
    """How many segments of `home` a path begins with."""
    return next((count for count, part in enumerate(home) if path[count : count + 1] != [part]), len(home))
