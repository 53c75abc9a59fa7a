"""How clients speak to the relay: per API a small class, and what `make run` asks by it; the modules here are found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, BinaryIO, ClassVar

import requests

SECONDS = 30.0
PERCENT = {"pending": 5.0, "queued": 20.0, "processing": 55.0}


@dataclass(frozen=True)
class Ask:
    """A request that the run makes. `picture` says what the file it brings along shows; `refused` ends without one."""

    name: str
    path: str
    body: Mapping[str, Any]
    picture: str = ""
    refused: bool = False


class Client(ABC):
    """One account's client; documents are the JSON of its dialect."""

    def __init__(self, url: str, api_key: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.headers["authorization"] = f"Bearer {api_key}"

    asks: ClassVar[tuple[Ask, ...]] = ()
    is_told: ClassVar[bool] = True  # whether a request may name where to tell of its task's end

    @abstractmethod
    def create(self, path: str, body: Mapping[str, object], callback_url: str) -> str:
        """The id of a new task that reports to `callback_url`, where the API takes one."""

    @abstractmethod
    def document(self, path: str, task_id: str) -> dict[str, Any]:
        """The status document of a task that was created at `path`."""

    @abstractmethod
    def progress(self, document: Mapping[str, Any]) -> tuple[str, float]:
        """The canonical state a document tells, and the percent done."""

    @abstractmethod
    def links(self, document: Mapping[str, Any]) -> list[str]:
        """Where a document says the results are."""

    def words(self, document: Mapping[str, Any]) -> str:
        """The result of a task that makes no file."""
        return ""

    def told_of(self, document: Mapping[str, Any]) -> str:
        """The task a callback's document speaks of."""
        return str(document["task_id"])

    def is_end(self, document: Mapping[str, Any]) -> bool:
        """Whether a callback's document tells of the end; some APIs tell of each change before it."""
        return True

    def upload(self, file: BinaryIO) -> str:
        """The URL of a file that a request may name."""
        raise NotImplementedError("this dialect takes no files")

    def with_picture(self, body: Mapping[str, object], url: str) -> Mapping[str, object]:
        """A request that brings this file along."""
        raise NotImplementedError("this dialect takes no files")

    def post(self, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 (any JSON)
        answer = self.http.post(self.url + path, json=body, timeout=SECONDS)
        answer.raise_for_status()
        return answer.json()

    def get(self, path: str) -> Any:  # noqa: ANN401 (any JSON)
        answer = self.http.get(self.url + path, timeout=SECONDS)
        answer.raise_for_status()
        return answer.json()


def client(api: str) -> type[Client]:
    """The client of an API."""
    found: type[Client] = import_module(f"{__name__}.{api}").CLIENT
    return found


def spoken() -> list[str]:
    """The APIs that have a client: a family's name, and where a family has several what tells them apart."""
    return sorted(module.name for module in iter_modules(__path__))
