"""Pictures, speech and transcripts as the published OpenAI client waits for them at the stream endpoint."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
import requests
from openai import APIStatusError, BadRequestError, OpenAI

from local.upstreams.newapi.audio import WORDS
from relay.edge.stream.held import QUIET_SECONDS
from relay.edge.stream.requests import MOST
from relay.nouns.media import sniff
from tests.functional.harness import KEY, harness
from tests.functional.held_open import HeldOpen, held_open
from tests.samples import sample

MINUTES = "a boat [[outcome:slow=200]]"  # more than the HTTP API waits


@pytest.fixture(scope="module")
def relay() -> Iterator[HeldOpen]:
    with harness(archive=True, balance="1000") as here, held_open(here) as made:
        here.switch_on("newapi", "aistudio")
        here.network.started = None
        yield made


@pytest.fixture(scope="module")
def client(relay: HeldOpen) -> Iterator[OpenAI]:
    with OpenAI(api_key=KEY, base_url=f"{relay.url}/v1", max_retries=0) as made:
        yield made


def test_pictures_that_take_minutes_are_waited_for_and_paid_once(relay: HeldOpen, client: OpenAI) -> None:
    relay.pauses.clear()
    before = relay.here.balance
    made = client.images.generate(model="kling-image", prompt=MINUTES, n=2)
    assert [str(each.url)[:37] for each in made.data or ()] == ["https://relay.example.net/media/resul"] * 2
    assert 200 <= sum(relay.pauses) < 300
    task = relay.here.task(str(made.to_dict()["id"]))
    assert (before - relay.here.balance, relay.here.entries(task.task_id)) == (task.price, ["capture", "reserve"])
    inside = client.images.generate(model="kling-image", prompt="a boat", response_format="b64_json")
    assert [bool(sniff(base64.b64decode(each.b64_json or ""))) for each in inside.data or ()] == [True]
    edited = client.images.edit(image=[sample("png"), sample("png")], mask=sample("png"), prompt="a hat", n=2)
    assert edited.data


def test_speech_is_bytes_and_a_transcript_is_what_its_form_says(relay: HeldOpen, client: OpenAI) -> None:
    spoken = client.audio.speech.create(model="tts-1", voice="nova", input="Hello.", response_format="opus")
    found = sniff(spoken.content)
    assert (found and found.extension, spoken.response.headers["content-type"]) == ("ogg", "audio/opus")
    talk = ("talk.mp3", sample("mp3"))
    hear = client.audio.transcriptions.create
    assert hear(model="whisper-1", file=talk).text == " ".join(WORDS)
    whole = hear(model="whisper-1", file=talk, response_format="verbose_json")
    assert [each.text for each in whole.segments or ()] == list(WORDS)
    told = {form: str(hear(model="whisper-1", file=talk, response_format=form)) for form in ("text", "srt", "vtt")}
    assert {form: text.split("\n")[0] for form, text in told.items()} == {
        **{"text": " ".join(WORDS), "srt": "1", "vtt": "WEBVTT"}
    }


def test_what_cannot_be_padded_is_told_where_its_task_is_before_proxies_give_up(relay: HeldOpen) -> None:
    relay.pauses.clear()
    answer = relay.post("/v1/audio/speech", {"model": "tts-1", "voice": "nova", "input": "[[outcome:never]]"})
    told = answer.json()
    assert (answer.status_code, sum(relay.pauses)) == (202, QUIET_SECONDS)
    assert answer.headers["location"].endswith(f"/v1/audio/speech/{told['id']}")


def test_a_client_that_repeats_by_its_key_gets_the_first_pictures_again(relay: HeldOpen) -> None:
    asked, key = {"model": "kling-image", "prompt": "a boat"}, {"idempotency-key": "boat-1"}
    first, again = (relay.post("/v1/images/generations", asked, headers=key) for _ in range(2))
    assert first.json()["id"] == again.json()["id"] == again.headers["x-task-id"]
    links = [each.json()["data"][0]["url"] for each in (first, again)]
    assert all(link.startswith("https://relay.example.net/media/") for link in links)
    other = relay.post("/v1/images/generations", {**asked, "prompt": "a cat"}, headers=key)
    assert (other.status_code, relay.here.entries(first.json()["id"])) == (400, ["capture", "reserve"])


def test_a_body_over_the_limit_is_refused_in_the_dialect_with_the_way_on(relay: HeldOpen, client: OpenAI) -> None:
    with pytest.raises(APIStatusError) as refused:
        client.images.edit(image=sample("png") + bytes(MOST), prompt="a hat")
    assert (refused.value.status_code, "/api/upload" in refused.value.message) == (413, True)
    body = json.dumps({"prompt": "a" * (MOST + 1)}).encode()
    told = requests.post(f"{relay.url}/v1/videos/generate", body, headers={"authorization": f"Bearer {KEY}"}, timeout=9)
    assert (told.status_code, "/api/upload" in told.json()["error"]["message"]) == (413, True)
    with pytest.raises(BadRequestError) as wrong:
        client.images.generate(model="kling-image", prompt="a boat", n=11)
    assert wrong.value.param == "n"
