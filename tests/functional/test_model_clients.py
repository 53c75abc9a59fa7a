"""Model calls as the published clients of OpenAI, Anthropic and Google make and read them, over HTTP."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from anthropic import Anthropic
from google import genai
from google.genai import errors as google_errors
from google.genai import types as google_types
from openai import OpenAI
from pydantic import BaseModel

from tests import node
from tests.functional.harness import KEY
from tests.functional.streaming import Line, streaming

GPT, CLAUDE, GEMINI = "gpt-4o-mini", "claude-sonnet-5-5", "gemini-3.8-flash"
ASKED = "What is the weather in Kraków?"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
BROKEN, BUSY = "[[inference:cut]] a kite", "[[inference:status=503]] a kite"
MUTE = "[[inference:no-usage]] a kite"

LITELLM = Path(__file__).parents[2] / ".venv/litellm"  # it pins other versions than ours
LITELLMS_WORK = """
import json, sys
import litellm
url, key = sys.argv[1:]
said = [{"role": "user", "content": "Tell me of boats."}]
gpt = {"model": "openai/gpt-4o-mini", "api_base": url + "/v1", "messages": said, "num_retries": 0}
plain = litellm.completion(api_key=key, **gpt)
chunks = litellm.completion(api_key=key, stream=True, stream_options={"include_usage": True}, **gpt)
whole = litellm.stream_chunk_builder(list(chunks))
claude = litellm.completion(
    model="anthropic/claude-sonnet-5-5", api_base=url, api_key=key, messages=said, max_tokens=200, num_retries=0
)
try:
    refused = litellm.completion(api_key="sk-EXAMPLE-nobody", **gpt)
except Exception as error:
    refused = type(error).__name__
read = [[each.choices[0].message.content, each.usage.total_tokens] for each in (plain, whole, claude)]
print(json.dumps([*read, refused]))
"""


class Weather(BaseModel):
    city: str
    days: int


@pytest.fixture(scope="module")
def relay() -> Iterator[Line]:
    with streaming() as made:
        yield made


def openais(relay: Line, key: str = KEY) -> OpenAI:
    return OpenAI(api_key=key, base_url=f"{relay.url}/v1", max_retries=0)


def anthropics(relay: Line, key: str = KEY) -> Anthropic:
    return Anthropic(api_key=key, base_url=relay.url, max_retries=0)


def googles(relay: Line, key: str = KEY, headers: dict[str, str] | None = None) -> genai.Client:
    return genai.Client(api_key=key, http_options=google_types.HttpOptions(base_url=relay.url, headers=headers))


def said(prompt: str) -> Any:
    return [{"role": "user", "content": prompt}]


def test_openais_client_chats_plain_and_streamed_with_tools_and_in_a_schema(relay: Line) -> None:
    tool: Any = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
    with openais(relay) as client:
        plain = client.chat.completions.create(model=GPT, messages=said(ASKED))
        assert plain.choices[0].message.content
        assert plain.usage
        assert plain.usage.total_tokens > 0
        with client.chat.completions.stream(model=GPT, messages=said(ASKED), tools=[tool]) as stream:
            calls = stream.get_final_completion().choices[0].message.tool_calls
        assert calls
        (call,) = calls
        assert (call.function.name, set(json.loads(call.function.arguments))) == ("get_weather", {"city", "days"})
        parsed = client.chat.completions.parse(model=GPT, messages=said(ASKED), response_format=Weather)
        assert parsed.choices[0].message.parsed
        chunks = client.chat.completions.create(
            model=GPT, messages=said(ASKED), stream=True, stream_options={"include_usage": True}
        )
        assert [each.usage for each in chunks][-1] == plain.usage


def test_openais_client_asks_for_responses_embeddings_moderations_and_completions(relay: Line) -> None:
    with openais(relay) as client:
        plain = client.responses.create(model=GPT, input=ASKED)
        assert plain.output_text
        with client.responses.stream(model=GPT, input=ASKED) as stream:
            texts = [event.delta for event in stream if event.type == "response.output_text.delta"]
            final = stream.get_final_response()
        assert ("".join(texts), final.usage) == (plain.output_text, plain.usage)
        vectors = client.embeddings.create(model="text-embedding-3-small", input=["a", "b"], dimensions=8)
        assert [len(each.embedding) for each in vectors.data] == [8, 8]
        assert client.moderations.create(input="a murder").results[0].flagged
        text = client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Once", max_tokens=20)
        assert text.choices[0].text
        assert GPT in [each.id for each in client.models.list()]


def test_what_goes_wrong_raises_openais_own_exceptions(relay: Line) -> None:
    with openais(relay, "sk-EXAMPLE-nobody") as stranger, pytest.raises(openai.AuthenticationError):
        stranger.chat.completions.create(model=GPT, messages=said(ASKED))
    with openais(relay) as client:
        for model in ("no-such", "gpt-0"):
            with pytest.raises(openai.BadRequestError, match="must be one of"):
                client.responses.create(model=model, input=ASKED)
        with pytest.raises(openai.InternalServerError, match="no upstream"):
            client.chat.completions.create(model=GPT, messages=said(BUSY), stream=True)
        with pytest.raises(openai.APIError, match="broke off"):
            for _ in client.chat.completions.create(model=GPT, messages=said(BROKEN), stream=True):
                pass
        (*_, last) = client.responses.create(model=GPT, input=BROKEN, stream=True)
        assert last.type == "response.failed"
        assert last.response.error
        assert "broke off" in last.response.error.message


def test_anthropics_client_asks_plain_and_streamed_and_with_tools(relay: Line) -> None:
    tool: Any = {"name": "get_weather", "input_schema": SCHEMA}
    with anthropics(relay) as client:
        plain = client.messages.create(model=CLAUDE, max_tokens=200, messages=said("Tell me of boats."))
        with client.messages.stream(model=CLAUDE, max_tokens=200, messages=said("Tell me of boats.")) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        assert (text, final.usage.output_tokens) == (plain.content[0].text, plain.usage.output_tokens)  # type: ignore[union-attr]
        assert final.usage.input_tokens == plain.usage.input_tokens
        with client.messages.stream(model=CLAUDE, max_tokens=200, messages=said(ASKED), tools=[tool]) as stream:
            (used,) = stream.get_final_message().content
        assert (used.type, used.name) == ("tool_use", "get_weather")  # type: ignore[union-attr]
        assert CLAUDE in [each.id for each in client.models.list()]
        assert client.models.retrieve(CLAUDE).type == "model"
        with client.messages.stream(model=CLAUDE, max_tokens=200, messages=said(MUTE)) as stream:
            counted = stream.get_final_message().usage
        assert min(counted.input_tokens, counted.output_tokens) > 0


def test_what_goes_wrong_raises_anthropics_own_exceptions(relay: Line) -> None:
    asked: Any = {"max_tokens": 200, "messages": said(ASKED)}
    with anthropics(relay, "sk-EXAMPLE-nobody") as stranger, pytest.raises(anthropic.AuthenticationError):
        stranger.messages.create(model=CLAUDE, **asked)
    with anthropics(relay) as client:
        with pytest.raises(anthropic.BadRequestError, match="must be one of"):
            client.messages.create(model="no-such", **asked)
        with pytest.raises(anthropic.NotFoundError):
            client.models.retrieve("no-such")
        with pytest.raises(anthropic.InternalServerError, match="overloaded_error"):
            client.messages.create(model=CLAUDE, max_tokens=200, messages=said(BUSY))
        with (
            pytest.raises(anthropic.APIStatusError, match="broke off"),
            client.messages.stream(model=CLAUDE, max_tokens=200, messages=said(BROKEN)) as stream,
        ):
            stream.until_done()


def test_googles_client_asks_plain_and_streamed_and_with_tools(relay: Line) -> None:
    tool: Any = {"function_declarations": [{"name": "get_weather", "parameters_json_schema": SCHEMA}]}
    for headers in (None, {"x-show-cost": "1"}):
        with googles(relay, headers=headers) as client:
            plain = client.models.generate_content(model=GEMINI, contents="Tell me of boats.")
            chunks = list(client.models.generate_content_stream(model=GEMINI, contents="Tell me of boats."))
            assert "".join(each.text or "" for each in chunks) == plain.text
            used, last = plain.usage_metadata, chunks[-1].usage_metadata
            assert used
            assert last
            assert (last.candidates_token_count, len(chunks) > 1) == (used.candidates_token_count, True)
    with googles(relay) as client:
        config = google_types.GenerateContentConfig(tools=[tool])
        calls = client.models.generate_content(model=GEMINI, contents=ASKED, config=config).function_calls
        assert calls
        assert [call.name for call in calls] == ["get_weather"]
        assert f"models/{GEMINI}" in [each.name for each in client.models.list()]
        assert client.models.get(model=GEMINI).output_token_limit == 65536


def test_what_goes_wrong_raises_googles_own_exceptions(relay: Line) -> None:
    with googles(relay, "sk-EXAMPLE-nobody") as stranger, pytest.raises(google_errors.ClientError) as refused:
        stranger.models.generate_content(model=GEMINI, contents=ASKED)
    assert (refused.value.code, refused.value.status) == (401, "UNAUTHENTICATED")
    with googles(relay) as client:
        with pytest.raises(google_errors.ClientError) as unknown:
            client.models.generate_content(model="no-such", contents=ASKED)
        assert (unknown.value.code, unknown.value.status) == (400, "INVALID_ARGUMENT")
        with pytest.raises(google_errors.ServerError):
            client.models.generate_content(model=GEMINI, contents=BUSY)
        with pytest.raises(google_errors.ServerError) as broken:
            for _ in client.models.generate_content_stream(model=GEMINI, contents=BROKEN):
                pass
        assert broken.value.status == "UNAVAILABLE"


@node.needs_node
def test_openais_node_client_streams_a_chat_with_tools_and_responses(relay: Line) -> None:
    seen = node.result(node.start("models.cjs", {"url": relay.url, "key": KEY}))
    assert (seen["name"], set(seen["arguments"]), seen["tokens"] > 0) == ("get_weather", {"city"}, True)
    assert (seen["text"], seen["last"]) == (seen["whole"], "response.completed")
    assert seen["refused"] == "AuthenticationError"


@pytest.mark.skipif(
    not (LITELLM / ".ready").exists(), reason="no LiteLLM here: run `make test`, which installs it where it can be had"
)
def test_litellm_uses_it_as_an_upstream_of_openais_shape_and_of_anthropics(relay: Line) -> None:
    done = subprocess.run(
        [LITELLM / "bin/python", "-c", LITELLMS_WORK, relay.url, KEY],
        env={"LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    plain, streamed, claude, refused = json.loads(done.stdout.splitlines()[-1])
    assert plain == streamed
    assert claude[0]
    assert claude[1] > 0
    assert refused == "AuthenticationError"
