"""How families speak to us: the base every dialect fills in."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple

from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft
from relay.nouns.errors import NoKey, RelayError
from relay.nouns.task import Task
from relay.nouns.wire import Inbound, Reply


class Route(NamedTuple):
    """A path clients call. `door` is the function that serves it, `operation` what the gateway does there."""

    method: str
    path: str
    door: str
    operation: str


class TaskQuery(NamedTuple):
    """Which task a client asks for; `platform` is where it says the task lives, or None where it cannot say."""

    task_id: str
    platform: str | None


class Dialect(ABC):
    """A pure translator between one family's wire and our nouns. `read_*` raises only from the error tree."""

    family: ClassVar[str]
    language: ClassVar[Literal["en", "zh"]] = "en"  # what its clients read
    routes: ClassVar[tuple[Route, ...]]
    callback_field: ClassVar[str] = "callback_url"  # where a create request holds the client's URL
    media_fields: ClassVar[Mapping[str, str]] = {"image": "image_url", "mask": "mask_url", "video": "video_url"}
    field_words: ClassVar[Mapping[str, str]] = {"parent": "task_id"}  # where the family's word is not ours
    status_echoes_request: ClassVar[bool] = False  # write_status needs the Draft as well as the Task

    def read_key(self, inbound: Inbound) -> str:
        """The API key of a request. Raises NoKey where the header is missing or malformed."""
        scheme, _, key = inbound.headers.get("authorization", "").partition(" ")
        key = key.strip(" ")
        if scheme.lower() != "bearer" or not re.fullmatch(r"[!-~]{8,200}", key):
            raise NoKey
        return key

    @abstractmethod
    def read_create(self, inbound: Inbound, catalog: Catalog) -> Draft:
        """The request of a create route. Raises BadInput naming the field, NotFound, Unsupported."""

    @abstractmethod
    def read_query(self, inbound: Inbound) -> TaskQuery: ...

    @abstractmethod
    def write_created(self, task: Task) -> Reply: ...

    @abstractmethod
    def write_status(self, task: Task, draft: Draft | None = None) -> Reply: ...

    @abstractmethod
    def write_error(self, error: RelayError, trace_id: str) -> Reply: ...

    @abstractmethod
    def write_callback(self, task: Task) -> bytes:
        """The body told to the client's URL when the task has ended."""

    def sign_callback(self, task: Task, secret: str, now: int) -> Mapping[str, str]:
        """The family's own signature headers, beside the Standard Webhooks ones. `now` is Unix seconds."""
        return {}
