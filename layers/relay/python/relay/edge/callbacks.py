"""The endpoint of providers' callbacks."""

from __future__ import annotations

from collections.abc import Callable

from relay.edge.events import Event, read_inbound
from relay.edge.gateway import Endpoint
from relay.flow.callback import receive, receive_event
from relay.flow.services import Services
from relay.nouns.wire import Reply


class CallbackEndpoint(Endpoint):
    """Providers read the status alone, so the body is only for people."""

    def __init__(self, services: Callable[[], Services]) -> None:
        super().__init__()
        self._services = services
        self._router.add(["POST"], "/callbacks/{upstream}/{task_ref}/{token}", self._receive)
        self._router.add(["POST"], "/callbacks/{upstream}", self._receive_event)

    def _receive_event(self, event: Event, params: dict[str, str]) -> Reply:
        receive_event(self._services(), **params, inbound=read_inbound(event, {}))
        return Reply.json({"code": 200, "msg": "success"})

    def _receive(self, event: Event, params: dict[str, str]) -> Reply:
        receive(self._services(), **params, inbound=read_inbound(event, {}))
        return Reply.json({"code": 200, "msg": "success"})
