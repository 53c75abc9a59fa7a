"""Secrets from SSM Parameter Store, cached for five minutes per container."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_ssm import SSMClient

CACHE_SECONDS = 300


class Secrets:
    """SecureStrings under one prefix. A missing one is None: who needs it must refuse, never go without."""

    def __init__(self, connect: Callable[[], SSMClient], prefix: str) -> None:
        self._connect, self._prefix = connect, prefix
        self._cache: dict[str, tuple[float, str | None]] = {}

    def find(self, name: str) -> str | None:
        kept_at, value = self._cache.get(name, (float("-inf"), None))
        if time.monotonic() - kept_at > CACHE_SECONDS:
            value = self._read(f"{self._prefix}/{name}")
            self._cache[name] = (time.monotonic(), value)
        return value

    def need(self, name: str) -> str:
        """Like `find`; raises LookupError with the way to mend it when the secret is missing."""
        value = self.find(name)
        if not value:
            raise LookupError(f"no secret at {self._prefix}/{name}; create it with: python -m ops secrets-init")
        return value

    @cached_property
    def _client(self) -> SSMClient:
        return self._connect()

    def _read(self, path: str) -> str | None:
        try:
            return self._client.get_parameter(Name=path, WithDecryption=True)["Parameter"]["Value"]
        except self._client.exceptions.ParameterNotFound:
            return None
