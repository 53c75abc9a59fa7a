"""Sora2API's chat route on the path that it shares: what it makes of a conversation, for a relay of ours too."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from openai import OpenAI

from relay.effects.outbound import Outbound
from relay.families import provider
from relay.families.dialect import Told
from relay.families.provider import Order
from relay.families.sora2api.streams import Progress
from relay.families.uses import Record
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole, Medium
from relay.nouns.faults import SENTENCES, Fault
from relay.nouns.task import State, Task
from tests.axes import table
from tests.functional.harness import KEY, simulated
from tests.functional.held_open import HeldOpen, held_open
from tests.functional.test_sora2api import MOVIE, TARGET
from tests.samples import sample

CHAT = "/v1/chat/completions"
PICTURE = f"data:image/png;base64,{b64encode(sample('png')).decode()}"
FILM = Draft("sora2api", "sora2", Kind.VIDEO, "sora2", "a paper boat", "text2video", ratio="9:16", duration=15)
APIS = provider("sora2api").apis
NOW = 1_767_225_630_000


@pytest.fixture(scope="module")
def relay() -> Iterator[HeldOpen]:
    with simulated() as here, held_open(here) as made:
        here.switch_on("sora2api")
        yield made


@pytest.fixture(scope="module")
def client(relay: HeldOpen) -> Iterator[OpenAI]:
    with OpenAI(api_key=KEY, base_url=f"{relay.url}/v1", max_retries=0) as made:
        yield made


def drafts() -> Iterator[tuple[str, Draft]]:
    """What a relay can ask another for, and by which of its APIs."""
    picture = (Medium(MediaRole.IMAGE, PICTURE),)
    film = (Medium(MediaRole.VIDEO, MOVIE),)
    yield "chat", FILM
    yield "chat", replace(FILM, options={"style": "anime"})
    yield "chat", replace(FILM, action="image2video", media=picture)
    yield "chat", replace(FILM, action="remix", options={"remix_target": TARGET})
    yield "chat", replace(FILM, action="storyboard", prompt="[5s]a paper boat [9.5s]it sails")
    drawn = replace(FILM, kind=Kind.IMAGE, model="gpt-image", action="", ratio=None, duration=None, size="540x360")
    yield "chat", drawn
    yield "chat", replace(drawn, media=picture)
    cut = replace(FILM, kind=Kind.CHARACTER, model="sora2-character", action="", prompt="", ratio=None, duration=None)
    yield "chat-characters", replace(cut, media=film)


def test_a_relay_of_ours_is_a_chat_server_to_another(relay: HeldOpen) -> None:
    """What the provider asks for the dialect understands, and what it streams the provider reads."""
    for api, draft in drafts():
        order = Order(draft, Source("sora2api", draft.model, api))
        call = APIS[api].first_step(order).call
        headers = {**call.headers, "authorization": f"Bearer {KEY}"}
        sent = replace(call, url=relay.url + call.url, headers=headers, timeout=20.0)
        with Outbound("loopback").stream(sent) as incoming:
            assert incoming.status == 200
            *before, last = APIS[api].read_stream(incoming.chunks)
            made = relay.here.services.store.tasks.record(relay.here.account_id, incoming.headers["x-task-id"])
        assert made is not None
        task, asked, _ = made
        assert replace(asked, media=()) == replace(draft, media=(), fields={})
        assert [each.role for each in asked.media] == [each.role for each in draft.media]
        assert (last.state, [each.state for each in before if each.state.value != "processing"]) == (task.state, [])
        assert [each.url for each in last.assets] == [each.url for each in task.assets]
        assert (draft.kind is Kind.CHARACTER) == ("character" in last.facts)


def test_every_failure_is_read_as_one() -> None:
    for code in SENTENCES:
        for state in (State.FAILED, State.TIMEOUT):
            task = Task(
                "acc", "id", "sora2api", "sora2", Kind.VIDEO, "sora2", 1, NOW, NOW, state=state, fault=Fault(code)
            )
            running = replace(task, state=State.PROCESSING, fault=None)
            for stands in ([task], [running, task], [replace(running, progress=45.0), task]):
                writer = Progress()
                said = b"".join(writer.write(Told(Record(each, FILM), NOW)) for each in stands)
                last = list(APIS["chat"].read_stream(iter([said])))[-1]
                policy = code == "CONTENT_POLICY_VIOLATION"
                assert (last.state, (last.fault or Fault("")).code == code) == (state, policy or code in usual(state))


def usual(state: State) -> tuple[str, ...]:
    return ("TASK_TIMEOUT",) if state is State.TIMEOUT else ("GENERATION_FAILED",)


def said(content: Any, **fields: Any) -> dict[str, Any]:
    earlier = [{"role": "system", "content": [{"type": "nonsense"}]}, {"role": "assistant", "content": None}]
    messages = [*earlier, {"role": "user", "content": content}]
    return {"model": "sora2-landscape-10s", "messages": messages, "max_tokens": 7, **fields}


def test_the_published_client_watches_a_film_and_waits_for_a_picture(relay: HeldOpen, client: OpenAI) -> None:
    asked = said("a paper boat {anime}")
    chunks = list(client.chat.completions.create(model=asked["model"], messages=asked["messages"], stream=True))
    assert "<video src=" in (chunks[-1].choices[0].delta.content or "")
    drawn = client.chat.completions.create(model="gpt-image", messages=[{"role": "user", "content": "a boat"}])
    assert (drawn.choices[0].message.content or "").startswith("![Generated Image](http")


def test_other_models_are_asked_at_their_own_familys(relay: HeldOpen) -> None:
    before = relay.here.balance
    answer = relay.post(CHAT, said("a sora2 film", model="nothing"))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "model")
    assert relay.here.post(CHAT, said("a boat"))[0] == 404  # by the HTTP API, which streams nothing
    assert relay.here.balance == before


def picture(url: str = PICTURE) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


FILMED = {"type": "video_url", "video_url": {"url": MOVIE}}
TEXT = {"type": "text", "text": "a paper boat"}


@table(
    "body, param",
    [
        (said(""), "messages"),
        (said(None), "messages"),
        (said(7), "messages"),
        (said([]), "messages"),
        (said("{anime}"), "messages"),
        (said("[5s]a [wide]"), "messages"),
        (said([TEXT, {"type": "input_audio"}]), "messages"),
        (said([TEXT, picture(), picture()]), "messages"),
        (said([TEXT, picture("http://127.0.0.1/a.png")]), "messages"),
        (said([TEXT, {"type": "image_url"}]), "messages"),
        (said([TEXT, picture()], image=PICTURE), "image"),
        (said("a boat", image=7), "image"),
        (said("a boat", remix_target_id="s_1"), "remix_target_id"),
        (said("a boat", remix_target_id=7), "remix_target_id"),
        (said("a boat", model="gpt-image", remix_target_id=TARGET), "remix_target_id"),
        (said([TEXT, FILMED], model="gpt-image"), "messages"),
        (said("a boat", model="avatar-create"), "video"),
        ({"model": "gpt-image", "messages": []}, "messages"),
        ({"model": "gpt-image", "messages": "a boat"}, "messages"),
        (said("a boat", stream="yes"), "stream"),
    ],
)
def test_what_is_wrong_is_named_by_the_clients_field_and_costs_nothing(
    relay: HeldOpen, body: dict[str, Any], param: str
) -> None:
    before = relay.here.balance
    answer = relay.post(CHAT, body)
    assert (answer.status_code, answer.json()["error"].get("param")) == (400, param), answer.text
    assert relay.here.balance == before
