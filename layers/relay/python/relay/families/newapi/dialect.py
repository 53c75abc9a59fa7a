"""How clients of new-api aggregators speak to us: the routes of its APIs, joined."""

from __future__ import annotations

from relay.families.dialect import Dialect, Told
from relay.families.newapi import account
from relay.families.newapi.words import FAMILY, LANGUAGE, write_openai_error
from relay.nouns.errors import RelayError
from relay.nouns.task import Task
from relay.nouns.wire import Reply


class NewapiDialect(Dialect):
    family = FAMILY
    language = LANGUAGE
    routes = account.ROUTES
    # Anthropic's clients and Midjourney's send the key in headers of their own, some send it bare
    key_places = (("authorization", "Bearer +"), ("authorization", ""), ("x-api-key", ""), ("mj-api-secret", ""))
    key_prefix = "sk-"

    def write_error(self, error: RelayError, trace_id: str) -> Reply:
        return write_openai_error(error, trace_id)

    def write_callback(self, told: Told[Task]) -> bytes:
        raise LookupError(f"{told.found.platform} tells of no end")


DIALECT = NewapiDialect()
