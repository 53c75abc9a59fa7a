"""Calls that hold the line open, through the whole stack: the front, the stream function's own process, the ledger."""

from __future__ import annotations

import base64
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import requests
from openai import OpenAI
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam

from relay.nouns.media import sniff
from relay.nouns.money import nanos
from relay.nouns.task import State, Task
from tests import node
from tests.e2e.tenant import PATIENCE, Tenant, until
from tests.samples import sample

pytestmark = pytest.mark.stack

MODEL = "gpt-4o-mini"
PAID = nanos(100)  # into a tenant's account
PARAMETERS: dict[str, object] = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": PARAMETERS},
}


def calls(tenant: Tenant) -> list[Task]:
    """What the tenant pays for, newest first."""
    return list(tenant.relay.deployment.store.tasks.since(tenant.account.account_id, "0"))


def stream_process() -> int:
    """The id of the one process that serves this test's stack: it is a child of a child of ours."""
    children = [int(each.name) for each in Path("/proc").glob("[0-9]*") if b"stream:app" in command_of(each)]
    (found,) = (pid for pid in children if os.getpid() in ancestors(pid))
    return found


def command_of(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def ancestors(pid: int) -> list[int]:
    found = list[int]()
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        found.append(pid)
    return found


def test_openais_client_streams_a_chat_through_the_one_address_and_pays_once(tenant: Tenant) -> None:
    with OpenAI(api_key=tenant.account.api_key, base_url=f"{tenant.relay.url}/v1", max_retries=0) as client:
        events = client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Why do lighthouses blink?"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        *_, last = list(events)
    (call,) = calls(tenant)
    assert last.usage
    assert (call.state, call.tokens) == (State.SUCCEEDED, last.usage.total_tokens)
    assert (tenant.balance, tenant.drift) == (PAID - (call.used or 0), 0)


def test_a_killed_process_charges_nothing_and_holds_what_it_reserved_for_the_clock(tenant: Tenant) -> None:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "[[inference:endless]]"}], "stream": True}
    with tenant.send("POST", "/v1/chat/completions", json=body, stream=True) as answer:
        pieces = answer.iter_content(64)
        assert next(pieces).startswith(b"data: ")
        os.kill(stream_process(), signal.SIGKILL)
        with pytest.raises(requests.RequestException):
            list(pieces)
    (call,) = calls(tenant)
    assert (call.state, call.due_at) == (State.PROCESSING, call.expires_at)
    assert (tenant.balance, tenant.drift) == (PAID - call.price, 0)
    assert until(lambda: answered(tenant), PATIENCE, lambda: "no new process answers")


def answered(tenant: Tenant) -> str | None:
    """What a model says; None where nobody answers."""
    said = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}]}
    answer = tenant.send("POST", "/v1/chat/completions", json=said)
    return answer.text if answer.ok else None


def test_the_stream_function_logs_and_counts_as_the_others_do(
    tenant: Tenant, tmp_path_factory: pytest.TempPathFactory
) -> None:
    logs = tmp_path_factory.getbasetemp().glob("relay[0-9]*/functions.log")
    log = max(logs, key=lambda each: each.stat().st_mtime)  # each file of tests has a relay of its own

    def said(about: str) -> str | None:
        lines = (line for line in log.read_text().splitlines() if "Stream" in line and about in line)
        return next(lines, None)

    body = {"model": "gpt-5.2", "messages": [{"role": "user", "content": "hidden words [[submit:http-502=9]]"}]}
    assert tenant.send("POST", "/v1/chat/completions", json=body).status_code == 503
    line = until(lambda: said("model call not answered"), PATIENCE, lambda: "nothing logged")
    assert json.loads(line[line.index("{") :])["upstream"] == "newapi"
    assert until(lambda: said("LineFailed"), PATIENCE, lambda: "nothing counted")
    assert said("hidden words") is None


def test_openais_python_client_gets_all_that_holds_the_line_open(tenant: Tenant) -> None:
    said: list[ChatCompletionMessageParam] = [{"role": "user", "content": "What is the weather in Bergen?"}]
    with OpenAI(api_key=tenant.account.api_key, base_url=f"{tenant.relay.url}/v1", max_retries=0) as client:
        with client.chat.completions.stream(model=MODEL, messages=said, tools=[WEATHER]) as events:
            called = events.get_final_completion().choices[0].message.tool_calls
        pictures = client.images.generate(model="flux-dev", prompt="a boat")
        seen = {
            "tool": called[0].function.name if called else "",
            "chat": client.chat.completions.create(model=MODEL, messages=said).choices[0].message.content,
            "response": client.responses.create(model=MODEL, input="Tell me of boats.").output_text,
            "picture": str((pictures.data or [])[0].url),
            "speech": client.audio.speech.create(model="tts-1", voice="nova", input="Hello.").content[:3].hex(),
            "heard": client.audio.transcriptions.create(model="whisper-1", file=("talk.mp3", sample("mp3"))).text,
            "numbers": len(client.embeddings.create(model="text-embedding-3-small", input="a boat").data[0].embedding),
        }
    check(tenant, seen)


@node.needs_node
def test_openais_node_client_gets_all_that_holds_the_line_open(tenant: Tenant) -> None:
    sound = base64.b64encode(sample("mp3")).decode()
    given = {"url": tenant.relay.url, "key": tenant.account.api_key, "sound": sound}
    check(tenant, node.result(node.start("everything.cjs", given)))


def check(tenant: Tenant, seen: dict[str, Any]) -> None:
    """Each is there, the file can be fetched, and what it all cost is on the ledger."""
    assert (seen["tool"], seen["speech"]) == ("get_weather", b"ID3".hex())
    assert all((seen["chat"], seen["response"], seen["heard"], seen["numbers"]))
    assert sniff(requests.get(seen["picture"], timeout=10).content)
    spent = sum(task.price if task.used is None else task.used * (task.unit_price or 1) for task in calls(tenant))
    assert (tenant.balance, tenant.drift) == (PAID - spent, 0)
