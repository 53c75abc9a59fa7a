"""Passwords as they are kept: hashed by Argon2id, a few at a time."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from relay.nouns.errors import Contended

MEMORY, PASSES, LANES = 19 * 1024, 2, 1  # KiB of each hash, as OWASP's password storage sheet recommends
AT_ONCE = 2  # a thread of a server each: so many times MEMORY is all that logins take, however many come
PATIENCE = 10.0  # seconds that one waits for its turn


class Passwords:
    """Makes and checks hashes. Each call of `hash` or `matches` costs one hash, whatever it is given."""

    def __init__(
        self, at_once: int = AT_ONCE, patience: float = PATIENCE, hasher: PasswordHasher | None = None
    ) -> None:
        self._hasher = hasher or PasswordHasher(PASSES, MEMORY, LANES)
        self._turns, self._patience = threading.BoundedSemaphore(at_once), patience
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(16))  # for e-mail addresses that nobody has

    def hash(self, password: str) -> str:
        """Raises Contended."""
        with self.turn():
            return self._hasher.hash(password)

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one that `kept` is the hash of; never where there is none. Raises Contended."""
        with self.turn():
            try:
                return self._hasher.verify(kept or self._nobodys, password) and kept is not None
            except VerificationError:
                return False

    def outdated(self, kept: str) -> bool:
        """Whether a hash was made with other parameters than new ones are."""
        return self._hasher.check_needs_rehash(kept)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The memory of one hash. Raises Contended."""
        if not self._turns.acquire(timeout=self._patience):
            raise Contended
        try:
            yield
        finally:
            self._turns.release()
