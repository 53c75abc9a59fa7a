"""Statements around the turn of a year: the local day of a charge, pages, and one account's lines only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functional.harness import Harness, harness, open_account
from tests.functional.test_account import BALANCE, CAT, CONSUMPTION, IMAGES, at, data, records


class Year:
    """An account that made one image at each of these instants (UTC), oldest first."""

    instants = (
        "2025-12-31T15:59:59",  # the last second of 2025 at +08:00
        "2025-12-31T16:00:00",  # the first of 2026
        "2026-01-01T15:59:59",
        "2026-01-01T16:00:00",
        "2026-02-28T12:00:00",
    )
    key = "sk-EXAMPLE-year"


@pytest.fixture(scope="module")
def year() -> Iterator[Harness]:
    with harness() as made:
        open_account(made, "year", Year.key, "100", 3)
        for instant in Year.instants:
            made.now[0] = at(instant)
            assert made.post(IMAGES, CAT, key=Year.key)[0] == 200
        yield made


def test_a_statement_is_newest_first(year: Harness) -> None:
    found = records(year, Year.key)

    assert [each["created"][:10] for each in found] == [
        *("2026-02-28", "2026-01-02", "2026-01-01", "2026-01-01", "2025-12-31")
    ]


BOUNDS: list[tuple[dict[str, str], int]] = [
    ({}, 5),
    ({"start_date": "2026-01-01"}, 4),
    ({"end_date": "2025-12-31"}, 1),
    ({"start_date": "2025-12-31", "end_date": "2025-12-31"}, 1),
    ({"start_date": "2026-01-01", "end_date": "2026-01-01"}, 2),
    ({"start_date": "2026-01-02", "end_date": "2026-02-27"}, 1),
    ({"start_date": "2026-02-28", "end_date": "2026-02-28"}, 1),
    ({"end_date": "2026-12-31"}, 5),
    ({"start_date": "2027-01-01"}, 0),
    ({"start_date": "2000-01-01", "end_date": "2999-12-31"}, 5),
]


@pytest.mark.parametrize(("wanted", "total"), BOUNDS)
def test_dates_are_inclusive_local_days(year: Harness, wanted: dict[str, str], total: int) -> None:
    found = data(year, CONSUMPTION, wanted, Year.key)

    assert (found["total"], len(found["records"])) == (total, total)


def test_the_first_second_of_a_local_day_belongs_to_it(year: Harness) -> None:
    found = records(year, Year.key, start_date="2026-01-01", end_date="2026-01-01")

    assert [each["created"] for each in found] == ["2026-01-01T23:59:59+08:00", "2026-01-01T00:00:00+08:00"]


@pytest.mark.parametrize(
    ("page", "size", "shown"),
    [(1, 2, [0, 1]), (2, 2, [2, 3]), (3, 2, [4]), (4, 2, []), (1, 5, [0, 1, 2, 3, 4])],
)
def test_pages_are_pieces_of_the_whole_statement(year: Harness, page: int, size: int, shown: list[int]) -> None:
    whole = records(year, Year.key)

    found = data(year, CONSUMPTION, {"page": page, "page_size": size}, Year.key)

    assert found == {"total": 5, "records": [whole[index] for index in shown]}


def test_an_account_is_told_of_its_own_alone(year: Harness) -> None:
    open_account(year, "stranger", "sk-EXAMPLE-stranger", "5", 1)

    assert data(year, CONSUMPTION, key="sk-EXAMPLE-stranger") == {"total": 0, "records": []}
    assert data(year, BALANCE, key="sk-EXAMPLE-stranger")["balance_cents"] == 500
