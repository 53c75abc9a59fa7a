"""A client of the AI Studio platform's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from local.clients import PERCENT, SECONDS, Ask, Client


class AistudioClient(Client):
    """AI Studio's API: /api/{platform}/{images,videos,music,tasks}."""

    asks = (
        Ask("image", "/api/grok/images", {"prompt": "A lighthouse at dawn, long exposure"}),
        Ask(
            "video polled",
            "/api/dreamina/videos",
            {"action": "text2video", "prompt": "Clouds racing over a wheat field", "duration": 5},
        ),
        Ask(
            "image → video",
            "/api/dreamina/videos",
            {"action": "image2video", "prompt": "The kite climbs and the string sings", "duration": 5},
            picture="A red kite over the dunes",
        ),
        Ask(
            "image refused",
            "/api/grok/images",
            {"prompt": "Something no provider will draw [[submit:refuse]]"},
            refused=True,
        ),
    )

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

    def upload(self, file: BinaryIO) -> str:
        answer = self.http.post(f"{self.url}/api/upload/file", files={"file": file}, timeout=SECONDS)
        answer.raise_for_status()
        return str(answer.json()["data"][0]["url"])

    def with_picture(self, body: Mapping[str, object], url: str) -> Mapping[str, object]:
        return {**body, "image_url": url}


CLIENT = AistudioClient
