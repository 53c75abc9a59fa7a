"""A client of the relay platform's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.clients import PERCENT, Client


class AistudioClient(Client):
    """The relay platform's API: /api/{platform}/{images,videos,music,tasks}."""

    def create(self, path: str, body: Mapping[str, object], callback_url: str) -> str:
        return str(self.post(path, {"callback_url": callback_url, **body})["task_id"])

    def document(self, path: str, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.post(f"{path.rpartition('/')[0]}/tasks", {"task_id": task_id})
        return found

    def progress(self, document: Mapping[str, Any]) -> tuple[str, float]:
        return document["status"], PERCENT.get(document["status"], 100.0)

    def links(self, document: Mapping[str, Any]) -> list[str]:
        video = document.get("video")
        assets = [*document.get("images", []), *document.get("music", []), *([video] if video else [])]
        return [asset["url"] for asset in assets]


CLIENT = AistudioClient
