"""The registry of families, and the one place that finds a family's code by its name or by its paths.

A family is a folder with `dialect.py` (how clients speak to us) and `provider.py` (how we speak to an upstream).
Nothing of it is imported before it is asked for, so a function pays only for what it speaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from relay.families.dialect import Dialect
from relay.families.provider import Provider

# Each family, and what all paths of its clients begin with.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "aistudio": ("/api",),
    "kie": ("/api/v1",),
    "newapi": ("/v1", "/mj", "/mj-fast", "/mj-relax", "/mj-turbo", "/suno", "/kling"),
}


def dialect(family: str) -> Dialect:
    """The translator for clients of a family. Raises LookupError for a name that is not registered."""
    found: Dialect = import_module(f"relay.families.{_known(family)}.dialect").DIALECT
    return found


def dialect_at(path: str) -> Dialect:
    """The translator for who calls this path, known or not: the closest home counts, and the first family's for all
    that lies in none."""
    homes = {home: family for family, its in FAMILIES.items() for home in its if f"{path}/".startswith(f"{home}/")}
    return dialect(homes[max(homes, key=len)] if homes else next(iter(FAMILIES)))


def provider(family: str) -> Provider:
    """The translators for an upstream of a family. Raises LookupError for a name that is not registered."""
    found: Provider = import_module(f"relay.families.{_known(family)}.provider").PROVIDER
    return found


def _known(family: str) -> str:
    if family not in FAMILIES:
        raise LookupError(f"no family {family!r}; there are: {', '.join(FAMILIES)}")
    return family
