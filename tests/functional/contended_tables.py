"""A DynamoDB that others use as well: transactions on one row cancel each other, and requests can be throttled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from relay.effects.store import Store
from tests.functional.harness import Harness

WRITES = ("transact_write_items", "update_item", "put_item")


def transaction_cancelled(code: str) -> Callable[[Any], ClientError]:
    """What DynamoDB says of a transaction whose first step met something that is nobody's fault."""
    answer = {"Error": {"Code": "TransactionCanceledException", "Message": code}}
    reasons = [{"Code": code}, {"Code": "None"}, {"Code": "None"}]
    return lambda client: client.exceptions.TransactionCanceledException(
        {**answer, "CancellationReasons": reasons}, "TransactWriteItems"
    )


def client_error(code: str) -> Callable[[Any], ClientError]:
    return lambda client: ClientError({"Error": {"Code": code, "Message": code}}, "AnyOperation")


@dataclass
class ContendedClient:
    """A client that raises each of `errors`, in turn, at the next request of `verbs`; `through`: after doing it.

    With `hold` seconds it also does what DynamoDB does: transactions that share a row while one is under way are
    cancelled. One request is carried out at a time, for moto is not made for more.
    """

    client: Any
    errors: list[Callable[[Any], ClientError]] = field(default_factory=list)
    verbs: tuple[str, ...] = ("transact_write_items",)
    through: bool = False
    hold: float = 0.0
    conflicts: int = 0
    _busy: set[str] = field(default_factory=set)
    _tokens: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.client, name)
        if name in ("exceptions", "meta", "get_paginator"):
            return real

        def request(**arguments: Any) -> Any:
            if name in self.verbs and self.errors:
                error = self.errors.pop(0)(self.client)
                if self.through:
                    self._carried_out(real, arguments)
                raise error
            if name == "transact_write_items":
                with self._alone(arguments["TransactItems"]):
                    return self._carried_out(real, arguments)
            with self._lock:
                return real(**arguments)

        return request

    def _carried_out(self, real: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        """Once for each token, as DynamoDB promises."""
        token = arguments.get("ClientRequestToken", "")
        with self._lock:
            if token in self._tokens:
                return {}
            answer = real(**arguments)
            self._tokens.add(token)
            return answer

    @contextmanager
    def _alone(self, steps: list[Any]) -> Iterator[None]:
        rows = {repr(step.get("Key") or step["Item"]["account_id"]) for each in steps for step in each.values()}
        with self._lock:
            taken = bool(rows & self._busy)
            self._busy |= set() if taken else rows
            self.conflicts += taken
        if taken:
            raise transaction_cancelled("TransactionConflict")(self.client)
        try:
            time.sleep(self.hold)
            yield
        finally:
            with self._lock:
                self._busy -= rows


def contend(here: Harness, pauses: list[float] | None = None, **how: Any) -> ContendedClient:
    """Give the relay a contended client. With `pauses`, waits are recorded there instead of slept."""
    tables = here.services.store.tasks.tables
    client = ContendedClient(tables.client, **how)
    pause = time.sleep if pauses is None else pauses.append
    crowded: Any = client
    tables = replace(tables, client=crowded, pause=pause)
    here.services = replace(here.services, store=Store.over(tables, shards=1, utc_offset=8))
    return client
