"""Reads a TOML file strictly: errors name the value's path, for which `line_of` finds the line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

Path = tuple[str | int, ...]  # keys and list indexes that lead to a value

_RANGE = re.compile(r"([0-9]{1,4})-([0-9]{1,4})", re.ASCII)
_HIGHEST = 3600  # largest number in a list of whole numbers


class Wrong(Exception):
    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"{'.'.join(map(str, path))} {problem}")


def line_of(text: str, path: Path) -> int | None:
    """The line number of the value at `path`; of the table around it where the value is missing."""
    places = dict(_places(text))
    return next((places[path[:size]] for size in range(len(path), 0, -1) if path[:size] in places), None)


def _places(text: str) -> Iterator[tuple[Path, int]]:
    """Each table, key and table in a list, with its line; lists of tables are written one table a line."""
    table: Path = ()
    key: Path = ()
    item = 0
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if words.startswith("{"):
            yield (*key, item), number
            item += 1
        elif words.startswith("["):
            table = _path(words)
            yield table, number
        elif re.match(r"[\w\"'-].*=", words):
            key, item = (*table, *_path(words.partition("=")[0] + "= 0")), 0
            yield key, number


def _path(line: str) -> Path:
    """The keys of a line that holds one table header or one key."""
    try:
        words: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return ()
    path: Path = ()
    while isinstance(words, dict) and words:
        ((name, words),) = words.items()
        path = (*path, name)
    return path


class Table:
    """One table, read word by word. A word that is not among `known` is refused; no `known` takes any."""

    def __init__(self, words: object, path: Path, known: str = "") -> None:
        if not isinstance(words, dict):
            raise Wrong(path, "must be a table")
        self.words: dict[str, Any] = words
        self.path = path
        for name in words:
            if known and name not in known.split():
                raise Wrong((*path, name), f"is not known here; known are: {', '.join(known.split())}")

    def value(self, name: str) -> Any:  # noqa: ANN401 - each caller checks it
        if name not in self.words:
            raise self.wrong(name, "is missing")
        return self.words[name]

    def wrong(self, name: str, problem: str) -> Wrong:
        return Wrong((*self.path, name), problem)

    def text(self, name: str, default: str | None = None) -> str:
        found = self.words.get(name, default) if default is not None else self.value(name)
        if not isinstance(found, str) or not (found or default == ""):
            raise self.wrong(name, "must be a text in quotes")
        return found

    def whole(self, name: str, default: int | None = None, least: int = 1) -> int:
        found = self.words.get(name, default) if default is not None else self.value(name)
        if not isinstance(found, int) or isinstance(found, bool) or found < least:
            raise self.wrong(name, f"is {found!r}; it must be a whole number of at least {least}")
        return found

    def decimal(self, name: str, least: str) -> Decimal:
        found = self.text(name)
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", found, re.ASCII) or Decimal(found) < Decimal(least):
            raise self.wrong(name, f'is "{found}"; it must be a number in quotes of at least {least}, like "1.5"')
        return Decimal(found)

    def flag(self, name: str) -> bool:
        found = self.value(name)
        if not isinstance(found, bool):
            raise self.wrong(name, "must be true or false")
        return found

    def table(self, name: str, known: str = "") -> Table:
        return Table(self.value(name), (*self.path, name), known)

    def tables(self, known: str = "") -> Iterator[tuple[str, Table]]:
        """Each word as a table of its own."""
        return ((name, self.table(name, known)) for name in self.words)

    def list(self, name: str, *, needed: bool = False) -> list[Any]:
        found = self.words.get(name, [])
        if not isinstance(found, list) or (needed and not found):
            raise self.wrong(
                name, "must be a list in [ ] with at least one entry" if needed else "must be a list in [ ]"
            )
        return found

    def texts(self, name: str, shape: re.Pattern[str], example: str) -> tuple[str, ...]:
        found = self.list(name)
        for each in found:
            if not isinstance(each, str) or not shape.fullmatch(each):
                raise self.wrong(name, f"holds {each!r}; each must be like {example}")
        return tuple(found)

    def numbers(self, name: str) -> tuple[int, ...]:
        """Whole numbers, in order; "3-15" in a list stands for all from 3 to 15."""
        found = set[int]()
        for each in self.list(name):
            span = _RANGE.fullmatch(each) if isinstance(each, str) else None
            first, last = (int(span[1]), int(span[2])) if span else (each, each)
            if not isinstance(first, int) or isinstance(first, bool) or not 1 <= first <= last <= _HIGHEST:
                raise self.wrong(name, f'holds {each!r}; each must be a whole number like 5, or a range like "3-15"')
            found.update(range(first, last + 1))
        return tuple(sorted(found))
