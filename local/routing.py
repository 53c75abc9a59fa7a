"""The routes of the HTTP API as the transformed template declares them, and which of them a request takes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_ANY = "x-amazon-apigateway-any-method"
_VARIABLE = re.compile(r"(\{\w+\+?\})")


@dataclass(frozen=True)
class Route:
    """One route and the physical name of the function behind it."""

    key: str
    method: str
    pattern: re.Pattern[str]
    function: str
    rank: tuple[bool, bool, int, int, bool]


@dataclass(frozen=True)
class Match:
    """The route a request takes, with its path parameters."""

    route: Route
    parameters: Mapping[str, str]


class Routes:
    """All routes, most specific first as in the cloud: literal, then variables, then greedy, the longest of these, then
    `$default`."""

    def __init__(self, body: Mapping[str, Any], function_of: Callable[[Any], str | None]) -> None:
        """`function_of` names the function an integration's address points to; None: it was not deployed."""
        self._routes = sorted(_routes(body, function_of), key=lambda route: route.rank)

    def match(self, method: str, path: str) -> Match | None:
        """The route for a decoded path, or None where the cloud answers 404."""
        for route in self._routes:
            found = route.pattern.fullmatch(path) if route.method in {"ANY", method} else None
            if found:
                return Match(route, found.groupdict())
        return None


def routes_of(cloudformation: Mapping[str, Any], functions: Mapping[str, str]) -> Routes:
    """The routes of a template's HTTP API, which the emulator ignores; `functions` maps logical to physical names."""
    bodies = [
        resource["Properties"]["Body"]
        for resource in cloudformation["Resources"].values()
        if resource["Type"] == "AWS::ApiGatewayV2::Api" and "Body" in resource["Properties"]
    ]

    def function_of(integration: object) -> str | None:
        text = json.dumps(integration)
        found = (name for name in functions if f"${{{name}.Arn}}" in text or f'["{name}", "Arn"]' in text)
        return functions.get(next(found, ""))

    return Routes(bodies[0] if bodies else {"paths": {}}, function_of)


def _routes(body: Mapping[str, Any], function_of: Callable[[Any], str | None]) -> list[Route]:
    routes = []
    for path, methods in body["paths"].items():
        for method, operation in _enabled(methods).items():
            uri = _enabled(operation)["x-amazon-apigateway-integration"]["uri"]
            function = function_of(uri)
            if function is not None:
                routes.append(_route(path, "ANY" if method == _ANY else method.upper(), function))
    return routes


def _enabled(item: Mapping[str, Any]) -> Mapping[str, Any]:
    # An event of a conditional function is wrapped in Fn::If; if the condition failed, the function is not there.
    return item["Fn::If"][1] if "Fn::If" in item else item


def _route(path: str, method: str, function: str) -> Route:
    if path == "$default":
        return Route(path, "ANY", re.compile(".*", re.DOTALL), function, (True, False, 0, 0, True))
    pattern = "".join(_part(part) for part in _VARIABLE.split(path))
    rank = (False, "+}" in path, path.count("{"), -path.count("/"), method == "ANY")
    return Route(f"{method} {path}", method, re.compile(pattern), function, rank)


def _part(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    name = part.strip("{}")
    return f"(?P<{name[:-1]}>.+)" if name.endswith("+") else f"(?P<{name}>[^/]+)"
