"""A client of Kling's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.clients import PERCENT, Ask, Client

STATES = {"submitted": "queued", "processing": "processing", "succeed": "succeeded"}


class KlingClient(Client):
    """/kling/v1/videos/{text2video,image2video}."""

    asks = (
        Ask(
            "video Kling",
            "/kling/v1/videos/text2video",
            {"model_name": "kling-v2-6", "prompt": "A paper dragon wakes on a shelf", "duration": "5"},
        ),
    )

    def create(self, path: str, body: Mapping[str, object], callback_url: str) -> str:
        return str(self.post(path, {"callback_url": callback_url, **body})["data"]["task_id"])

    def document(self, path: str, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"{path}/{task_id}")["data"]
        return found

    def progress(self, document: Mapping[str, Any]) -> tuple[str, float]:
        state = STATES.get(document["task_status"], "failed")
        return state, PERCENT.get(state, 100.0)

    def links(self, document: Mapping[str, Any]) -> list[str]:
        return [video["url"] for video in document.get("task_result", {}).get("videos", [])]

    def is_end(self, document: Mapping[str, Any]) -> bool:
        return document["task_status"] in ("succeed", "failed")


CLIENT = KlingClient
