"""Owns what is kept on disk: whose folder it is, and the emulator's state in it as of the last few seconds."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any

from local import emulator

_logger = logging.getLogger(__name__)


class Snapshot:
    """A state folder held by this process; `save` brings it up to date."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = (folder / "lock").open("w", encoding="utf-8")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise RuntimeError(f"another stack uses {folder}: stop it, or give another state folder") from error
        self._folder = folder / emulator.STATE
        self._folder.mkdir(mode=0o700, exist_ok=True)  # secrets are in it, in the clear
        self._written: dict[str, int] = {}

    def save(self) -> None:
        """Write every service that changed; each file is replaced whole or not at all."""
        for service, read in emulator.readers().items():
            try:
                text = self._text(service, read)
            except (RuntimeError, TypeError, ValueError) as error:
                _logger.warning("the state of %s was not saved this time: %s", service, error)
                continue
            if text is not None and self._written.get(service) != hash(text):
                new = self._folder / f"{service}.json.new"
                new.write_text(text, encoding="utf-8")
                new.replace(self._folder / f"{service}.json")
                self._written[service] = hash(text)

    def release(self) -> None:
        """Let another process have the folder."""
        self._lock.close()

    def _text(self, service: str, read: Callable[[], Any]) -> str | None:
        if service != "dynamodb":
            return _retried(lambda: emulator.encoded(service, read()))
        # Copying the tables takes ten times as long as encoding them, and requests wait meanwhile: so encode the
        # tables themselves, under the lock that keeps transactions whole.
        with emulator.DYNAMODB_LOCK:
            return emulator.encoded(service, _without_copies(read)())


def _without_copies(read: Callable[[], Any]) -> Callable[[], Any]:
    assert isinstance(read, FunctionType)
    same = SimpleNamespace(deepcopy=lambda value: value)
    return FunctionType(read.__code__, {**read.__globals__, "copy": same})


def _retried(encode: Callable[[], str | None]) -> str | None:
    for _ in range(4):
        try:
            return encode()
        except RuntimeError:  # it changed while it was read; the next look finds it whole
            continue
    return encode()
