"""Owns what is kept on disk: whose folder it is, the emulator's state in it, and the rows written since."""

from __future__ import annotations

import fcntl
import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from local import emulated_tables, emulator
from local.journal import Journal

_TABLES = "dynamodb"
_JOURNAL_BYTES = 16 << 20  # a second of reading at the next start; then the tables are written whole again
_FORMAT = "10"  # of the rows in it; raise it when rows of before can no longer be read

_logger = logging.getLogger(__name__)


class Snapshot:
    """A state folder held by this process. `journal` has every row since the tables were last written whole."""

    def __init__(self, folder: Path) -> None:
        self._lock = _lock(folder)
        try:
            _check_format(folder)
        except RuntimeError:
            self._lock.close()
            raise
        self._folder = folder / emulator.STATE
        self._folder.mkdir(mode=0o700, exist_ok=True)  # secrets are in it, in the clear
        self._written: dict[str, int] = {}
        self._saving = threading.Lock()  # the periodic save and one that is asked for write the same files
        self.journal = Journal(self._folder)

    def restore(self) -> None:
        """Bring the tables, as the emulator has loaded them, up to the last write that was answered."""
        emulated_tables.restore(self.journal.rows())

    def save(self, *, tables: bool = False) -> None:
        """Write every service that changed; each file is replaced whole or not at all.

        Of the tables the journal is enough until it is long, unless `tables` asks for them.
        """
        with self._saving:
            if tables or self.journal.size > _JOURNAL_BYTES:
                self._save_tables()
            for service, read in emulator.readers().items():
                if service != _TABLES:
                    self._save_service(service, read)

    def _save_service(self, service: str, read: Callable[[], object]) -> None:
        try:
            text = _encoded(service, read)
        except (RuntimeError, TypeError, ValueError) as error:
            _logger.warning("the state of %s was not saved this time: %s", service, error)
            return
        if text is not None and self._written.get(service) != hash(text):
            self._replace(service, text)
            self._written[service] = hash(text)

    def _save_tables(self) -> None:
        with emulated_tables.LOCK:
            text = emulator.encoded(_TABLES, emulated_tables.state())
            before = self.journal.turn()
        self._replace(_TABLES, text or "")
        for path in before:
            path.unlink()

    def _replace(self, service: str, text: str) -> None:
        new = self._folder / f"{service}.json.new"
        new.write_text(text, encoding="utf-8")
        new.replace(self._folder / f"{service}.json")

    def release(self) -> None:
        """Let another process have the folder."""
        self.journal.close()
        self._lock.close()


def empty(folder: Path) -> None:
    """Delete a state folder. Raises RuntimeError while a stack lives on it."""
    _lock(folder).close()
    shutil.rmtree(folder)


def _lock(folder: Path) -> TextIO:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (folder / "lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        told = f"another stack uses {folder}: stop it, or choose another folder: make serve STATE=path"
        raise RuntimeError(told) from error
    return lock


def _check_format(folder: Path) -> None:
    mark = folder / "format"
    if (folder / emulator.STATE).exists() and (mark.read_text() if mark.exists() else "") != _FORMAT:
        raise RuntimeError(f"{folder} holds the data of another version: start empty with make serve FRESH=1")
    mark.write_text(_FORMAT)


def _encoded(service: str, read: Callable[[], object]) -> str | None:
    for _ in range(4):
        try:
            return emulator.encoded(service, read())
        except RuntimeError:  # it changed while it was read; the next look finds it whole
            continue
    return emulator.encoded(service, read())
