"""The lines of a stream, each with the seconds before it; what goes wrong in one, where a fault says so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import count

from local.upstreams.faults import Fault
from local.upstreams.jobs import FOREVER, Job
from relay.nouns.draft import Kind
from relay.nouns.wire import Json

Line = tuple[float, bytes]
STEPS = 4  # reports of how far it is
HEARTBEAT = 10.0  # seconds between two reports of what never ends
DONE, MALFORMED = b"data: [DONE]\n\n", b"data: [DONE]\\n\\n"
PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
CROSS = "\N{CROSS MARK}"
POLICY = f"{CROSS} **Content Policy Violation**\n\nThis prompt breaks our content policies."
BUSY = f"{CROSS} **Generation Failed**\n\nCloudflare answered 429."


def of(job: Job, facts: Mapping[str, Json], fault: Fault | None) -> Iterator[Line]:
    name = fault.name if fault else ""
    if name == "html":
        return iter([(0.0, PAGE)])
    if name == "busy":
        return iter([(0.0, chunk(content=BUSY, finish="STOP")), (0.0, MALFORMED)])
    if name == "endless" or job.done_at == FOREVER:
        return _endless()
    return _whole(job, facts, name)


def _whole(job: Job, facts: Mapping[str, Json], fault: str) -> Iterator[Line]:
    step = (job.done_at - job.created) / (STEPS + 1)
    yield 0.0, chunk(reasoning="Generation begins.\n")
    for number in range(1, STEPS + 1):
        yield step, chunk(reasoning=f"Progress: {100 * number / (STEPS + 1):.1f}%\n")
    last = _last(job, facts)
    if fault == "cut":
        yield step, last[: len(last) // 2]
        return
    yield step, last
    yield 0.0, MALFORMED if fault == "malformed" else DONE


def _endless() -> Iterator[Line]:
    return ((HEARTBEAT, chunk(reasoning=f"Still at it ({number}).\n")) for number in count())


def _last(job: Job, facts: Mapping[str, Json]) -> bytes:
    if job.failure == "refuse":
        return chunk(content=POLICY, finish="STOP")
    if job.failure:
        error = {
            "message": "Generation failed: the upstream lost it",
            "type": "server_error",
            "param": None,
            "code": None,
        }
        return event({"error": error})
    return chunk(content=_content(job, facts), finish="STOP")


def _content(job: Job, facts: Mapping[str, Json]) -> str:
    if job.request.kind is Kind.CHARACTER:
        return f"{json.dumps({'event': 'character_card', 'card': facts['character']})}\nCreated."
    if job.request.kind is Kind.IMAGE:
        return "\n".join(f"![Generated Image]({url})" for url in job.urls)
    return f"```html\n<video src='{job.urls[0]}' controls></video>\n```"


def chunk(content: str | None = None, reasoning: str | None = None, finish: str | None = None) -> bytes:
    delta = {"content": content, "reasoning_content": reasoning, "tool_calls": None}
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "native_finish_reason": finish}
    return event({"object": "chat.completion.chunk", "model": "sora", "choices": [choice]})


def event(document: Json) -> bytes:
    return f"data: {json.dumps(document)}\n\n".encode()
