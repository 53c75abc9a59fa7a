"""A client of OpenAI's videos API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.clients import SECONDS, Ask, Client

STATES = {"queued": "queued", "in_progress": "processing", "completed": "succeeded"}


class VideosClient(Client):
    """/v1/videos; an account's hook is told of all ends, a request names no address."""

    asks = (Ask("video OpenAI", "/v1/videos", {"prompt": "Two otters share an umbrella", "seconds": "4"}),)
    is_told = False

    def create(self, path: str, body: Mapping[str, object], callback_url: str) -> str:
        return str(self.post(path, body)["id"])

    def document(self, path: str, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"{path}/{task_id}")
        return found

    def progress(self, document: Mapping[str, Any]) -> tuple[str, float]:
        return STATES.get(document["status"], "failed"), float(document["progress"])

    def links(self, document: Mapping[str, Any]) -> list[str]:
        if document["status"] != "completed":
            return []
        content = f"{self.url}/v1/videos/{document['id']}/content"
        return [self.http.get(content, timeout=SECONDS, allow_redirects=False).headers["location"]]


CLIENT = VideosClient
