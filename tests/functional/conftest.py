"""A fresh world for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functional.world import World, world


@pytest.fixture
def here() -> Iterator[World]:
    with world() as made:
        yield made
