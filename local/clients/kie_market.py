"""A client of the Market, which makes any of its models by one call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.clients import PERCENT, Ask, Client

STATES = {"waiting": "pending", "queuing": "queued", "generating": "processing", "success": "succeeded"}


class MarketClient(Client):
    """/api/v1/jobs/{createTask,recordInfo}; a body's fields but its model are the model's input."""

    asks = (
        Ask(
            "image Market",
            "/api/v1/jobs/createTask",
            {"model": "nano-banana-pro", "prompt": "A fox reads a map by torchlight", "aspect_ratio": "16:9"},
        ),
    )

    def create(self, path: str, body: Mapping[str, object], callback_url: str) -> str:
        given = {name: value for name, value in body.items() if name != "model"}
        order = {"model": body["model"], "callBackUrl": callback_url, "input": given}
        return str(self.post(path, order)["data"]["taskId"])

    def document(self, path: str, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"{path.rpartition('/')[0]}/recordInfo?taskId={task_id}")["data"]
        return found

    def progress(self, document: Mapping[str, Any]) -> tuple[str, float]:
        state = STATES.get(document["state"], "failed")
        return state, max(float(document["progress"]), PERCENT.get(state, 100.0))

    def links(self, document: Mapping[str, Any]) -> list[str]:
        return list(json.loads(document["resultJson"] or "{}").get("resultUrls", []))

    def told_of(self, document: Mapping[str, Any]) -> str:
        return str(document["data"]["taskId"])


CLIENT = MarketClient
