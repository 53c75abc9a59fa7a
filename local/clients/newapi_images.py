"""A client of OpenAI's images API that would rather ask again than wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.clients import Ask, Client

STATES = {"queued": "queued", "in_progress": "processing", "completed": "succeeded"}


class ImagesClient(Client):
    """/v1/images/generations as a task."""

    asks = (
        Ask(
            "image OpenAI",
            "/v1/images/generations",
            {"model": "flux-dev", "prompt": "A teapot that dreams of the sea", "size": "1024x1024"},
        ),
    )

    def create(self, path: str, body: Mapping[str, object], callback_url: str) -> str:
        return str(self.post(path, {"async": True, "callback_url": callback_url, **body})["id"])

    def document(self, path: str, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"{path}/{task_id}")
        return found

    def progress(self, document: Mapping[str, Any]) -> tuple[str, float]:
        return STATES.get(document["status"], "failed"), float(document["progress"])

    def links(self, document: Mapping[str, Any]) -> list[str]:
        return [picture["url"] for picture in document.get("data", [])]

    def told_of(self, document: Mapping[str, Any]) -> str:
        return str(document["id"])


CLIENT = ImagesClient
