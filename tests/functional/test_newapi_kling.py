"""A film asked for by Kling's API: from the request to the answer, by whichever family makes it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import jwt
import pytest

from relay.nouns.draft import MediaRole
from relay.nouns.money import nanos
from relay.nouns.signing import verify_webhook
from relay.nouns.task import State
from tests.axes import table
from tests.functional.harness import KEYS, Harness, harness, open_account
from tests.functional.network import CLIENT, PICTURE
from tests.functional.refusals import refused

ACCESS, _, SECRET = KEYS["upstreams/kling/key"].partition(":")
TEXT, IMAGE = "/kling/v1/videos/text2video", "/kling/v1/videos/image2video"
URL = "https://img.example/a.png"
CLOUDS = {"model_name": "kling-v2-6", "prompt": "clouds over a field"}


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as made:
        made.switch_on("newapi")
        yield made


def created(here: Harness, path: str = TEXT, **fields: Any) -> str:
    status, document = here.post(path, CLOUDS | fields)
    assert (status, document["code"], document["data"]["task_status"]) == (200, 0, "submitted"), document
    return str(document["data"]["task_id"])


def test_a_film_is_made_and_told_in_klings_words(here: Harness) -> None:
    task_id = created(here, mode="pro", duration="10", sound="on")
    assert here.balance == nanos("100") - nanos("7.00")
    here.pump()
    asked = json.loads(here.network.sent("newapi.submit")[0].body)
    assert (asked["model_name"], asked["mode"], asked["duration"], asked["sound"]) == ("kling-v2-6", "pro", "10", "on")

    status, running = here.request("GET", f"{TEXT}/{task_id}")
    assert (status, running["data"]["task_status"], running["data"].get("task_result")) == (200, "submitted", None)
    here.network.finish()
    here.run(60)
    _, done = here.request("GET", f"{TEXT}/{task_id}")
    task = here.task(task_id)
    assert done["data"] == {
        "task_id": task_id,
        "task_status": "succeed",
        "task_status_msg": "",
        "created_at": task.created_at,
        "updated_at": task.completed_at,
        "task_result": {"videos": [{"id": "newapi-1", "url": "https://files.example/a.mp4", "duration": "10"}]},
    }


def test_each_action_is_asked_about_at_its_own_path(here: Harness) -> None:
    for path, fields in ((TEXT, {}), (IMAGE, {"image": "https://img.example/a.png"})):
        created(here, path, **fields)
        here.pump()
        here.run(15)
        assert here.network.sent("newapi.query")[-1].url.rpartition("/")[0].endswith(path)


def test_a_picture_as_bare_base64_is_kept_as_an_input_and_not_in_the_request(here: Harness) -> None:
    task_id = created(here, IMAGE, image=base64.b64encode(PICTURE).decode(), image_tail="https://img.example/b.png")
    here.pump()
    asked = json.loads(here.network.sent("newapi.submit")[0].body)
    assert asked["image"] == "https://files.example/1.png"
    assert asked["image_tail"] == "https://img.example/b.png"
    found = here.services.store.tasks.with_request(here.account_id, task_id)
    assert found is not None
    assert found[1].urls(MediaRole.IMAGE)[0].startswith("media:uploads/")


def test_each_moving_part_keeps_its_mask_and_its_way(here: Harness) -> None:
    ways = [[{"x": 1, "y": 2}, {"x": 3, "y": 4}], [{"x": 5, "y": 6}, {"x": 7, "y": 8}]]
    masks = [{"mask": f"https://img.example/{n}.png", "trajectories": way} for n, way in enumerate(ways)]
    created(here, IMAGE, image=URL, static_mask="https://img.example/s.png", dynamic_masks=masks)
    here.pump()
    asked = json.loads(here.network.sent("newapi.submit")[0].body)
    assert (asked["image"], asked["static_mask"], asked["dynamic_masks"]) == (URL, "https://img.example/s.png", masks)


def test_a_clients_own_id_finds_its_task_once_and_for_its_account_alone(here: Harness) -> None:
    task_id = created(here, external_task_id="film 7")
    _, found = here.request("GET", f"{TEXT}/film%207")
    assert found["data"]["task_id"] == task_id
    again = refused(here, "POST", TEXT, {**CLOUDS, "external_task_id": "film 7"})
    assert (again.status, again.code) == (400, 1201)
    assert again.message.startswith("external_task_id ")

    open_account(here, "stranger", "sk-EXAMPLE-stranger", "9", 3)
    for unknown in ("film%207", task_id):
        assert refused(here, "GET", f"{TEXT}/{unknown}", key="sk-EXAMPLE-stranger").code == 1203
    status, document = here.post(TEXT, {**CLOUDS, "external_task_id": "film 7"}, key="sk-EXAMPLE-stranger")
    assert (status, document["code"]) == (200, 0)


@table("reference", ["水" * 255, "a b:c@d~e.f-_", "..."])
def test_a_clients_own_id_is_asked_by_in_a_path(here: Harness, reference: str) -> None:
    task_id = created(here, external_task_id=reference)
    assert here.request("GET", f"{TEXT}/{quote(reference, safe='')}")[1]["data"]["task_id"] == task_id


def test_kling_itself_is_asked_with_its_own_token_and_at_its_own_paths(here: Harness) -> None:
    here.switch_on("kling")
    created(here)
    here.pump()
    here.run(40)
    (submit, *_), (query, *_) = here.network.sent("kling.submit"), here.network.sent("kling.query")
    assert submit.url == "https://kling.example/v1/videos/text2video"
    assert query.url == "https://kling.example/v1/videos/text2video/kling-1"
    assert json.loads(submit.body)["callback_url"].startswith("https://relay.example.net/callbacks/kling/")
    token = query.headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, SECRET, ["HS256"], {"verify_exp": False})
    assert claims["iss"] == ACCESS


def test_a_callback_of_kling_makes_us_ask_and_is_believed_in_nothing(here: Harness) -> None:
    here.switch_on("kling")
    task_id = created(here)
    here.pump()
    (job,) = here.network.jobs.values()
    path, says_done = urlsplit(job.callback_url).path, {"task_id": job.task_id, "task_status": "succeed"}
    assert here.post(path, says_done, key=None)[0] == 200
    assert here.task(task_id).state is State.PROCESSING
    assert here.post(path, {"task_id": "another"}, key=None)[0] == 403
    here.network.finish()
    here.wait(10)
    assert here.post(path, says_done, key=None)[0] == 200
    assert here.task(task_id).state is State.SUCCEEDED


def test_a_client_is_told_of_each_change_of_status_and_of_the_end(here: Harness) -> None:
    here.network.started = "queued"
    task_id = created(here, callback_url=CLIENT)
    here.pump()
    here.run(15)
    here.network.finish("processing")
    here.run(60)
    here.network.finish()
    here.run(60)
    told = [json.loads(call.body) for call in here.told]
    assert [each["task_status"] for each in told] == ["submitted", "processing", "succeed"]
    assert {each["task_id"] for each in told} == {task_id}
    assert [each["updated_at"] for each in told] == sorted({each["updated_at"] for each in told})
    assert [each.get("task_result") for each in told[:2]] == [None, None]
    assert told[2] == here.request("GET", f"{TEXT}/{task_id}")[1]["data"]
    for call in here.told:
        at = int(call.headers["webhook-timestamp"])
        assert verify_webhook(here.webhook_secret, call.headers, call.body, at)


def test_a_failure_is_told_as_a_message_and_paid_back(here: Harness) -> None:
    before, task_id = here.balance, created(here, IMAGE, image=URL, prompt="", callback_url=CLIENT)
    here.pump()
    here.network.finish("failed")
    here.run(60)
    told = json.loads(here.told[-1].body)
    assert (told["task_status"], told["task_status_msg"].partition(";")[0]) == ("failed", "the generation failed")
    assert (here.balance, here.drift, here.task(task_id).state) == (before, 0, State.FAILED)


MASK = {"mask": URL, "trajectories": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}
POINT, FAR = {"x": 1, "y": 2}, {"x": 10**4000, "y": 2}
POINTS = "dynamic_masks[0].trajectories"
SIMPLE = {"type": "simple", "config": {"pan": 5}}
REFUSED: tuple[tuple[str, dict[str, Any], int, str], ...] = (
    (TEXT, {"prompt": None}, 1200, "prompt "),
    (TEXT, {"prompt": "  "}, 1200, "prompt "),
    (TEXT, {"model_name": "kling-v9"}, 1201, "model_name "),
    (TEXT, {"model_name": None, "model": "kling-v9"}, 1201, "model "),
    (TEXT, {"model": "kling-v1"}, 1201, "model contradicts model_name"),
    (TEXT, {"model_name": "kling-v3", "mode": "pro"}, 1201, "mode "),
    (TEXT, {"mode": "fast"}, 1201, "mode "),
    (TEXT, {"duration": "7"}, 1201, "duration "),
    (TEXT, {"duration": 7.5}, 1201, "duration "),
    (TEXT, {"aspect_ratio": "4:3"}, 1201, "aspect_ratio "),
    (TEXT, {"cfg_scale": 1.5}, 1201, "cfg_scale "),
    (TEXT, {"sound": True}, 1201, "sound "),
    (TEXT, {"model_name": "kling-v1", "sound": "on"}, 1201, "sound "),
    (TEXT, {"image": URL}, 1201, "image "),
    (TEXT, {"image_url": URL}, 1201, "image_url "),
    (TEXT, {"multi_shot": True}, 1201, "multi_shot "),
    (TEXT, {"dynamic_masks": [MASK]}, 1201, "dynamic_masks "),
    (TEXT, {"camera_control": {"type": "spin"}}, 1201, "camera_control.type "),
    (TEXT, {"camera_control": {"config": {"pan": 5}}}, 1200, "camera_control.type "),
    (TEXT, {"camera_control": {"type": "simple"}}, 1201, "camera_control.config "),
    (TEXT, {"camera_control": {"type": "simple", "config": {"pan": 5, "zoom": 1}}}, 1201, "camera_control.config "),
    (TEXT, {"camera_control": {"type": "simple", "config": {"pan": 11}}}, 1201, "camera_control.config.pan "),
    (TEXT, {"camera_control": {"type": "down_back", "config": {"pan": 5}}}, 1201, "camera_control.config "),
    (TEXT, {"callback_url": "ftp://client.example"}, 1201, "callback_url "),
    (TEXT, {"callback_url": "http://127.0.0.1/hook"}, 1201, "callback_url "),
    *(
        (TEXT, {"external_task_id": reference}, 1201, "external_task_id ")
        for reference in ("\n", "a/b", "a#b", "a?b", "a%2Fb", "a+b", "..", " a", "a\\b", "e\u0301", "x" * 256)
    ),
    (IMAGE, {}, 1200, "image "),
    (IMAGE, {"image": "no picture, no address"}, 1201, "image "),
    (IMAGE, {"image": "aGVsbG8="}, 1201, "image "),
    (IMAGE, {"image": base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * (4 << 20)).decode()}, 1201, "image "),
    (IMAGE, {"image": "http://127.0.0.1/a.png"}, 1201, "image "),
    (IMAGE, {"image_tail": URL, "static_mask": URL}, 1200, "image "),
    (IMAGE, {"image": URL, "image_tail": URL, "camera_control": SIMPLE}, 1201, "camera_control "),
    (IMAGE, {"image": URL, "image_tail": URL, "dynamic_masks": [MASK]}, 1201, "dynamic_masks "),
    (IMAGE, {"image": URL, "static_mask": URL, "camera_control": SIMPLE}, 1201, "camera_control "),
    (IMAGE, {"image": URL, "dynamic_masks": [MASK] * 7}, 1201, "dynamic_masks "),
    (IMAGE, {"image": URL, "dynamic_masks": [{**MASK, "trajectories": []}]}, 1201, "dynamic_masks[0].trajectories "),
    (IMAGE, {"image": URL, "dynamic_masks": [{**MASK, "mask": "http://10.0.0.1/a"}]}, 1201, "dynamic_masks[0].mask "),
    *(
        (IMAGE, {"image": URL, "dynamic_masks": [{**MASK, "trajectories": way}]}, 1201, f"{POINTS}{at} ")
        for way, at in (([FAR, POINT], "[0].x"), ([POINT, FAR], "[1].x"), ([POINT, {"x": 1, "y": -(10**9)}], "[1].y"))
    ),
)


def test_each_refusal_names_the_clients_field_and_changes_nothing(here: Harness) -> None:
    wrong = []
    for path, fields, code, begins in REFUSED:
        refusal = refused(here, "POST", path, CLOUDS | fields)
        if (refusal.code, refusal.message.startswith(begins)) != (code, True) or refusal.status not in (400, 413):
            wrong.append((path, list(fields), refusal))
    assert wrong == []
