"""Who may import whom: rings are folders, imports go down only, and what only a type checker sees counts as well."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from relay.families import FAMILIES
from tests.rules.tree import imports, sources

NOUNS, FLOW, EDGE, STREAM = "relay.nouns", "relay.flow", "relay.edge", "relay.edge.stream"
EFFECTS = tuple(
    f"relay.effects.{name}"
    for name in ["settings", "secret_store", "queues", "poller", "bucket", "metrics", "passwords", "session_tokens"]
)
STORE, OUTBOUND = "relay.effects.store", "relay.effects.outbound"
STRIPE_DOCUMENTS = "relay.effects.stripe_documents"
STRIPE = "relay.effects.stripe_gateway"  # only the functions that take payments have its library
BASES = tuple(
    f"relay.families.{name}"
    for name in [
        *("dialect", "uses", "provider", "bodies", "forms", "reading", "refusals", "chat", "asked", "progress"),
        *("inference", "inference_requests", "inference_answers"),
    ]
)
REGISTRY = "relay.families"
POWERTOOLS, AWS_TYPES = {"aws_lambda_powertools"}, {"types_boto3_sqs", "types_boto3_stepfunctions", "types_boto3_ssm"}
DEVELOPERS = {"argon2", "jwt"}  # they lie in a layer that only few functions carry
PYDANTIC = {"pydantic", "pydantic_core"}

# Each part of the package: the parts it may import beside itself, and whose code beside the standard library's.
PARTS: Mapping[str, tuple[set[str], set[str]]] = {
    "relay": (set(), set()),
    NOUNS: (set(), {"pydantic", "PIL", "email_validator"}),
    "relay.catalog": ({NOUNS}, set()),
    **dict.fromkeys(BASES, ({NOUNS, *BASES}, PYDANTIC | {"python_multipart"})),
    # a family sees the bases and never another family
    **{f"relay.families.{family}": ({NOUNS, *BASES}, {"pydantic"}) for family in FAMILIES},
    REGISTRY: (set(BASES), set()),
    "relay.effects": (set(), set()),
    **dict.fromkeys(EFFECTS, ({NOUNS}, POWERTOOLS | AWS_TYPES | DEVELOPERS | {"boto3", "botocore", "types_boto3_s3"})),
    STORE: ({NOUNS}, POWERTOOLS | {"botocore", "types_boto3_dynamodb"}),
    OUTBOUND: ({NOUNS}, {"urllib3", "certifi"}),
    f"{OUTBOUND}.open_lines": ({NOUNS, OUTBOUND}, {"aiohttp", "certifi"}),
    STRIPE: ({NOUNS, OUTBOUND, STRIPE_DOCUMENTS}, {"stripe"}),
    STRIPE_DOCUMENTS: ({NOUNS}, {"stripe"}),  # its types alone
    FLOW: ({NOUNS, REGISTRY, *BASES, *EFFECTS, STORE, OUTBOUND, f"{OUTBOUND}.open_lines"}, POWERTOOLS),
    EDGE: (
        {NOUNS, "relay.catalog", REGISTRY, *BASES, *EFFECTS, STORE, OUTBOUND, FLOW},
        POWERTOOLS | {"boto3", "botocore"},
    ),
    # apart from the rest of the edge: what it imports lies in a layer that only its function carries
    STREAM: (
        {NOUNS, "relay.catalog", REGISTRY, *BASES, *EFFECTS, STORE, OUTBOUND, FLOW, EDGE},
        POWERTOOLS | {"starlette", "aiohttp"},
    ),
    f"{EDGE}.stream": (
        {NOUNS, REGISTRY, *BASES, *EFFECTS, STORE, OUTBOUND, f"{OUTBOUND}.open_lines", FLOW, EDGE},
        POWERTOOLS | {"starlette"},
    ),
    "functions": ({f"{EDGE}.stream", EDGE, STREAM, FLOW}, set()),
}
SHELLS = ("local", "ops", "benchmarks", "tests")  # they run or watch the package, and the package knows none of them

# What the pure parts may not import: they see only what they are given.
IMPURE = {"os", "time", "random", "secrets", "socket", "ssl", "subprocess", "threading", "pathlib", "logging", "http"}
PURE = (NOUNS, "relay.catalog", *BASES, *(f"relay.families.{family}" for family in FAMILIES))

PACKAGE = [module for module in sources() if module.split(".")[0] in {"relay", "functions"}]


def part(module: str) -> str:
    """The row of the table that speaks for a module of ours: the longest name that fits."""
    parts = module.split(".")
    names = (".".join(parts[:size]) for size in range(len(parts), 0, -1))
    return next((name for name in names if name in PARTS), parts[0])


def climbs() -> Iterator[str]:
    for module in PACKAGE:
        own = part(module)
        for name in sorted(imports(module) & sources().keys()):
            if part(name) not in {own, *PARTS[own][0]}:
                yield f"{module} imports {name}"


def test_imports_go_down_only() -> None:
    assert list(climbs()) == []


def test_every_module_lies_in_a_part() -> None:
    assert [module for module in PACKAGE if part(module) == "relay" and module != "relay"] == []


def test_others_code_is_imported_where_the_table_says() -> None:
    found = {module: {name.partition(".")[0] for name in imports(module) - sources().keys()} for module in PACKAGE}
    allowed = {module: PARTS[part(module)][1] | sys.stdlib_module_names for module in PACKAGE}
    assert [f"{module} imports {root}" for module in PACKAGE for root in sorted(found[module] - allowed[module])] == []


def test_the_pure_parts_see_only_what_they_are_given() -> None:
    pure = [module for module in PACKAGE if part(module) in PURE]
    found = {module: {name.partition(".")[0] for name in imports(module)} & IMPURE for module in pure}
    assert {module: impure for module, impure in found.items() if impure} == {}


def test_the_package_knows_no_shell_and_no_shell_but_tests_knows_tests() -> None:
    known = {module: {name.split(".")[0] for name in imports(module)} for module in sources()}
    assert [module for module in PACKAGE if known[module] & set(SHELLS)] == []
    assert [module for module in sources() if not module.startswith("tests") and "tests" in known[module]] == []


def test_only_the_gateway_routes() -> None:
    routing = [
        module
        for module in PACKAGE
        if any(name.startswith("aws_lambda_powertools.event_handler") for name in imports(module))
    ]
    assert routing == ["relay.edge.gateway"]
