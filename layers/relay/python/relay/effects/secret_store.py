"""Reads secrets from SSM Parameter Store and caches them in the container for CACHE_SECONDS."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_ssm import SSMClient

CACHE_SECONDS = 300
AT_ONCE = 10  # names per request, the most SSM allows


class Secrets:
    """SecureString parameters under `prefix`. A missing one is None; the caller must refuse to work without it.

    The first use of one of `names` reads all of them, ten per request: SSM allows an account 40 requests a second, and
    many containers may start at once.
    """

    def __init__(self, connect: Callable[[], SSMClient], prefix: str, names: Iterable[str] = ()) -> None:
        self._connect, self._prefix, self._names = connect, prefix, tuple(names)
        self._cache: dict[str, tuple[float, str | None]] = {}
        self._reading = threading.Lock()  # threads that start together share one read

    def find(self, name: str) -> str | None:
        if self._stale(name):
            with self._reading:
                if self._stale(name):
                    self._read(self._names if name in self._names else (name,))
        return self._cache[name][1]

    def need(self, name: str) -> str:
        """Like `find`, but raises LookupError where the secret is missing."""
        value = self.find(name)
        if not value:
            raise LookupError(f"no secret at {self._prefix}/{name}; create it with: python -m ops secrets-init")
        return value

    def refresh(self) -> None:
        """Read all of `names` again, so that `find` need not, which would hold up whatever else its thread does."""
        with self._reading:
            self._read(self._names)

    @cached_property
    def _client(self) -> SSMClient:
        return self._connect()

    def _stale(self, name: str) -> bool:
        return name not in self._cache or time.monotonic() - self._cache[name][0] > CACHE_SECONDS

    def _read(self, names: Sequence[str]) -> None:
        found: dict[str, str] = {}
        for start in range(0, len(names), AT_ONCE):
            paths = [f"{self._prefix}/{name}" for name in names[start : start + AT_ONCE]]
            answer = self._client.get_parameters(Names=paths, WithDecryption=True)
            found |= {parameter["Name"]: parameter["Value"] for parameter in answer["Parameters"]}
        now = time.monotonic()
        self._cache |= {name: (now, found.get(f"{self._prefix}/{name}")) for name in names}


def listed(text: str, upstreams: Iterable[str]) -> tuple[str, ...]:
    """The names in a function's SECRETS variable, which are separated by commas.

    The word `upstreams` in it stands for `upstreams/<name>/key` and `…/webhook-key` of every upstream.
    """
    names = [name for name in text.split(",") if name]
    keys = [f"upstreams/{upstream}/{key}" for upstream in upstreams for key in ("key", "webhook-key")]
    return tuple(name for each in names for name in (keys if each == "upstreams" else [each]))
