"""Who may import whom: the rings of the house, as one table."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import pytest

from relay.dialects import FAMILIES as SPOKEN
from relay.providers import FAMILIES as ASKED
from tests.rules.tree import imports, sources

NOUN_NAMES = "task ledger wire errors faults catalog catalog_file toml_table shapes signing statements media"
NOUNS = {f"relay.{name}" for name in NOUN_NAMES.split()}
EFFECTS = {
    f"relay.{name}" for name in ("settings", "store", "secrets", "queues", "outbound", "poller", "bucket", "metrics")
}
REGISTRIES = {"relay.dialects", "relay.providers"}
DIALECTS = {"relay.dialects", "relay.dialects.multipart"}
BELOW_WIRING = NOUNS | EFFECTS | REGISTRIES | {"relay.flow"}
PYDANTIC = {"pydantic", "pydantic_core"}
POWERTOOLS = {"aws_lambda_powertools"}
LOGGED_AWS = POWERTOOLS | {"botocore"}

# unit: (what of ours it may import beside itself, what of others beside the standard library). A package is one
# unit; in dialects and providers each family is one, and the package itself is their base and registry.
TABLE: dict[str, tuple[set[str], set[str]]] = {
    "relay": (set(), set()),
    # 0: nouns
    **dict.fromkeys(NOUNS, (NOUNS, {"pydantic"})),
    "relay.media": (set(), {"PIL"}),
    # 1: translators, which never meet
    **dict.fromkeys(REGISTRIES, (NOUNS, PYDANTIC)),
    "relay.dialects.multipart": (NOUNS, {"python_multipart"}),
    **{f"relay.dialects.{family}": (NOUNS | DIALECTS, {"pydantic"}) for family in SPOKEN},
    **{f"relay.providers.{family}": (NOUNS | {"relay.providers"}, {"pydantic"}) for family in ASKED},
    # 2: effects, one SDK each and never each other
    **dict.fromkeys(EFFECTS, (NOUNS, LOGGED_AWS)),
    "relay.settings": (NOUNS, set()),
    "relay.outbound": (NOUNS, {"urllib3", "certifi"}),
    "relay.bucket": (NOUNS, {"boto3", "botocore"}),
    # 3: flow, which finds families by name only
    "relay.flow": (NOUNS | EFFECTS | REGISTRIES, POWERTOOLS),
    # 4: edge
    "relay.shell": (NOUNS | {"relay.metrics"}, POWERTOOLS),
    "relay.events": (NOUNS, set()),
    "relay.operations": (NOUNS | {"relay.dialects", "relay.flow"}, set()),
    "relay.gateway": (NOUNS | {"relay.dialects", "relay.events", "relay.flow", "relay.operations"}, POWERTOOLS),
    "relay.wiring": (BELOW_WIRING, LOGGED_AWS | {"boto3"}),
    # 5: shells
    "functions": ({"relay.gateway", "relay.wiring", "relay.shell", "relay.flow"}, set()),
}

# The two inner rings see only what they are given: no clock, no environment, no chance, no I/O.
IMPURE = {"os", "time", "random", "secrets", "socket", "ssl", "subprocess", "threading", "pathlib", "logging", "http"}
PURE = NOUNS | {unit for unit in TABLE if unit.startswith(("relay.dialects", "relay.providers"))}


def unit(module: str) -> str:
    """The row of the table that speaks for a module of ours; the longest name that fits."""
    parts = module.split(".")
    names = (".".join(parts[:size]) for size in range(len(parts), 0, -1))
    return next((name for name in names if name in TABLE), parts[0])


def ours(names: Iterable[str]) -> set[str]:
    return {name for name in names if name in sources()}


HOUSE = [module for module in sources() if module.split(".")[0] in {"relay", "functions"}]


@pytest.mark.parametrize("module", HOUSE)
def test_a_module_has_a_place(module: str) -> None:
    assert unit(module) != "relay" or module == "relay", "give it a row in the table"


@pytest.mark.parametrize("module", HOUSE)
def test_imports_point_inward(module: str) -> None:
    own = unit(module)
    allowed, _ = TABLE[own]
    reached = {unit(name) for name in ours(imports(module))} - {own}
    assert reached <= allowed


@pytest.mark.parametrize("module", HOUSE)
def test_others_are_imported_where_the_table_says(module: str) -> None:
    _, allowed = TABLE[unit(module)]
    roots = {name.partition(".")[0] for name in imports(module) - ours(imports(module))}
    assert roots - sys.stdlib_module_names <= allowed


@pytest.mark.parametrize("module", [module for module in HOUSE if unit(module) in PURE])
def test_inner_rings_are_pure(module: str) -> None:
    assert not {name.partition(".")[0] for name in imports(module)} & IMPURE


@pytest.mark.parametrize("module", HOUSE)
def test_only_the_gateway_routes(module: str) -> None:
    routes = any(name.startswith("aws_lambda_powertools.event_handler") for name in imports(module))
    assert not routes or module == "relay.gateway"
