"""The state folder of a stack: what is written there while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from local import emulator
from local.snapshot import Snapshot

SAVES = 200


@pytest.fixture
def snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Snapshot]:
    changing = iter(range(10**6))
    monkeypatch.setattr(emulator, "readers", lambda: {"changing": lambda: next(changing)})
    monkeypatch.setattr(emulator, "encoded", lambda service, state: f"{service} {state}")
    snapshot = Snapshot(tmp_path)
    yield snapshot
    snapshot.release()


def test_the_periodic_save_and_one_that_is_asked_for_may_meet(snapshot: Snapshot) -> None:
    with closing(snapshot.journal), ThreadPoolExecutor(2) as pool:
        saves = [pool.submit(snapshot.save) for _ in range(SAVES)]
        assert [save.result() for save in saves] == [None] * SAVES
