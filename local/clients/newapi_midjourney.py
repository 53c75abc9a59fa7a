"""A client of Midjourney's API at a new-api aggregator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.clients import Ask, Client

STATES = {"NOT_START": "pending", "SUBMITTED": "queued", "IN_PROGRESS": "processing", "SUCCESS": "succeeded"}


class MidjourneyClient(Client):
    """/mj/submit/imagine; the picture is seen by the link in its task, without a key."""

    asks = (
        Ask("image MJ", "/mj/submit/imagine", {"prompt": "A glass whale above a harbour --ar 3:2", "state": "run"}),
    )

    def create(self, path: str, body: Mapping[str, object], callback_url: str) -> str:
        return str(self.post(path, {"notifyHook": callback_url, **body})["result"])

    def document(self, path: str, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/mj/task/{task_id}/fetch")
        return found

    def progress(self, document: Mapping[str, Any]) -> tuple[str, float]:
        return STATES.get(document["status"], "failed"), float(document["progress"].removesuffix("%") or 0)

    def links(self, document: Mapping[str, Any]) -> list[str]:
        return [document["imageUrl"]] if document["imageUrl"] else []

    def told_of(self, document: Mapping[str, Any]) -> str:
        return str(document["id"])

    def is_end(self, document: Mapping[str, Any]) -> bool:
        return document["status"] in ("SUCCESS", "FAILURE")


CLIENT = MidjourneyClient
