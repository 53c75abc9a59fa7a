"""The relay platform family as our clients speak it: ten platforms under `/api/{platform}`, and an account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from relay.catalog import Catalog
from relay.dialects import Dialect, Route, TaskQuery
from relay.dialects.relay import read, write
from relay.errors import RelayError, Unsupported
from relay.ledger import Entry
from relay.statements import Balance, Statement
from relay.task import Draft, Task
from relay.wire import Inbound, Reply


class RelayDialect(Dialect):
    family = read.FAMILY
    routes = (
        Route("POST", "/api/{platform}/images", "submit", "create"),
        Route("POST", "/api/{platform}/videos", "submit", "create"),
        Route("POST", "/api/{platform}/music", "submit", "create"),
        Route("POST", "/api/{platform}/tasks", "status", "query"),
        Route("POST", "/api/account/balance", "account", "balance"),
        Route("POST", "/api/account/consumption", "account", "consumption"),
        Route("POST", "/api/upload/file", "account", "upload"),
    )

    def read_create(self, inbound: Inbound, catalog: Catalog) -> Draft:
        return read.read_create(inbound, catalog)

    def read_query(self, inbound: Inbound) -> TaskQuery:
        return read.read_query(inbound)

    def read_consumption(self, inbound: Inbound) -> Statement:
        return read.read_consumption(inbound)

    def read_upload(self, inbound: Inbound) -> NoReturn:
        raise Unsupported("uploads are not open yet; give a public URL instead", "上传尚未开放，请提供公开网址")

    def write_created(self, task: Task) -> Reply:
        return Reply(200, {"task_id": task.task_id})

    def write_status(self, task: Task, draft: Draft | None = None) -> Reply:
        return Reply(200, write.task_document(task))

    def write_error(self, error: RelayError, trace_id: str) -> Reply:
        return write.error(error, trace_id)

    def write_callback(self, task: Task) -> bytes:
        return Reply(200, {**write.task_document(task), "platform": task.platform}).body

    def write_balance(self, balance: Balance, trace_id: str) -> Reply:
        return write.balance(balance, trace_id)

    def write_consumption(self, total: int, entries: Sequence[Entry], trace_id: str) -> Reply:
        """One page of a statement; `total` counts all its pages. Entries that are no consumption are left out."""
        return write.consumption(total, entries, trace_id)


DIALECT = RelayDialect()
