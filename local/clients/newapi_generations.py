"""A client of new-api's route for videos of any vendor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.clients import Ask, Client

STATES = {"NOT_START": "pending", "QUEUED": "queued", "IN_PROGRESS": "processing", "SUCCESS": "succeeded"}


class GenerationsClient(Client):
    """/v1/video/generations; it takes no address for callbacks."""

    asks = (
        Ask(
            "video new-api",
            "/v1/video/generations",
            {"model": "hailuo-02", "prompt": "A lantern drifts down a canal", "duration": 6},
        ),
    )
    is_told = False

    def create(self, path: str, body: Mapping[str, object], callback_url: str) -> str:
        return str(self.post(path, body)["id"])

    def document(self, path: str, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"{path}/{task_id}")["data"]
        return found

    def progress(self, document: Mapping[str, Any]) -> tuple[str, float]:
        return STATES.get(document["status"], "failed"), float(document["progress"].removesuffix("%") or 0)

    def links(self, document: Mapping[str, Any]) -> list[str]:
        return [document["data"]["url"]] if document["data"] else []


CLIENT = GenerationsClient
