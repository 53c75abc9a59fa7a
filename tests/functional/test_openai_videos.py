"""Videos as the published OpenAI clients make, follow, download and delete them, over HTTP."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from relay.nouns.wire import Answer, Call
from tests import node
from tests.functional.harness import KEY, harness
from tests.functional.network import CLIENT
from tests.functional.serving import Served, served
from tests.samples import sample

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
FILM = Answer(200, sample("mp4"), {"content-type": "video/mp4"})
T = TypeVar("T")


@pytest.fixture(scope="module")
def relay() -> Iterator[Served]:
    with harness(archive=True, balance="10000") as here, served(here) as made:
        here.switch_on("newapi")
        here.network.script["file"] = [FILM] * 100
        here.services.store.accounts.change(here.account_id, hooks=[CLIENT])
        yield made


@pytest.fixture(scope="module")
def client(relay: Served) -> Iterator[OpenAI]:
    with OpenAI(api_key=KEY, base_url=f"{relay.url}/v1", max_retries=0) as made:
        yield made


def done(relay: Served, work: Callable[[], T]) -> T:
    """What a client's work brings, while time passes for the relay."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        relay.until(future.done)
        return future.result()


def made(relay: Served, client: OpenAI, **asked: Any) -> Any:
    asked = {"model": "sora-2-pro", "prompt": "a paper boat", **asked}
    return done(relay, lambda: client.videos.create_and_poll(poll_interval_ms=20, **asked))


def test_a_video_is_made_polled_downloaded_and_deleted(relay: Served, client: OpenAI) -> None:
    video = made(relay, client, seconds="8", size="1280x720", input_reference=("boat.png", sample("png")))
    assert (video.object, video.status, video.progress, video.error) == ("video", "completed", 100, None)
    assert (video.model, video.seconds, video.size, video.prompt) == ("sora-2-pro", "8", "1280x720", "a paper boat")
    assert video.completed_at >= video.created_at
    assert client.videos.download_content(video.id).read() == sample("mp4")
    assert client.videos.delete(video.id).to_dict() == {"id": video.id, "object": "video.deleted", "deleted": True}
    with pytest.raises(NotFoundError):
        client.videos.retrieve(video.id)


def made_and_told(relay: Served, client: OpenAI) -> tuple[Any, Call]:
    relay.here.now[0] = int(time.time() * 1000)  # clients refuse signatures older than five minutes
    relay.here.network.calls.clear()
    video = made(relay, client)
    relay.until(lambda: bool(relay.here.told))
    (told,) = relay.here.told
    return video, told


def test_the_end_of_a_video_is_told_by_a_webhook_that_the_client_verifies(relay: Served, client: OpenAI) -> None:
    video, told = made_and_told(relay, client)
    event: Any = client.webhooks.unwrap(told.body, dict(told.headers), secret=relay.here.webhook_secret)
    assert (event.type, event.data.id, told.url) == ("video.completed", video.id, CLIENT)


@node.needs_node
def test_the_node_client_verifies_it_as_well(relay: Served, client: OpenAI) -> None:
    _, told = made_and_told(relay, client)
    asked = {"body": told.body.decode(), "headers": dict(told.headers), "secret": relay.here.webhook_secret}
    assert node.result(node.start("webhook.cjs", asked)) == "video.completed"


def test_a_list_is_paged_through_newest_first(relay: Served, client: OpenAI) -> None:
    ids = []
    for number in range(3):
        ids.append(client.videos.create(prompt=f"boat {number}").id)
        relay.here.wait(1)  # ids sort by the time they were made at
    first = client.videos.list(limit=2)
    assert ([each.id for each in first.data], first.has_more) == (ids[:0:-1], True)
    assert [each.id for each in client.videos.list(limit=1)][:3] == ids[::-1]
    assert [each.id for each in client.videos.list(limit=2, order="asc")][-3:] == ids


def test_what_goes_on_from_a_video_is_made_like_it(relay: Served, client: OpenAI) -> None:
    video = made(relay, client, seconds="12", size="1280x720")
    remix = done(relay, lambda: client.videos.poll(client.videos.remix(video.id, prompt="at night").id))
    assert (remix.status, remix.remixed_from_video_id, remix.seconds) == ("completed", video.id, "12")
    sent = [call for call in relay.here.network.sent("newapi.submit") if call.url.endswith("/remix")]
    assert json.loads(sent[-1].body) == {"prompt": "at night"}


def test_a_film_becomes_a_character(client: OpenAI) -> None:
    character = client.videos.create_character(name="Boatswain", video=sample("mp4"))
    assert character.name == "Boatswain"
    assert client.videos.get_character(character.id or "").to_dict() == character.to_dict()


def test_a_sora2api_server_makes_it_as_well(relay: Served, client: OpenAI) -> None:
    relay.here.switch_on("sora2api")
    video = made(relay, client, model="sora-2", seconds="12", size="1280x720", input_reference=("a.png", sample("png")))
    relay.here.switch_on("newapi")
    assert (video.status, video.model, video.seconds, video.size) == ("completed", "sora-2", "15", "1280x720")
    (sent,) = relay.here.network.sent("sora2api.submit")
    assert json.loads(sent.body)["model"] == "sora2-landscape-15s"
    assert base64.b64decode(json.loads(sent.body)["image"].partition(",")[2]) == sample("png")
    assert client.videos.download_content(video.id).read() == sample("mp4")
    assert video.id in [each.id for each in client.videos.list(limit=1)]


def test_a_refusal_names_the_parameter(client: OpenAI) -> None:
    with pytest.raises(BadRequestError) as refused:
        client.videos.create(prompt="a boat", model="sora-9")
    assert (refused.value.param, refused.value.type) == ("model", "invalid_request_error")


@node.needs_node
def test_the_node_client_does_the_same(relay: Served) -> None:
    asked = {"url": relay.url, "key": KEY, "picture": base64.b64encode(sample("png")).decode()}
    process = node.start("videos.cjs", asked)
    relay.until(lambda: process.poll() is not None)
    seen = node.result(process)
    assert (seen["created"]["status"], seen["video"]["status"], seen["video"]["seconds"]) == (
        "queued",
        "completed",
        "8",
    )
    assert base64.b64decode(seen["content"]) == sample("mp4")
    assert seen["remix"]["remixed_from_video_id"] == seen["video"]["id"]
    assert [seen[name]["seconds"] for name in ("remix", "extension", "edit")] == ["8", "4", "8"]
    assert seen["listed"][:4] == [seen[name]["id"] for name in ("edit", "extension", "remix", "video")]
    assert (seen["deleted"]["deleted"], seen["gone"]) == (True, 404)
