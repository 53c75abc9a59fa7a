"""The AI Studio platform's API as our clients speak it: ten platforms under `/api/{platform}`, and an account."""

from __future__ import annotations

from relay.families.aistudio import lists, read, write
from relay.families.dialect import Dialect, Route, Told, no_body
from relay.families.uses import BALANCE, CANCEL, CONSUMPTION, CREATE, HIDE, LIST, MANY, PRESIGN, QUERY, UPLOAD, Record
from relay.nouns.errors import RelayError
from relay.nouns.wire import Reply


class AistudioDialect(Dialect):
    family = read.FAMILY
    language = write.LANGUAGE
    routes = (
        Route("POST", "/api/{platform}/images", CREATE, read.read_create, write.created, ended=write.status),
        Route("POST", "/api/{platform}/videos", CREATE, read.read_create, write.created, ended=write.status),
        Route("POST", "/api/{platform}/music", CREATE, read.read_create, write.created, ended=write.status),
        Route("POST", "/api/{platform}/tasks", QUERY, read.read_query, write.status),
        Route("POST", "/api/{platform}/tasks/cancel", CANCEL, read.read_query, write.cancelled),
        Route("POST", "/api/{platform}/tasks/delete", HIDE, read.read_query, lists.deleted),
        Route("POST", "/api/tasks/list", MANY, lists.read_many, lists.many, when=lists.names_ids),
        Route("POST", "/api/tasks/list", LIST, lists.read_list, lists.page),
        Route("POST", "/api/account/balance", BALANCE, no_body, write.balance),
        Route("POST", "/api/account/consumption", CONSUMPTION, read.read_consumption, write.consumption),
        Route("POST", "/api/upload/file", UPLOAD, read.read_upload, write.upload),
        Route("POST", "/api/upload/presign", PRESIGN, read.read_presign, write.form),
        Route("POST", "/api/upload", UPLOAD, read.read_upload, write.hosted),  # the image host some of its clients use
    )

    def write_error(self, error: RelayError, trace_id: str) -> Reply:
        return write.error(error, trace_id)

    def write_callback(self, told: Told[Record]) -> bytes:
        return write.callback(told)


DIALECT = AistudioDialect()
