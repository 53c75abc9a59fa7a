"""A fresh relay for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functional.harness import Harness, harness


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made
