"""The relay platform family as our clients speak it: ten platforms under `/api/{platform}`, and an account."""

from __future__ import annotations

from collections.abc import Sequence

from relay.families.aistudio import read, write
from relay.families.dialect import Dialect, Route, TaskQuery
from relay.families.forms import FilePart, read_file
from relay.nouns.account import Balance, Form, FormRequest, Statement, Upload
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft
from relay.nouns.errors import RelayError
from relay.nouns.money import Entry
from relay.nouns.task import Task
from relay.nouns.wire import Inbound, Reply


class AistudioDialect(Dialect):
    family = read.FAMILY
    language = write.LANGUAGE
    routes = (
        Route("POST", "/api/{platform}/images", "submit", "create"),
        Route("POST", "/api/{platform}/videos", "submit", "create"),
        Route("POST", "/api/{platform}/music", "submit", "create"),
        Route("POST", "/api/{platform}/tasks", "status", "query"),
        Route("POST", "/api/account/balance", "account", "balance"),
        Route("POST", "/api/account/consumption", "account", "consumption"),
        Route("POST", "/api/upload/file", "upload", "upload"),
        Route("POST", "/api/upload/presign", "upload", "presign"),
        Route("POST", "/api/upload", "upload", "host_image"),  # the image host some clients of the family use beside it
    )

    def read_create(self, inbound: Inbound, catalog: Catalog) -> Draft:
        return read.read_create(inbound, catalog)

    def read_query(self, inbound: Inbound) -> TaskQuery:
        return read.read_query(inbound)

    def read_consumption(self, inbound: Inbound) -> Statement:
        return read.read_consumption(inbound)

    def read_upload(self, inbound: Inbound) -> FilePart:
        return read_file(inbound)

    def read_presign(self, inbound: Inbound) -> FormRequest:
        return read.read_presign(inbound)

    def write_created(self, task: Task) -> Reply:
        return Reply(200, {"task_id": task.task_id})

    def write_status(self, task: Task, draft: Draft | None = None) -> Reply:
        return Reply(200, write.task_document(task))

    def write_error(self, error: RelayError, trace_id: str) -> Reply:
        return write.error(error, trace_id)

    def write_callback(self, task: Task) -> bytes:
        return Reply(200, {**write.task_document(task), "platform": task.platform}).body

    def write_upload(self, upload: Upload, trace_id: str) -> Reply:
        return write.upload(upload, trace_id)

    def write_form(self, form: Form, trace_id: str) -> Reply:
        return write.form(form, trace_id)

    def write_hosted(self, upload: Upload, now: int) -> Reply:
        """The image host's bare answer. `now` is Unix seconds."""
        return Reply(200, {"url": upload.url, "created": now})

    def write_balance(self, balance: Balance, trace_id: str) -> Reply:
        return write.balance(balance, trace_id)

    def write_consumption(self, total: int, entries: Sequence[Entry], trace_id: str) -> Reply:
        """One page of a statement; `total` counts all its pages. Entries that are no consumption are left out."""
        return write.consumption(total, entries, trace_id)


DIALECT = AistudioDialect()
