"""A client of KIE's 4o image API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.clients import PERCENT, Ask, Client


class KieClient(Client):
    """KIE's 4o image API: /api/v1/gpt4o-image/{generate,record-info}."""

    asks = (
        Ask("image KIE", "/api/v1/gpt4o-image/generate", {"prompt": "A paper boat on a quiet canal", "size": "3:2"}),
    )

    def create(self, path: str, body: Mapping[str, object], callback_url: str) -> str:
        return str(self.post(path, {"callBackUrl": callback_url, **body})["data"]["taskId"])

    def document(self, path: str, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"{path.rpartition('/')[0]}/record-info?taskId={task_id}")["data"]
        return found

    def progress(self, document: Mapping[str, Any]) -> tuple[str, float]:
        state = {0: "processing", 1: "succeeded"}.get(document["successFlag"], "failed")
        return state, max(float(document["progress"]) * 100, PERCENT.get(state, 100.0))

    def links(self, document: Mapping[str, Any]) -> list[str]:
        return list((document["response"] or {}).get("resultUrls") or [])

    def told_of(self, document: Mapping[str, Any]) -> str:
        return str(document["data"]["taskId"])


CLIENT = KieClient
