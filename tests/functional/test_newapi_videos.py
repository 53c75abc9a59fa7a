"""Videos asked for by OpenAI's API: from the request to the file, what goes on from them, and what is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from openai.types import Video

from relay.edge.media import MediaEndpoint
from relay.nouns.catalog import Follow
from relay.nouns.signing import sign_webhook, verify_webhook
from relay.nouns.task import Delivery, State
from relay.nouns.wire import Answer
from tests.functional.aws_fakes import http_event
from tests.functional.harness import KEY, KEYS, Harness, harness, open_account
from tests.functional.network import CLIENT
from tests.functional.refusals import refused
from tests.samples import sample

VIDEOS = "/v1/videos"
BOAT = {"model": "sora-2-pro", "prompt": "a paper boat"}
STRANGER = "sk-EXAMPLE-stranger"
FILM, PICTURE = Answer(200, sample("mp4")), Answer(200, sample("jpg"))


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness(archive=True) as made:
        made.switch_on("newapi")
        yield made


def created(here: Harness, path: str = VIDEOS, **fields: Any) -> dict[str, Any]:
    status, video = here.post(path, (BOAT if path == VIDEOS else {"prompt": "and then"}) | fields)
    assert (status, video["status"]) == (200, "queued"), video
    return dict(video)


def ended(here: Harness, video: dict[str, Any], *files: Answer) -> dict[str, Any]:
    """The video as it is told once it is made; its files are these."""
    here.pump()
    here.network.script["file"] = list(files or (FILM,))
    here.network.finish()
    here.run(30)
    return dict(here.request("GET", f"{VIDEOS}/{video['id']}")[1])


def test_a_video_object_is_what_openais_types_say_and_what_new_api_adds(here: Harness) -> None:
    video = created(here, seconds=8, size="1792x1024")
    assert set(Video.model_fields) | {"task_id"} == set(video)
    Video.model_validate(video, strict=True)
    assert (video["seconds"], video["size"], video["prompt"]) == ("8", "1792x1024", "a paper boat")
    done = ended(here, video)
    Video.model_validate(done, strict=True)
    assert set(done) - set(video) == {"metadata"}
    assert (done["status"], done["progress"], done["task_id"]) == ("completed", 100, video["id"])
    assert done["expires_at"] > done["completed_at"] >= done["created_at"]


def test_a_failure_is_told_with_a_code_and_paid_back(here: Harness) -> None:
    video, paid = created(here), here.balance
    here.pump()
    here.network.finish("failed")
    here.run(30)
    _, told = here.request("GET", f"{VIDEOS}/{video['id']}")
    assert (told["status"], told["error"]["code"]) == ("failed", "video_generation_failed")
    assert (here.balance > paid, here.drift) == (True, 0)


def test_a_form_says_the_same_as_a_document(here: Harness) -> None:
    form = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % part
        for part in (
            (b"prompt", b"a boat"),
            (b"seconds", b"12"),
            (b"input_reference[image_url]", b"https://i.example/a.png"),
        )
    )
    headers = {"content-type": "multipart/form-data; boundary=x"}
    status, video, _ = here.exchange("POST", VIDEOS, raw=form + b"--x--\r\n", headers=headers)
    assert (status, video["model"], video["seconds"]) == (200, "sora-2", "12")
    here.network.script["file"] = [Answer(200, sample("png"))]
    here.pump()
    (call,) = here.network.sent("newapi.submit")
    assert sample("png") in call.body


def test_a_form_sent_again_under_its_key_makes_no_second_video(here: Harness) -> None:
    def send(boundary: bytes, prompt: bytes) -> tuple[int, Any]:
        form = b'--%b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n%b\r\n--%b--\r\n' % (
            boundary,
            prompt,
            boundary,
        )
        headers = {"content-type": f"multipart/form-data; boundary={boundary.decode()}", "idempotency-key": "order-1"}
        return here.exchange("POST", VIDEOS, raw=form, headers=headers)[:2]

    first = send(b"x", b"a boat")
    assert (send(b"y", b"a boat"), send(b"z", b"a ship")[0]) == (first, 400)


# --- The files


def test_a_film_and_what_comes_with_it_are_fetched_with_our_key_and_given_without_one(here: Harness) -> None:
    video = created(here)
    here.pump()
    here.network.jobs["newapi-1"].urls = ()  # nothing public
    ended(here, video, FILM, PICTURE, PICTURE)
    fetched = here.network.sent("file")
    assert [call.url.partition("/content")[2] for call in fetched] == ["", "?variant=thumbnail", "?variant=spritesheet"]
    assert {call.headers["authorization"] for call in fetched} == {f"Bearer {KEYS['upstreams/newapi/key']}"}
    for query, body in (
        ("", "mp4"),
        ("?variant=video", "mp4"),
        ("?variant=thumbnail", "jpg"),
        ("?variant=spritesheet", "jpg"),
    ):
        status, link = content(here, video, query)
        assert (status, opened(here, link)) == (302, sample(body))


def content(here: Harness, video: dict[str, Any], query: str = "") -> tuple[int, str]:
    """The status of the answer, and where it leads."""
    sent = {"authorization": f"Bearer {KEY}"}
    event = http_event("GET", f"{VIDEOS}/{video['id']}/content{query}", sent, b"")
    reply = here.endpoints["status"].resolve(event, LambdaContext())
    headers = {name.lower(): value for name, value in reply["headers"].items()}
    return reply["statusCode"], headers["location"]


def opened(here: Harness, link: str) -> bytes:
    """What a link gives to somebody without a key."""
    path = link.removeprefix(here.services.public_url)
    reply = MediaEndpoint(lambda: here.services).resolve(http_event("GET", path, {}, b""), LambdaContext())
    return base64.b64decode(reply["body"])


def test_content_that_is_not_there_is_not_found(here: Harness) -> None:
    video = created(here)
    path = f"{VIDEOS}/{video['id']}/content"
    assert "queued" in refused(here, "GET", path).message
    ended(here, video)
    assert "thumbnail" in refused(here, "GET", f"{path}?variant=thumbnail").message
    assert refused(here, "GET", f"{path}?variant=poster").status == 400
    open_account(here, "stranger", STRANGER, "9", 3)
    assert refused(here, "GET", path, key=STRANGER).status == 404


# --- What goes on from a video


def test_a_follow_up_is_made_where_its_parent_was_at_its_own_price(here: Harness) -> None:
    video = created(here, seconds="12", size="1280x720")
    ended(here, video)
    models = here.services.catalog.models
    model = models["sora-2-pro"]
    dear = replace(model, follows={**model.follows, "remix": Follow(frozenset({"sora-2-pro"}), 7)})
    here.services = replace(
        here.services, catalog=replace(here.services.catalog, models={**models, "sora-2-pro": dear})
    )

    remix = created(here, f"{VIDEOS}/{video['id']}/remix")
    extension = created(here, f"{VIDEOS}/extensions", video={"id": video["id"]}, seconds="4")

    assert (remix["remixed_from_video_id"], remix["seconds"], remix["size"]) == (video["id"], "12", "1280x720")
    assert (here.task(remix["id"]).price, here.task(extension["id"]).price) == (7 * 12, model.price * 4)
    here.pump()
    paths = [urlsplit(call.url).path for call in here.network.sent("newapi.submit")]
    assert paths == [VIDEOS, f"{VIDEOS}/newapi-1/remix", f"{VIDEOS}/extensions"]
    assert [here.task(each["id"]).upstream for each in (remix, extension)] == ["newapi", "newapi"]


@pytest.mark.parametrize("action", ["remix", "edits", "extensions"])
def test_a_parent_that_cannot_be_followed_is_refused_by_the_clients_name_for_it(here: Harness, action: str) -> None:
    video = created(here)
    open_account(here, "stranger", STRANGER, "9", 3)
    ids, keys = (video["id"], "019b76da-a870-7000-8000-0000000000ff", video["id"]), (None, None, STRANGER)
    for parent, key in zip(ids, keys, strict=True):
        path = f"{VIDEOS}/{parent}/remix" if action == "remix" else f"{VIDEOS}/{action}"
        body = {"prompt": "and then", "seconds": "4", **({} if action == "remix" else {"video": {"id": parent}})}
        status, said = here.post(path, body, **({"key": key} if key else {}))
        assert (status, said["error"]["param"]) == (400, "video_id" if action == "remix" else "video.id")
    assert len(here.network.sent("newapi.submit")) == 0


def test_a_film_that_was_sent_is_extended_and_becomes_a_character(here: Harness) -> None:
    uploaded = data_uri("mp4")
    extension = created(here, f"{VIDEOS}/extensions", video=uploaded, seconds="4")
    status, character = here.post(f"{VIDEOS}/characters", {"name": "Boatswain", "video": uploaded})
    assert (status, set(character), character["name"]) == (200, {"id", "created_at", "name"}, "Boatswain")
    here.pump()
    for call in here.network.sent("newapi.submit"):
        assert sample("mp4") in call.body
    assert here.task(character["id"]).state is State.SUCCEEDED
    assert here.request("GET", f"{VIDEOS}/characters/{character['id']}") == (200, character)
    for path in (f"{VIDEOS}/{character['id']}", f"{VIDEOS}/characters/{extension['id']}"):
        assert refused(here, "GET", path).status == 404


def data_uri(extension: str) -> str:
    return f"data:application/octet-stream;base64,{base64.b64encode(sample(extension)).decode()}"


# --- Events


@pytest.mark.parametrize(("state", "word"), [("succeeded", "completed"), ("failed", "failed")])
def test_an_accounts_hook_is_told_of_its_videos_ends(here: Harness, state: str, word: str) -> None:
    here.services.store.accounts.change(here.account_id, hooks=[CLIENT])
    video = created(here)
    here.pump()
    here.network.script["file"] = [FILM]
    here.network.finish(state)
    here.run(30)
    (told,) = here.told
    assert json.loads(told.body)["type"] == f"video.{word}"
    assert json.loads(told.body)["data"] == {"id": video["id"]}
    assert verify_webhook(here.webhook_secret, told.headers, told.body, here.now[0] // 1000)


def test_an_accounts_hook_is_told_of_nothing_else(here: Harness) -> None:
    here.services.store.accounts.change(here.account_id, hooks=[CLIENT])
    status, film = here.post("/v1/video/create", {"model": "veo3.1-frames", "prompt": "clouds"})
    assert status == 200
    assert here.task(film["id"]).delivery is Delivery.NONE


def test_an_upstreams_event_ends_the_video(here: Harness) -> None:
    here.secrets.values["upstreams/newapi/webhook-key"] = "whsec_c2VjcmV0"
    here.services = replace(here.services, archive=False)
    video = created(here)
    here.pump()
    here.network.finish()
    event = {"id": "evt_1", "object": "event", "created_at": 1, "type": "video.completed", "data": {"id": "newapi-1"}}
    body = json.dumps(event).encode()
    headers = sign_webhook(["whsec_c2VjcmV0"], "evt_1", here.now[0] // 1000, body)
    assert here.exchange("POST", "/callbacks/newapi", raw=body, key=None, headers=headers)[0] == 200
    assert (here.task(video["id"]).state, here.task(video["id"]).learnt) == (State.SUCCEEDED, "callback")


# --- Refusals

BAD: list[tuple[dict[str, Any], str]] = [
    ({"prompt": None}, "prompt"),
    ({"prompt": " "}, "prompt"),
    ({"prompt": 7}, "prompt"),
    ({"model": "sora-9"}, "model"),
    ({"seconds": "0"}, "seconds"),
    ({"seconds": "eight"}, "seconds"),
    ({"seconds": "26"}, "seconds"),
    ({"size": "9x9"}, "size"),
    ({"input_reference": "data:image/png;base64,AAAA"}, "input_reference"),
    ({"input_reference": {"file_id": "file-1"}}, "input_reference.file_id"),
    ({"input_reference": {"image_url": 7}}, "input_reference.image_url"),
    ({"input_reference": {"image_url": "http://127.0.0.1/a.png"}}, "input_reference"),
]


def test_a_refusal_names_the_parameter_and_changes_nothing(here: Harness) -> None:
    said = list[tuple[Any, Any]]()
    for body, _ in BAD:
        assert refused(here, "POST", VIDEOS, BOAT | body).status == 400
        said.append((body, here.post(VIDEOS, BOAT | body)[1]["error"]["param"]))
    assert said == BAD


@pytest.mark.parametrize(
    ("query", "param"), [("limit=0", "limit"), ("limit=x", "limit"), ("order=up", "order"), ("after=%23", "after")]
)
def test_a_list_is_asked_for_as_documented(here: Harness, query: str, param: str) -> None:
    status, said = here.request("GET", f"{VIDEOS}?{query}")
    assert (status, said["error"]["param"]) == (400, param)


def test_what_is_still_made_cannot_be_deleted(here: Harness) -> None:
    video = created(here)
    status, said = here.request("DELETE", f"{VIDEOS}/{video['id']}")
    assert (status, said["error"]["type"]) == (400, "invalid_request_error")
