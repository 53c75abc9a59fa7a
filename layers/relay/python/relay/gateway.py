"""The HTTP doors on Powertools: authenticate, read, act, write; every error in the words of its dialect."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from os.path import commonpath
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from relay.dialects import FAMILIES, Dialect, Route, dialect
from relay.errors import Internal, NotFound, RelayError, WrongMethod
from relay.flow.access import Access
from relay.flow.callback import receive
from relay.flow.house import House
from relay.flow.links import opened
from relay.operations import OPERATIONS, Ask
from relay.wire import Inbound, Reply

logger = Logger(child=True)

Event = dict[str, Any]


class ClientDoor:
    """The routes of every dialect that name this door; `house` is built at the first request, not at import."""

    def __init__(self, name: str, house: Callable[[], House]) -> None:
        self._house = house
        self._access: Access | None = None
        self._app = APIGatewayHttpResolver()
        self._dialects = [dialect(family) for family in FAMILIES]
        for speaker in self._dialects:
            for route in speaker.routes:
                if route.door == name:
                    self._app.route(_rule(route.path), method=route.method)(self._serve(speaker, route))
        self._app.not_found(self._lost)

    def resolve(self, event: Event, context: LambdaContext) -> Event:
        return self._app.resolve(event, context)

    def _serve(self, speaker: Dialect, route: Route) -> Callable[..., Response[bytes]]:
        def serve(**params: str) -> Response[bytes]:
            return self._answered(speaker, lambda trace_id: self._operate(speaker, route, params, trace_id))

        return serve

    def _operate(self, speaker: Dialect, route: Route, params: dict[str, str], trace_id: str) -> Reply:
        inbound = read_inbound(self._app.current_event.raw_event, params)
        house = self._house()
        self._access = self._access or Access(house)
        caller = self._access.caller(speaker.read_key(inbound))
        base_url = house.public_url or f"https://{self._app.current_event.request_context.domain_name}"
        return OPERATIONS[route.operation](Ask(house, speaker, caller, inbound, trace_id, base_url))

    def _lost(self, _: Exception) -> Response[bytes]:
        """No route: an unknown path, or a known one asked with another method, told in the words of its family."""
        event = self._app.current_event.raw_event
        path = event["rawPath"]
        speaker = max(self._dialects, key=lambda each: len(commonpath([path, _home(each)])))
        methods = tuple(route.method for route in speaker.routes if _matches(route.path, path))
        error = WrongMethod(methods) if methods else NotFound()

        def refuse(_: str) -> Reply:
            raise error

        return self._answered(speaker, refuse)

    def _answered(self, speaker: Dialect, operation: Callable[[str], Reply]) -> Response[bytes]:
        trace_id = self._app.current_event.raw_event["requestContext"]["requestId"]
        try:
            reply = operation(trace_id)
        except RelayError as error:
            reply = speaker.write_error(error, trace_id)
        except Exception:
            logger.exception("request failed", trace_id=trace_id)
            reply = speaker.write_error(Internal(), trace_id)
        return _response(replace(reply, headers={"x-trace-id": trace_id, **reply.headers}))


class CallbackDoor:
    """Where providers bring their callbacks; they read the status alone, so the body is only for people."""

    def __init__(self, house: Callable[[], House]) -> None:
        self._app = APIGatewayHttpResolver()

        @self._app.post("/callbacks/<upstream>/<task_ref>/<token>")
        def callback(upstream: str, task_ref: str, token: str) -> Response[bytes]:
            event = self._app.current_event.raw_event
            try:
                receive(house(), upstream, task_ref, token, read_inbound(event, {}))
            except RelayError as error:
                return _response(Reply(error.status, {"code": error.status, "msg": error.message}))
            return _response(Reply(200, {"code": 200, "msg": "success"}))

    def resolve(self, event: Event, context: LambdaContext) -> Event:
        return self._app.resolve(event, context)


class MediaDoor:
    """Where links to stored files lead: on to the bucket, for whoever holds a good link."""

    def __init__(self, house: Callable[[], House]) -> None:
        self._app = APIGatewayHttpResolver()

        @self._app.get("/media/<area>/<account>/<name>")
        def media(area: str, account: str, name: str) -> Response[bytes]:
            query = self._app.current_event.query_string_parameters or {}
            words = query.get("expires", ""), query.get("signature", "")
            try:
                location = opened(house(), f"{area}/{account}/{name}", *words)
            except RelayError as error:
                return _response(Reply(error.status, {"message": error.message}))
            headers = {"location": location, "cache-control": "private, max-age=60"}
            return _response(Reply(302, {"message": "see the location"}, headers))

    def resolve(self, event: Event, context: LambdaContext) -> Event:
        return self._app.resolve(event, context)


def read_inbound(event: Event, params: dict[str, str]) -> Inbound:
    """An API Gateway payload 2.0 event as a request; the body is bytes, whichever way it travelled."""
    body = event.get("body") or ""
    return Inbound(
        method=event["requestContext"]["http"]["method"],
        path=event["rawPath"],
        headers={name.lower(): value for name, value in event.get("headers", {}).items()},
        params=params,
        query=event.get("queryStringParameters") or {},
        body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode(),
    )


def _response(reply: Reply) -> Response[bytes]:
    return Response(reply.status, "application/json", reply.body.decode(), dict(reply.headers))  # type: ignore[arg-type]


def _rule(path: str) -> str:
    return path.replace("{", "<").replace("}", ">")


def _matches(path: str, actual: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), actual) is not None


def _home(speaker: Dialect) -> str:
    """What all of a dialect's paths begin with."""
    return commonpath([route.path for route in speaker.routes])
