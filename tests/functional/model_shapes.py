"""What is asked in each shape of model calls, as a table: requests, and where answers hold what tests look at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from openai._streaming import SSEDecoder
from requests import Response

from relay.nouns.wire import Json

LONG = "once upon a time " * 400  # is told as cached in part
CACHED = [{"type": "text", "text": "Be brief. " * 40, "cache_control": {"type": "ephemeral"}}]
SAID = [{"role": "user", "content": "$prompt"}]
GEMINI, CONTENT = "/v1beta/models/gemini-3.8-flash", {"contents": [{"parts": [{"text": "$prompt"}]}]}


@dataclass(frozen=True)
class Case:
    """A request in a shape: plain, and as a stream at `stream`, if there is one, with `asks` in its body."""

    shape: str
    path: str
    body: Mapping[str, Json]
    stream: str = ""
    asks: Mapping[str, Json] = field(default_factory=lambda: {"stream": True})
    usage: tuple[str, ...] = ("usage",)

    @property
    def ways(self) -> list[tuple[str, dict[str, Json]]]:
        """The paths and bodies of both."""
        return [(self.path, dict(self.body))] + ([(self.stream, {**self.body, **self.asks})] if self.stream else [])


def _same(shape: str, path: str, body: Mapping[str, Json]) -> Case:
    return Case(shape, path, body, stream=path)


def _content(name: str, stream: str) -> Case:
    return Case(name, f"{GEMINI}:generateContent", CONTENT, f"{stream}:streamGenerateContent", {}, ("usageMetadata",))


STREAMED = (
    _same("chat", "/v1/chat/completions", {"model": "gpt-4o-mini", "messages": SAID}),
    _same("completions", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "$prompt", "n": 2}),
    _same("responses", "/v1/responses", {"model": "gpt-4o-mini", "input": "$prompt"}),
    _same(
        "messages",
        "/v1/messages",
        {"model": "claude-sonnet-5-5", "max_tokens": 100, "messages": SAID, "system": CACHED},
    ),
    Case(
        "events of contents",
        f"{GEMINI}:generateContent",
        CONTENT,
        f"{GEMINI}:streamGenerateContent?alt=sse",
        {},
        ("usageMetadata",),
    ),
    _content("an array of contents", GEMINI.replace("v1beta", "v1")),
)
WHOLE = (
    Case("embeddings", "/v1/embeddings", {"model": "text-embedding-3-small", "input": "$prompt", "dimensions": 4}),
    Case(
        "rerank",
        "/v1/rerank",
        {"model": "jina-reranker-v2-base-multilingual", "query": "$prompt", "documents": ["boat", "can", "kite"] * 9},
    ),
    Case("moderations", "/v1/moderations", {"input": "$prompt"}),
)
CASES = (*STREAMED, *WHOLE)


def asking(body: Json, prompt: str) -> Json:
    """The body with this prompt."""
    return json.loads(json.dumps(body).replace('"$prompt"', json.dumps(prompt)))


def documents(answer: Response) -> list[Any]:
    """Of a stream the documents of its events as a published decoder reads them, or the members of its array."""
    if answer.headers["content-type"].startswith("application/json"):
        told = answer.json()
        return told if isinstance(told, list) else [told]
    events = SSEDecoder().iter_bytes(iter([answer.content]))  # of OpenAI's client
    read = [(event.event, json.loads(event.data)) for event in events if event.data != "[DONE]"]
    assert [name for name, document in read if name != document.get("type") and name is not None] == []
    return [document for _, document in read]


def usage_of(case: Case, told: list[Any]) -> Any:
    """What was used, where the shape tells it last."""
    for document in reversed(told):
        for holder in (document, document.get("response") or {}):
            if isinstance(holder.get(case.usage[0]), dict):
                return holder[case.usage[0]]
    return None


def error_of(document: Any) -> tuple[str, Any]:
    """The shape an error is in, and its word for what is wrong."""
    error = document["error"]
    if set(document) == {"type", "error"} and set(error) == {"type", "message"}:
        return "claude", error["type"]
    if set(error) == {"code", "message", "status"}:
        return "google", error["status"]
    assert set(error) == {"message", "type", "param", "code"}
    return "openai", error["code"]


def speaks(case: Case) -> str:
    """Whose errors a shape has."""
    return {"messages": "claude"}.get(case.shape) or ("google" if "contents" in case.shape else "openai")
