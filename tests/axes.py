"""How a test walks a table, and how it walks several axes that do not depend on each other."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pytest

Test = Callable[..., None]


def table(spelled: str, rows: Iterable[Any], ids: Iterable[str] = ()) -> Callable[[Test], Test]:
    """One test of all these rows, in which each row that does not hold is told by its id, or by its values.

    For rows that share their set-up and leave nothing behind. Names and rows are as pytest.mark.parametrize takes them.
    """
    names = [name.strip() for name in spelled.split(",")]
    cases = [dict(zip(names, row if len(names) > 1 else (row,), strict=True)) for row in rows]
    labels = [*ids] or [", ".join(f"{name}={_cut(case[name])}" for name in names) for case in cases]
    assert cases

    def walks(test: Test) -> Test:
        @wraps(test)
        def walk(**fixtures: Any) -> None:
            wrong: list[BaseException] = []
            for label, case in zip(labels, cases, strict=True):
                try:
                    test(**case, **fixtures)
                except (Exception, pytest.fail.Exception) as error:
                    error.add_note(f"in the row {label}")
                    wrong.append(error)
            if wrong:
                raise BaseExceptionGroup(f"{len(wrong)} of {len(cases)} rows", wrong)

        signature = inspect.signature(test)
        fixtures = [parameter for name, parameter in signature.parameters.items() if name not in names]
        walk.__dict__["__signature__"] = signature.replace(parameters=fixtures)
        return walk

    return walks


def _cut(value: object) -> str:
    said = repr(value)
    return said if len(said) <= 200 else f"{said[:200]}…"


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
