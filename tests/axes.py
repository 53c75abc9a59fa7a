"""How a test walks several axes that do not depend on each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def each_once(*axes: tuple[str, Iterable[Any]]) -> pytest.MarkDecorator:
    """Runs that take every value of every axis at least once; the shorter axes begin again.

    An axis is its parameter names and its values, as pytest.mark.parametrize takes them. Where axes do depend on each
    other (a state and what happens in it) a test needs the whole product.
    """
    names = [name.strip() for spelled, _ in axes for name in spelled.split(",")]
    columns = [[value if "," in spelled else (value,) for value in values] for spelled, values in axes]
    rows = [
        tuple(part for column in columns for part in column[run % len(column)])
        for run in range(max(len(column) for column in columns))
    ]
    return pytest.mark.parametrize(names, rows, ids=_short)


def _short(value: object) -> str | None:
    """The value in the test's name: long ones are cut, and what has no short spelling is numbered by pytest."""
    return repr(value)[:24] if isinstance(value, str | bytes | int | float | None) else None
