"""A table in one test proves what a test for each row would."""

from __future__ import annotations

import inspect

import pytest

from tests.axes import table


def test_every_row_is_run_and_each_that_does_not_hold_is_told() -> None:
    seen = list[int]()

    @table("number, wanted", [(1, 2), (2, 2), (3, 2)])
    def is_wanted(number: int, wanted: int) -> None:
        seen.append(number)
        assert number == wanted

    with pytest.raises(BaseExceptionGroup, match="2 of 3 rows") as caught:
        is_wanted()
    assert seen == [1, 2, 3]
    assert [error.__notes__[-1] for error in caught.value.exceptions] == [
        f"in the row number={number}, wanted=2" for number in (1, 3)
    ]


def test_a_refusal_that_does_not_come_is_told_too() -> None:
    @table("text", ["", "7"])
    def is_refused(text: str) -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            int(text)

    with pytest.raises(BaseExceptionGroup, match="1 of 2 rows"):
        is_refused()


def test_only_fixtures_are_asked_of_pytest() -> None:
    @table("number", [1])
    def walked(here: str, number: int) -> None:
        assert (here, number) == ("here", 1)

    assert list(inspect.signature(walked).parameters) == ["here"]
    walked(here="here")


def test_a_table_without_rows_is_no_test() -> None:
    with pytest.raises(AssertionError):
        table("number", [])
