"""What AI Hub's clients send and read."""

from __future__ import annotations

import json
from typing import Any

import requests

from relay.nouns.wire import Json
from tests.functional.streaming import Line

CHAT, STREAM, MODELS = "/api/v1/chat/completions", "/api/v1/chat/stream", "/api/v1/chat/models"


def asked(prompt: str, model: str = "gpt-4o-mini", **fields: Json) -> dict[str, Json]:
    return {"model": model, "messages": [{"role": "user", "content": prompt}], **fields}


def events_of(answer: requests.Response) -> list[Any]:
    """The documents of a stream that ends as it should."""
    *said, done, rest = answer.content.decode().split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return [json.loads(each.removeprefix("data: ")) for each in said if not each.startswith(":")]


def text_of(events: list[Any]) -> str:
    return "".join(event["choices"][0]["delta"].get("content") or "" for event in events if event.get("choices"))


def error_of(answer: requests.Response) -> tuple[int, str, str, str | None]:
    document = answer.json()
    assert document.keys() == {"success", "error"}
    assert document["success"] is False
    error = document["error"]
    assert error["message"]
    return answer.status_code, error["type"], error["code"], error["details"].get("field")


def arrived(relay: Line, prompt: str) -> dict[str, int]:
    """How often each upstream was asked."""
    return {name: relay.upstreams[name].book.arrived[prompt] for name in ("newapi", "aihub")}
