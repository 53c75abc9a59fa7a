"""Sora2API's chat route: what its streams come to, wherever the network cuts them, and what it is asked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from relay.families import provider
from relay.families.provider import Order
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole, Medium
from relay.nouns.errors import Refused
from relay.nouns.faults import Fault
from relay.nouns.task import TERMINAL, Asset, Observation, State
from tests.axes import table
from tests.contract.parts import ROOT

APIS = provider("sora2api").apis
STREAMS = {path.stem: path.read_bytes() for path in (ROOT / "tests/fixtures/sora2api/streams").glob("*.txt")}
FILM = (Asset("https://files.example/tmp/0123456789abcdef.mp4"),)
PICTURES = tuple(Asset(f"https://files.example/tmp/{name}.png") for name in "ab")
CARD = {
    "username": "paperboat123",
    "display_name": "Paper Boat",
    "character_id": "ch_demo_1",
    "cameo_id": "ca_demo_1",
    "source_model": "sora2",
    "created_at": "2026-01-01T08:00:00",
}


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


def read(name: str, api: str = "chat", size: int = 7) -> list[Observation]:
    return list(APIS[api].read_stream(pieces(STREAMS[name], size)))


@table("size", [1, 7, 4096, 1 << 20])
def test_a_film_is_found_at_the_end_wherever_the_stream_is_cut(size: int) -> None:
    *before, last = read("video", size=size)
    assert [seen.progress for seen in before] == [12.5, 45.0, 90.0]
    assert last == Observation(State.SUCCEEDED, progress=100.0, assets=FILM)


@table("name, assets", [("images", PICTURES), ("bare", FILM), ("retried", FILM)])
def test_results_are_found_in_whichever_form(name: str, assets: tuple[Asset, ...]) -> None:
    *before, last = read(name)
    assert last == Observation(State.SUCCEEDED, progress=100.0, assets=assets)
    assert [seen.progress for seen in before] == sorted(seen.progress for seen in before)


def test_a_text_of_pictures_that_never_end_takes_no_time() -> None:
    event = {"choices": [{"delta": {"content": "![](" * 60_000}, "finish_reason": "stop"}]}
    began = time.process_time()
    (last,) = APIS["chat"].read_stream(iter([b"data: " + json.dumps(event).encode() + b"\n\n"]))
    assert (last.state, time.process_time() - began < 2) == (State.FAILED, True)


@table(
    "name, state, code",
    [
        ("policy", State.FAILED, "CONTENT_POLICY_VIOLATION"),
        ("cloudflare-late", State.FAILED, "GENERATION_FAILED"),
        ("no-result", State.FAILED, "GENERATION_FAILED"),
        ("error", State.FAILED, "GENERATION_FAILED"),
        ("timeout", State.TIMEOUT, "TASK_TIMEOUT"),
    ],
)
def test_a_failure_is_one_also_where_it_looks_like_a_success(name: str, state: State, code: str) -> None:
    last = read(name)[-1]
    assert (last.state, (last.fault or Fault("")).code, last.assets) == (state, code, ())


@table(
    "name, waits, words",
    [
        ("tokens", True, "No available tokens"),
        ("cloudflare", True, "Cloudflare answered 429"),
        ("shield", True, "held back"),
        ("model", False, "Invalid model"),
    ],
)
def test_what_is_refused_before_it_is_begun_goes_elsewhere(name: str, waits: bool, words: str) -> None:
    with pytest.raises(Refused, match="the upstream") as refused:
        read(name)
    assert (refused.value.elsewhere, refused.value.wait is not None) == (True, waits)
    assert words in refused.value.words


@table("name", ["cut", "cut-address", "cut-early", "html", "plain"])
def test_a_stream_without_an_end_has_no_outcome(name: str) -> None:
    assert [seen for seen in read(name) if seen.state in TERMINAL] == []


@table("name, card", [("character", CARD), ("character-event", CARD), ("character-name", {"username": "paperboat123"})])
def test_a_character_is_its_card_or_at_least_its_name(name: str, card: dict[str, str]) -> None:
    assert read(name, "chat-characters")[-1] == Observation(State.SUCCEEDED, progress=100.0, facts={"character": card})


def test_a_prompt_is_sent_with_its_style_and_its_picture_inside_one_message() -> None:
    picture = Medium(MediaRole.IMAGE, "data:image/png;base64,AAAA")
    draft = Draft("sora2api", "sora2", Kind.VIDEO, "sora2", "a boat", "image2video", ratio="9:16", duration=15)
    asked = replace(draft, media=(picture,), options={"style": "retro"})
    sent = json.loads(APIS["chat"].first_step(Order(asked, Source("sora2api", "sora2", "chat"))).call.body)
    assert (sent["model"], sent["stream"]) == ("sora2-portrait-15s", True)
    assert sent["messages"][0]["content"] == [
        {"type": "text", "text": "{retro}a boat"},
        {"type": "image_url", "image_url": {"url": picture.url}},
    ]
