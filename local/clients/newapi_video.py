"""A client of new-api's unified video API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.clients import Ask, Client

STATES = {"pending": "pending", "processing": "processing", "completed": "succeeded"}


class VideoClient(Client):
    """/v1/video/{create,query}; it takes no address for callbacks."""

    asks = (
        Ask(
            "video unified",
            "/v1/video/create",
            {"model": "veo3.1-frames", "prompt": "A tram climbs a steep street in the rain", "aspect_ratio": "16:9"},
        ),
    )
    is_told = False

    def create(self, path: str, body: Mapping[str, object], callback_url: str) -> str:
        return str(self.post(path, body)["id"])

    def document(self, path: str, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/v1/video/query?id={task_id}")
        return found

    def progress(self, document: Mapping[str, Any]) -> tuple[str, float]:
        return STATES.get(document["status"], "failed"), float(document["progress"])

    def links(self, document: Mapping[str, Any]) -> list[str]:
        return [document["video_url"]] if document["video_url"] else []


CLIENT = VideoClient
