"""A client of a Sora2API server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.clients import Ask, Client

STATES = {"processing": "processing", "completed": "succeeded"}


class Sora2apiClient(Client):
    """/v1/videos/generate; an account's hook is told of all ends, a request names no address."""

    asks = (
        Ask(
            "video Sora2API",
            "/v1/videos/generate",
            {"prompt": "A snail crosses a chessboard at noon", "model": "sora2-portrait-10s", "style": "retro"},
        ),
    )
    is_told = False

    def create(self, path: str, body: Mapping[str, object], callback_url: str) -> str:
        return str(self.post(path, {"async_mode": True, **body})["task_id"])

    def document(self, path: str, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/v1/tasks/{task_id}")
        return found

    def progress(self, document: Mapping[str, Any]) -> tuple[str, float]:
        return STATES.get(document["status"], "failed"), float(document["progress"])

    def links(self, document: Mapping[str, Any]) -> list[str]:
        return list(document["result_urls"] or [])


CLIENT = Sora2apiClient
