"""The registry of families: a folder is one. Finds a family's code by its name or by the paths of its clients.

A family has `dialect.py` (how clients speak to us), `provider.py` (how we speak to an upstream) or both. Its
`__init__.py` says what the paths of its clients begin with, and imports nothing. Nothing more of a family is imported
before it is asked for, so a function pays only for what it speaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from relay.families.dialect import Dialect
from relay.families.provider import Provider

FAMILIES: Sequence[str] = sorted(each.name for each in iter_modules(__path__) if each.ispkg)


def dialect(family: str) -> Dialect:
    """The translator for clients of a family. Raises LookupError for a name that is not registered."""
    found: Dialect = import_module(f"relay.families.{_known(family)}.dialect").DIALECT
    return found


def dialect_at(path: str) -> Dialect:
    """The translator for who calls this path, known or not: the longest prefix that fits counts, and one is empty."""
    fitting = (home for home in _homes() if not home or f"{path}/".startswith(f"{home}/"))
    return dialect(_homes()[max(fitting, key=len)])


@cache
def _homes() -> Mapping[str, str]:
    """The family of each prefix."""
    return {home: family for family in FAMILIES for home in import_module(f"{__name__}.{family}").HOMES}


def provider(family: str) -> Provider:
    """The translators for an upstream of a family. Raises LookupError for a name that is not registered."""
    found: Provider = import_module(f"relay.families.{_known(family)}.provider").PROVIDER
    return found


def _known(family: str) -> str:
    if family not in FAMILIES:
        raise LookupError(f"no family {family!r}; there are: {', '.join(FAMILIES)}")
    return family
