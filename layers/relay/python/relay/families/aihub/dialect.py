"""How AI Hub's clients speak to us."""

from __future__ import annotations

from functools import partial

from relay.families.aihub import developers, keys, payments, read, topups, usage, write
from relay.families.aihub.words import COMPLETIONS, FAMILY, LANGUAGE, STREAM, write_error
from relay.families.aihub.words import MODELS as LISTED
from relay.families.chat import CHAT
from relay.families.dialect import Dialect, Route, no_body
from relay.families.uses import INFER, MODELS
from relay.nouns.errors import RelayError
from relay.nouns.wire import Reply

WRITER = partial(write.ChatWriter, CHAT, write_error)


class AihubDialect(Dialect):
    family = FAMILY
    language = LANGUAGE
    routes = (
        Route("POST", COMPLETIONS, INFER, read.read_chat, write.write_completed, events=WRITER),
        Route("POST", STREAM, INFER, read.read_stream, write.write_completed, events=WRITER),
        Route("GET", LISTED, MODELS, no_body, write.write_models),
        *developers.ROUTES,
        *keys.ROUTES,
        *payments.ROUTES,
        *topups.ROUTES,
        *usage.ROUTES,
    )
    key_places = (("authorization", "Bearer +"), ("x-api-key", ""), ("?api_key", ""))
    only_first_key = True

    def write_error(self, error: RelayError, trace_id: str) -> Reply:
        return write_error(error, trace_id)


DIALECT = AihubDialect()
