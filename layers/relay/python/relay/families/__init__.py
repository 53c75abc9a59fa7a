"""The registry of families, and the one place that finds a family's code by its name.

A family is a folder with `dialect.py` (how clients speak to us) and `provider.py` (how we speak to an upstream).
Nothing of it is imported before it is asked for, so a function pays only for what it speaks.
"""

from __future__ import annotations

from importlib import import_module

from relay.families.dialect import Dialect
from relay.families.provider import Account, Provider

FAMILIES = ("aistudio", "kie")


def dialect(family: str) -> Dialect:
    """The translator for clients of a family. Raises LookupError for a name that is not registered."""
    found: Dialect = import_module(f"relay.families.{_known(family)}.dialect").DIALECT
    return found


def provider(family: str, account: Account) -> Provider:
    """The translator for an upstream of a family. Raises LookupError for a name that is not registered."""
    found: Provider = import_module(f"relay.families.{_known(family)}.provider").PROVIDER(account)
    return found


def _known(family: str) -> str:
    if family not in FAMILIES:
        raise LookupError(f"no family {family!r}; there are: {', '.join(FAMILIES)}")
    return family
