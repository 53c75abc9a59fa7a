"""Owns the journal: every row that a write changed since the last snapshot, on disk before the write is answered.

Rows and not requests are kept, so that reading a journal again over a newer snapshot ends at the same state.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Row = tuple[str, dict[str, Any], bool]  # table, the row or only its key, whether the row is there


class Journal:
    """Files `journal.<number>` in a folder; notes go to the newest. A killed process leaves what it has noted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # never an old file again: its last line may be half written
        self._number = max((_number(path) for path in self._paths()), default=0) + 1
        self._file = self._opened()

    @property
    def size(self) -> int:
        """Bytes noted since the last `turn`."""
        size: int = self._file.tell()
        return size

    def note(self, rows: Iterable[Row]) -> None:
        lines = (json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
        self._file.write("".join(lines).encode())

    def rows(self) -> Iterator[Row]:
        """All that was noted, oldest first. A half-written last line is left out: its write was never answered."""
        for path in sorted(self._paths(), key=_number):
            for line in path.read_bytes().splitlines(keepends=True):
                if line.endswith(b"\n"):
                    table, row, there = json.loads(line)
                    yield table, row, there

    def turn(self) -> list[Path]:
        """Begin a new file; the ones before it, to be deleted once a snapshot holds all they say."""
        before = self._paths()
        self._file.close()
        self._number += 1
        self._file = self._opened()
        return before

    def close(self) -> None:
        self._file.close()

    def _paths(self) -> list[Path]:
        return list(self._folder.glob("journal.*"))

    def _opened(self) -> Any:  # noqa: ANN401 (an unbuffered binary file)
        return (self._folder / f"journal.{self._number}").open("ab", buffering=0)


def _number(path: Path) -> int:
    return int(path.suffix[1:])
