"""What the run asks of a language model: one streamed chat, as any OpenAI client would hold it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import requests

from local.relayed import LocalRelay
from relay.nouns.task import State, Task

MODEL = "gpt-4o-mini"
PROMPT = "Why do lighthouses blink? One sentence."
SECONDS = 30.0


@dataclass(frozen=True)
class Chat:
    """What came: the words, in how many pieces, the seconds to the first and to the last, and the call's record."""

    words: str
    pieces: int
    first: float
    last: float
    task: Task

    @property
    def good(self) -> bool:
        return self.pieces > 1 and self.task.state is State.SUCCEEDED and bool(self.task.used)


def chat(relay: LocalRelay) -> Chat:
    began, first, words = time.monotonic(), 0.0, list[str]()
    body = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}], "stream": True}
    for event in _events(relay, body):
        for choice in event["choices"]:
            if text := choice["delta"].get("content"):
                first = first or time.monotonic() - began
                words.append(text)
    last = time.monotonic() - began
    return Chat("".join(words), len(words), first, last, _record(relay))


def _events(relay: LocalRelay, body: dict[str, object]) -> Iterator[dict[str, list[dict[str, dict[str, str]]]]]:
    key = {"authorization": f"Bearer {relay.demo.api_key}"}
    url = f"{relay.url}/v1/chat/completions"
    with requests.post(url, json=body, headers=key, stream=True, timeout=SECONDS) as answer:
        answer.raise_for_status()
        for line in answer.iter_lines():
            if line.startswith(b"data: {"):
                yield json.loads(line[6:])


def _record(relay: LocalRelay) -> Task:
    """The newest model call of the account."""
    tasks = relay.deployment.store.tasks.since(relay.demo.account_id, "0")
    return next(task for task in tasks if task.model == MODEL)
