"""How clients speak to the relay: one small class per dialect, found by the family's name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import requests

SECONDS = 30.0
PERCENT = {"pending": 5.0, "queued": 20.0, "processing": 55.0}


class Client(ABC):
    """One account's client; documents are the JSON of its dialect."""

    def __init__(self, url: str, api_key: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.headers["authorization"] = f"Bearer {api_key}"

    @abstractmethod
    def create(self, path: str, body: Mapping[str, object], callback_url: str) -> str:
        """The id of a new task that reports to `callback_url`."""

    @abstractmethod
    def document(self, path: str, task_id: str) -> dict[str, Any]:
        """The status document of a task that was created at `path`."""

    @abstractmethod
    def progress(self, document: Mapping[str, Any]) -> tuple[str, float]:
        """The canonical state a document tells, and the percent done."""

    @abstractmethod
    def links(self, document: Mapping[str, Any]) -> list[str]:
        """Where a document says the results are."""

    def post(self, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 (any JSON)
        answer = self.http.post(self.url + path, json=body, timeout=SECONDS)
        answer.raise_for_status()
        return answer.json()


def client(family: str) -> type[Client]:
    """The client of a family's dialect."""
    found: type[Client] = import_module(f"local.upstreams.{family}.client").CLIENT
    return found
