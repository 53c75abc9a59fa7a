"""The endpoint of clients: authenticate, read, act, write; every error in the words of its dialect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import relay.families.bodies  # noqa: F401 - pydantic, while Lambda initialises: whichever dialect comes reads with it
from relay.edge.asking import applied, ask, tell
from relay.edge.events import Event, path_of, read_inbound, trace_id_of
from relay.edge.gateway import Endpoint, Router
from relay.edge.operations import Operations
from relay.families import dialect_at
from relay.families.dialect import AnyRoute, Auth, Dialect, Session
from relay.flow.access import Access, Caller
from relay.flow.services import Services
from relay.flow.wait import preferred_wait
from relay.nouns.errors import InvalidParameter, NotFound, RelayError, WrongMethod
from relay.nouns.wire import Inbound, Reply


class Sessions(Protocol):
    """Finds the account of a session."""

    def caller(self, session: Session, dialect: str, *, access_tokens: bool, reading: bool) -> Caller:
        """Raises BadKey where it is unknown or over; `access_tokens`: whether it may be one of those, which may be
        bound to `reading`."""


class ClientEndpoint(Endpoint):
    """The routes, in whichever dialect, that ask for one of these operations.

    A dialect is imported with the first request to one of its paths. `services` is called for every request, and
    `sessions` once, where a route is for who logged in.
    """

    def __init__(
        self,
        operations: Operations,
        services: Callable[[], Services],
        dialect_at: Callable[[str], Dialect] = dialect_at,
        *,
        sessions: Callable[[Services], Sessions] | None = None,
    ) -> None:
        super().__init__()
        self._operations = operations
        self._services = services
        self._dialect_at = dialect_at
        self._access: Access | None = None
        self._open_sessions = sessions
        self._sessions: Sessions | None = None
        self._routers: dict[str, Router] = {}

    def no_route(self, event: Event) -> RelayError:
        """An unknown path, or a known one asked with another method."""
        path = path_of(event)
        speaker = self._dialect_at(path)
        there = [each for each in speaker.routes if each.lies_at(path)]
        asked = [each for each in there if each.method == event["requestContext"]["http"]["method"]]
        if any(each.use not in self._operations for each in asked):
            return NotFound(
                "this path is served by the stream endpoint, which has an address of its own", "请使用流式地址"
            )
        if asked:
            return NotFound()  # a part of the path holds what none is named by
        methods = dict.fromkeys(each.method for each in there)
        return WrongMethod(tuple(methods)) if methods else speaker.unknown(path)

    def write_error(self, event: Event, error: RelayError, trace_id: str) -> Reply:
        path = path_of(event)
        return self._dialect_at(path).error_at(path)(error, trace_id)

    def _router_for(self, event: Event) -> Router:
        speaker = self._dialect_at(path_of(event))
        if speaker.family not in self._routers:
            self._routers[speaker.family] = self._routed(speaker)
        return self._routers[speaker.family]

    def _routed(self, speaker: Dialect) -> Router:
        router, shared = Router(self._refusal), dict[tuple[str, str], list[AnyRoute]]()
        for route in speaker.routes:
            if route.use in self._operations:
                shared.setdefault((route.method, route.path), []).append(route)
        for (method, path), routes in shared.items():
            router.add([method], path, self._answering(speaker, routes))
        return router

    def _answering(self, speaker: Dialect, routes: list[AnyRoute]) -> Callable[[Event, dict[str, str]], Reply]:
        def answer(event: Event, params: dict[str, str]) -> Reply:
            inbound = read_inbound(event, params, fronted=self._services().fronted)
            route = next((each for each in routes if each.when is None or each.when(inbound)), None)
            if route is None:
                raise NotFound
            try:
                return self._operate(speaker, route, inbound, event)
            except RelayError as error:
                if route.error is None:
                    raise
                return route.error(error, trace_id_of(event))

        return answer

    def _operate(self, speaker: Dialect, route: AnyRoute, inbound: Inbound, event: Event) -> Reply:
        services, trace_id = self._services(), trace_id_of(event)
        base_url = services.public_url or f"https://{event['requestContext']['domainName']}"
        preferred = preferred_wait(inbound) if route.ended else None
        wait = route.wait if preferred is None else preferred
        caller = self._caller(services, speaker, route, inbound)
        if route.progress:
            raise _elsewhere(route.progress().asked_by)
        asked = ask(services, caller, route, inbound, base_url=base_url, trace_id=trace_id)
        found = self._operations[route.use](replace(asked, wait=wait))
        return applied(tell(asked, route, found, waited=bool(wait)), preferred)

    def _caller(self, services: Services, speaker: Dialect, route: AnyRoute, inbound: Inbound) -> Caller | None:
        if route.auth is Auth.OPEN:
            return None
        if route.auth is Auth.SESSION:
            return self._session(services, speaker, route, inbound)
        self._access = self._access or Access(services)
        return self._access.caller(speaker.read_key(inbound), speaker.family, reading=route.use.counted)

    def _session(self, services: Services, speaker: Dialect, route: AnyRoute, inbound: Inbound) -> Caller:
        if self._open_sessions is None:
            raise LookupError("this function serves nobody who logged in")
        self._sessions = self._sessions or self._open_sessions(services)
        said, stored = speaker.read_session(inbound), speaker.access_tokens
        return self._sessions.caller(said, speaker.family, access_tokens=stored, reading=route.use.counted)


def _elsewhere(field: str) -> RelayError:
    return InvalidParameter(
        field, "is served by the stream endpoint, which has an address of its own", "仅由流式地址提供，请使用该地址"
    )
