"""A dialect as the gateway uses it: by the routes it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any

from relay.catalog.file import shipped
from relay.edge import operations
from relay.families import FAMILIES
from relay.families.dialect import AnyRoute, Dialect, Told
from relay.families.uses import CREATE, CREATE_RECORD, QUERY, RECORD, RECORD_FACTS, Asked, Found, Record, Use
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft
from relay.nouns.task import Task
from relay.nouns.wire import Inbound, Json, Reply

NOW = 1_767_225_600_000
CATALOG = shipped()

# The families that clients speak; a family may be an upstream's alone.
SPOKEN = [family for family in FAMILIES if find_spec(f"relay.families.{family}.dialect")]

# The operations of each function of clients, by its name.
SERVED: Mapping[str, operations.Operations] = {
    name: import_module(f"{operations.__name__}.{name}").OPERATIONS for _, name, _ in iter_modules(operations.__path__)
}


@dataclass(frozen=True)
class Speaker:
    dialect: Dialect
    catalog: Catalog = CATALOG
    paths: tuple[str, ...] = ()  # the routes of one of its APIs; empty: all

    @property
    def routes(self) -> list[AnyRoute]:
        return [route for route in self.dialect.routes if not self.paths or route.path in self.paths]

    def route(self, use: Use[Any, Any], path: str = "") -> AnyRoute:
        """The route with this path, or any that asks for the same and is told without the bytes of results."""
        same = (CREATE, CREATE_RECORD) if use == CREATE else (use,)
        routes = [route for route in self.routes if route.use in same and not route.inline]
        return next((route for route in routes if route.path == path), routes[0])

    def read(self, use: Use[Asked, Any], inbound: Inbound) -> Asked:
        found: Asked = self.route(use).read(inbound, self.catalog)
        return found

    def write(self, use: Use[Any, Found], found: Found, trace_id: str = "trace-1", path: str = "") -> Reply:
        return self.route(use, path).write(Told(found, NOW, "https://relay.example", trace_id))

    def created(self, task: Task) -> Reply:
        if self.route(CREATE).use == CREATE:
            return self.write(CREATE, task)
        return self.write(CREATE_RECORD, Record(task, Draft(task.dialect, task.platform, task.kind, task.model)))

    def status(self, task: Task, draft: Draft | None = None, facts: Mapping[str, Json] = MappingProxyType({})) -> Reply:
        """How a task stands, by whichever use case the family has for it."""
        draft = draft or Draft(task.dialect, task.platform, task.kind, task.model)
        use = next((route.use for route in self.routes if route.use in (RECORD, RECORD_FACTS)), None)
        if use is not None:
            return self.write(use, Record(task, draft, facts))
        return self.write(QUERY, task)

    def notice(self, task: Task) -> bytes:
        draft = Draft(task.dialect, task.platform, task.kind, task.model)
        return self.dialect.write_callback(Told(Record(task, draft), NOW))
