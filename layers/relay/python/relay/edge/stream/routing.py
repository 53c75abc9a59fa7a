"""The routes of all dialects, in one table: which may take a request."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from relay.families import dialect_at
from relay.families.dialect import AnyRoute, Dialect, path_pattern
from relay.families.uses import Use
from relay.nouns.errors import WrongMethod
from relay.nouns.wire import Inbound


class Target(NamedTuple):
    speaker: Dialect
    route: AnyRoute


class Routes:
    """The routes of these dialects for these uses. Of several at one path those with a `when` are asked first, so that
    families can share a path."""

    def __init__(self, dialects: Iterable[Dialect], uses: Collection[Use[Any, Any]]) -> None:
        self._exact: dict[str, list[Target]] = {}
        self._open: dict[str, tuple[re.Pattern[str], list[Target]]] = {}
        found = [Target(each, route) for each in dialects for route in each.routes if route.use in uses]
        for target in sorted(found, key=lambda each: each.route.when is None):
            self._places(target.route.path).append(target)

    def _places(self, path: str) -> list[Target]:
        if "{" not in path:
            return self._exact.setdefault(path, [])
        return self._open.setdefault(path, (path_pattern(path), []))[1]

    def find(self, inbound: Inbound) -> tuple[Target, dict[str, str]]:
        """The route that takes a request, with its path parameters. Raises NotFound, WrongMethod, Unsupported."""
        methods = dict[str, None]()
        for targets, params in self._at(inbound.path):
            for target in targets:
                route = target.route
                if route.method == inbound.method and (route.when is None or route.when(inbound)):
                    return target, params
                methods[route.method] = None
        others = methods.keys() - {inbound.method}
        raise WrongMethod(tuple(sorted(others))) if others else dialect_at(inbound.path).unknown(inbound.path)

    def _at(self, path: str) -> Iterator[tuple[list[Target], dict[str, str]]]:
        if path in self._exact:
            yield self._exact[path], {}
        for pattern, targets in self._open.values():
            if found := pattern.fullmatch(path):
                yield targets, found.groupdict()
