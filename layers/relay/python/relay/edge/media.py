"""The endpoint that links to stored files lead to."""

from __future__ import annotations

from collections.abc import Callable

from relay.edge.events import Event, read_inbound
from relay.edge.gateway import Endpoint
from relay.flow.links import open_link
from relay.flow.services import Services
from relay.nouns.errors import RelayError
from relay.nouns.media import by_name
from relay.nouns.wire import Reply

NOSNIFF = {"x-content-type-options": "nosniff"}  # a file is what we say it is, whatever it looks like


class MediaEndpoint(Endpoint):
    """A small file itself, or the way to a large one in the bucket."""

    def __init__(self, services: Callable[[], Services]) -> None:
        super().__init__()
        self._services = services
        # The answer to HEAD has a body too, which gives it its length; the API leaves the body out.
        self._router.add(["GET", "HEAD"], "/media/{area}/{account}/{name}", self._open)

    def write_error(self, event: Event, error: RelayError, trace_id: str) -> Reply:
        return Reply.json({"message": error.tell("en")}, error.status, {**error.headers, **NOSNIFF})

    def _open(self, event: Event, params: dict[str, str]) -> Reply:
        asked = read_inbound(event, {})
        words = asked.query.get("expires", ""), asked.query.get("signature", "")
        key, part = "/".join(params.values()), "range" in asked.headers
        found = open_link(self._services(), key, *words, method=asked.method, part=part)
        if found.body is None:
            return Reply.see(found.location, {"cache-control": "private, max-age=60", **NOSNIFF})
        return _file(found.key, found.body)


def _file(key: str, body: bytes) -> Reply:
    found = by_name(key)
    headers = {
        "cache-control": "private, max-age=3600",
        "content-disposition": f'inline; filename="{key.rpartition("/")[2]}"',
        **NOSNIFF,
    }
    return Reply(200, body, found.content_type if found else "application/octet-stream", headers)
