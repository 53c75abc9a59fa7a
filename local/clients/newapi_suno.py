"""A client of Suno's API at a new-api aggregator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.clients import Ask, Client

STATES = {"NOT_START": "pending", "QUEUED": "queued", "IN_PROGRESS": "processing", "SUCCESS": "succeeded"}


class SunoClient(Client):
    """/suno/submit/{music,lyrics}; it takes no address for callbacks."""

    asks = (
        Ask("song", "/suno/submit/music", {"mv": "chirp-v5", "gpt_description_prompt": "A waltz for two trams"}),
        Ask("lyrics", "/suno/submit/lyrics", {"prompt": "Rain on a tin roof, and nobody home"}),
    )
    is_told = False

    def create(self, path: str, body: Mapping[str, object], callback_url: str) -> str:
        return str(self.post(path, body)["data"])

    def document(self, path: str, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/suno/fetch/{task_id}")["data"]
        return found

    def progress(self, document: Mapping[str, Any]) -> tuple[str, float]:
        return STATES.get(document["status"], "failed"), float(document["progress"].removesuffix("%") or 0)

    def links(self, document: Mapping[str, Any]) -> list[str]:
        return [clip["audio_url"] for clip in document["data"] or []] if document["action"] == "MUSIC" else []

    def words(self, document: Mapping[str, Any]) -> str:
        return str(document["data"]["text"]) if document["action"] == "LYRICS" and document["data"] else ""


CLIENT = SunoClient
