"""Records a process's AWS calls and the units each consumes, by boto3's event hooks."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

from benchmarks.capacity import Item, index_units, item_size, read_units, write_units

Call = tuple[str, Mapping[str, Any]]


@dataclass
class Use:
    """Calls by operation, in order, and the units they consumed; `rows` keeps the largest size of each kind of row."""

    calls: list[str] = field(default_factory=list)
    reads: float = 0.0
    writes: float = 0.0
    index_writes: float = 0.0
    rows: Counter[str] = field(default_factory=Counter)
    counted: float = 0.0  # all units, as the embedded cloud itself reports them

    @property
    def count(self) -> Counter[str]:
        return Counter(self.calls)


class Meter:
    """Attach before the measured code makes its first client. Reads rows around each write, unseen by itself."""

    def __init__(self, session: boto3.Session, looking: Any) -> None:  # noqa: ANN401 - a boto3 client
        self._looking = looking
        self._local = threading.local()
        self._lock = threading.Lock()
        self._use = Use()
        self._on = False
        session.events.register("provide-client-params.*.*", self._before)  # type: ignore[arg-type]  # its answer counts
        session.events.register("before-call.*.*", self._called)
        session.events.register("after-call.*.*", self._after)

    @contextmanager
    def measuring(self) -> Iterator[Use]:
        self._use, self._on = Use(), True
        try:
            yield self._use
        finally:
            self._on = False

    def _before(self, params: Mapping[str, Any], model: Any, **_: object) -> Mapping[str, Any] | None:  # noqa: ANN401
        self._local.params = params
        self._local.images = [self._row(step) for step in _writes(params)] if self._on else []
        asks = self._on and "ReturnConsumedCapacity" in getattr(model.input_shape, "members", ())
        return {**params, "ReturnConsumedCapacity": "INDEXES"} if asks else None

    def _called(self, model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's operation model
        if self._on:
            with self._lock:
                self._use.calls.append(f"{model.service_model.service_name}.{model.name}")

    def _after(self, parsed: Mapping[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401 - as above
        if not self._on or model.service_model.service_name != "dynamodb":
            return
        params = self._local.params
        told = parsed.get("ConsumedCapacity", [])
        with self._lock:
            self._use.counted += sum(each["CapacityUnits"] for each in (told if isinstance(told, list) else [told]))
            if model.name in ("GetItem", "Query"):
                self._read(params, parsed)
            for step, before in zip(_writes(params), self._local.images, strict=True):
                self._wrote(step, before, self._row(step), transactional="TransactItems" in params)

    def _read(self, params: Mapping[str, Any], parsed: Mapping[str, Any]) -> None:
        items = parsed.get("Items", [parsed["Item"]] if "Item" in parsed else [])
        size = sum(item_size(item) for item in items)
        self._use.reads += read_units(size, consistent=params.get("ConsistentRead", False))

    def _wrote(self, step: Mapping[str, Any], before: Item | None, after: Item | None, *, transactional: bool) -> None:
        self._use.writes += write_units(before, after, transactional=transactional)
        self._use.index_writes += index_units(before, after)
        name = _name_of(_key(step))
        self._use.rows[name] = max(self._use.rows[name], item_size(after))

    def _row(self, step: Mapping[str, Any]) -> Item | None:
        row: Item | None = self._looking.get_item(TableName=step["TableName"], Key=_key(step), ConsistentRead=True).get(
            "Item"
        )
        return row


KEYS = (("lookup",), ("account_id", "sk"), ("account_id", "task_id"))


def _writes(params: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every write of a request, with its table and either its key or its item."""
    if "TransactItems" in params:
        return [step for item in params["TransactItems"] for step in item.values()]
    return [params] if "UpdateExpression" in params or "Item" in params else []


def _key(step: Mapping[str, Any]) -> dict[str, Any]:
    if "Key" in step:
        return dict(step["Key"])
    names = next(names for names in KEYS if all(name in step["Item"] for name in names))
    # a ledger entry has no `task_id`, a task no `sk`
    return {name: step["Item"][name] for name in names}


def _name_of(key: Mapping[str, Any]) -> str:
    """What kind of row a key is of, in words for people."""
    text = str((key.get("lookup") or key.get("sk") or key["task_id"])["S"])
    if "lookup" in key or "sk" in key:
        return text.partition("#")[0].lower()
    return text.partition("#")[2].partition("#")[0] or "task"
