"""The registry: paths lead to their family, and nothing of a family is imported before it is asked for."""

from __future__ import annotations

import subprocess
import sys

from relay.families import dialect, dialect_at
from relay.families.uses import INFER
from tests.axes import table
from tests.rules.tree import ROOT, functions
from tests.speaking import SERVED, SPOKEN

START = """
import sys
sys.path[:0] = {path!r}
import {function}
from relay.edge.wiring import services
print(services.cache_info().currsize, *(name for name in sys.modules if name.startswith("relay.families.")))
"""
BASES = {
    f"relay.families.{name}"
    for name in (
        "dialect",
        "uses",
        "provider",
        "bodies",
        "forms",
        "reading",
        "readers",
        "asked",
        "inference",
        "progress",
    )
}
SETTINGS = {"AWS_DEFAULT_REGION": "eu-west-1", "POWERTOOLS_METRICS_NAMESPACE": "x", "PYTHONDONTWRITEBYTECODE": "1"}


def test_every_route_lies_where_the_registry_says_its_family_is() -> None:
    routes = [(family, route) for family in SPOKEN for route in dialect(family).routes]
    strays = [route for family, route in routes if dialect_at(route.path) is not dialect(family)]
    homes = {id(stray): [each for each in dialect_at(stray.path).routes if each.path == stray.path] for stray in strays}
    # the stream endpoint asks the routes with a `when` first, whosever path it is
    assert [route.path for route in strays if route.when is None or not homes[id(route)]] == []
    assert {each.use for found in homes.values() for each in found} <= {INFER}


@table(
    "path, family",
    [
        ("/api/v1/jobs/nothing", "kie"),
        ("/api/v1", "kie"),
        ("/api/v10/x", "aistudio"),
        ("/api/nothing", "aistudio"),
        ("/apis", "aistudio"),
        ("/v1/nothing", "newapi"),
        ("/v1beta/nothing", "newapi"),
        ("/v1betas", "aistudio"),
        ("/mj-turbo/mj/submit/imagine", "newapi"),
        ("", "aistudio"),
    ],
)
def test_an_unknown_path_is_the_closest_familys(path: str, family: str) -> None:
    assert dialect_at(path).family == family


def test_every_use_case_is_served_by_one_function() -> None:
    served = [use for operations in SERVED.values() for use in operations]
    asked = {route.use for family in SPOKEN for route in dialect(family).routes}
    assert sorted(map(repr, served)) == sorted(map(repr, set(served)))
    assert asked <= {*served, INFER}


@table("function", sorted(functions().keys() - {"stream"}))  # which serves all families from its start
def test_a_function_builds_its_services_while_it_initialises_and_imports_no_family(function: str) -> None:
    code = START.format(path=[str(ROOT / "layers/relay/python"), str(ROOT / "functions")], function=function)
    done = subprocess.run([sys.executable, "-c", code], env=SETTINGS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    built, *families = done.stdout.split()
    assert (built, set(families) - BASES) == ("1", set())
