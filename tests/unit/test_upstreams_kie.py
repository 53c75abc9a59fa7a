"""The simulated KIE keeps KIE's wire, its limits and its signatures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.upstreams import Pace, Settings, Upstreams
from local.upstreams.inbox import Inbox
from relay.nouns.signing import sign_id

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

SETTINGS = Settings(
    pace=Pace.every(0.02),
    callback_retries=(0.02, 0.02, 0.02),
    queries_per_second=None,
    limits_intake=False,
)
AUTH = {"Authorization": f"Bearer {SETTINGS.key('kie')}"}
IMAGE = "gpt4o-image"
CREATE = {IMAGE: "gpt4o-image/generate", "market": "jobs/createTask", "veo": "veo/generate", "suno": "generate"}
QUERY = {
    IMAGE: "gpt4o-image/record-info",
    "market": "jobs/recordInfo",
    "veo": "veo/record-info",
    "suno": "generate/record-info",
}


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Upstreams]:
    with Upstreams(SETTINGS) as running:
        yield running


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as box:
        yield box


def body_for(api: str, prompt: str, callback: str | None = None) -> dict[str, Any]:
    extra = {"callBackUrl": callback} if callback else {}
    if api == IMAGE:
        return {"prompt": prompt, "size": "1:1", **extra}
    if api == "market":
        return {"model": "nano-banana-pro", "input": {"prompt": prompt}, **extra}
    if api == "veo":
        return {"prompt": prompt, **extra}
    song = {"prompt": prompt, "customMode": False, "instrumental": False, "model": "V5"}
    return {**song, "callBackUrl": callback or "http://127.0.0.1:9/nobody"}


def create(upstreams: Upstreams, api: str, body: object) -> requests.Response:
    return requests.post(f"{upstreams.urls['kie']}/api/v1/{CREATE[api]}", json=body, headers=AUTH, timeout=5)


def accepted(upstreams: Upstreams, api: str, prompt: str, callback: str | None = None) -> str:
    answer = create(upstreams, api, body_for(api, prompt, callback)).json()
    assert answer["code"] == 200, answer
    return str(answer["data"]["taskId"])


def query(upstreams: Upstreams, api: str, task_id: str) -> requests.Response:
    url = f"{upstreams.urls['kie']}/api/v1/{QUERY[api]}"
    return requests.get(url, params={"taskId": task_id}, headers=AUTH, timeout=5)


def ended(upstreams: Upstreams, api: str, task_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        record: dict[str, Any] = query(upstreams, api, task_id).json()["data"]
        waiting = record.get("state") in ("waiting", "queuing", "generating")
        waiting |= record.get("successFlag") == 0
        waiting |= record.get("status") in ("PENDING", "TEXT_SUCCESS", "FIRST_SUCCESS", "GENERATING")
        if not waiting:
            return record
        time.sleep(0.01)
    raise AssertionError("the job did not end")


def test_a_picture_is_made_told_and_readable(upstreams: Upstreams, inbox: Inbox) -> None:
    task_id = accepted(upstreams, IMAGE, "a picture", inbox.url)
    record = ended(upstreams, IMAGE, task_id)
    assert (record["status"], record["successFlag"], record["progress"]) == ("SUCCESS", 1, "1.00")
    post = inbox.wait(1)[0]
    assert post.body["code"] == 200
    assert post.body["data"] == {"taskId": task_id, "info": {"result_urls": record["response"]["resultUrls"]}}
    stamp = int(post.headers["x-webhook-timestamp"])
    assert abs(stamp - time.time()) < 5
    assert SETTINGS.webhook_key
    assert post.headers["x-webhook-signature"] == sign_id(SETTINGS.webhook_key, task_id, stamp)
    picture = requests.get(record["response"]["resultUrls"][0], timeout=5)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.content.startswith(b"\x89PNG")


def test_veo_gives_a_video_and_dates_as_text(upstreams: Upstreams, inbox: Inbox) -> None:
    task_id = accepted(upstreams, "veo", "a river", inbox.url)
    record = ended(upstreams, "veo", task_id)
    assert record["successFlag"] == 1
    assert time.strptime(record["completeTime"], "%Y-%m-%d %H:%M:%S")
    info = inbox.wait(1)[0].body["data"]["info"]
    assert info["resultUrls"] == record["response"]["resultUrls"]
    head = requests.head(info["resultUrls"][0], timeout=5)
    part = requests.get(info["resultUrls"][0], headers={"Range": "bytes=4-7"}, timeout=5)
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert part.headers["content-range"] == f"bytes 4-7/{head.headers['content-length']}"
    assert head.headers["content-type"] == "video/mp4"
    beyond = requests.get(info["resultUrls"][0], headers={"Range": "bytes=99999999-"}, timeout=5)
    assert beyond.status_code == 416


BAD_BODIES = [
    (IMAGE, {"prompt": "p", "size": "16:9"}, 400),
    (IMAGE, {"size": "1:1"}, 400),
    (IMAGE, ["no object"], 400),
    ("market", ["no object"], 400),
    ("market", {"model": "nano-banana-pro", "input": {"prompt": "half \ud800"}}, 400),
    ("market", {"model": "no-such-model", "input": {"prompt": "p"}}, 400),
    ("market", {"model": "nano-banana-pro", "input": "p"}, 400),
    ("veo", {"prompt": "p", "duration": 5}, 400),
    ("veo", {"prompt": "p", "generationType": "TEXT_2_VIDEO", "imageUrls": ["http://a.example/x.png"]}, 400),
    ("suno", {"prompt": "p", "customMode": False, "instrumental": False, "model": "V5"}, 400),
    ("suno", {"prompt": "p", "instrumental": False, "model": "V5", "callBackUrl": "http://a.example"}, 400),
]


@pytest.mark.parametrize(("api", "body", "code"), BAD_BODIES)
def test_bad_input_is_refused_in_the_envelope_and_makes_no_job(
    upstreams: Upstreams, api: str, body: object, code: int
) -> None:
    before = upstreams["kie"].jobs_created
    answer = create(upstreams, api, body)
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (200, code, None)
    assert upstreams["kie"].jobs_created == before


def test_a_wrong_key_is_401_inside_a_200(upstreams: Upstreams) -> None:
    url = f"{upstreams.urls['kie']}/api/v1/chat/credit"
    answer = requests.get(url, headers={"Authorization": "Bearer sk-EXAMPLE-other"}, timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (200, 401)
    assert isinstance(requests.get(url, headers=AUTH, timeout=5).json()["data"], int)


def test_an_unknown_task_and_a_path_that_is_not_there_say_so(upstreams: Upstreams) -> None:
    answer = query(upstreams, IMAGE, "task_none").json()
    assert (answer["code"], answer["msg"]) == (422, "recordInfo is null")
    task_id = accepted(upstreams, "market", "elsewhere")
    assert query(upstreams, IMAGE, task_id).json()["code"] == 422
    assert requests.get(f"{upstreams.urls['kie']}/api/v1/none", timeout=5).json()["code"] == 404


def test_a_download_link_reads_the_same_file_from_another_address(upstreams: Upstreams) -> None:
    task_id = accepted(upstreams, IMAGE, "to download")
    url = ended(upstreams, IMAGE, task_id)["response"]["resultUrls"][0]
    endpoint = f"{upstreams.urls['kie']}/api/v1/gpt4o-image/download-url"
    link = requests.post(endpoint, json={"taskId": task_id, "imageUrl": url}, headers=AUTH, timeout=5).json()["data"]
    assert link != url
    assert requests.get(link, timeout=5).content == requests.get(url, timeout=5).content
    refused = requests.post(endpoint, json={"taskId": "task_none", "url": url}, headers=AUTH, timeout=5).json()
    assert refused["code"] == 422


def test_the_21st_new_task_in_the_window_is_refused_and_the_window_slides() -> None:
    clock = [1000.0]
    with Upstreams(Settings(clock=lambda: clock[0])) as upstreams:
        answers = [create(upstreams, IMAGE, body_for(IMAGE, f"p{n}")).json()["code"] for n in range(21)]
        assert answers == [200] * 20 + [429]
        assert upstreams["kie"].jobs_created == 20
        clock[0] += 10.0
        assert create(upstreams, IMAGE, body_for(IMAGE, "later")).json()["code"] == 200
        task_id = upstreams["kie"].jobs("later")[0].task_id
        assert [query(upstreams, IMAGE, task_id).json()["code"] for _ in range(4)] == [200, 200, 200, 429]


ENDS = [
    (IMAGE, "refuse", "errorCode", 400),
    (IMAGE, "fail", "errorCode", 500),
    (IMAGE, "bad-input", "errorCode", 451),
    ("market", "fail", "failCode", "501"),
    ("veo", "fail", "errorCode", 501),
    ("suno", "refuse", "status", "SENSITIVE_WORD_ERROR"),
    ("suno", "fail", "status", "GENERATE_AUDIO_FAILED"),
]


@pytest.mark.parametrize(("api", "fault", "field", "value"), ENDS)
def test_a_job_can_fail_and_its_callback_says_so(
    upstreams: Upstreams, inbox: Inbox, *, api: str, fault: str, field: str, value: object
) -> None:
    task_id = accepted(upstreams, api, f"p [[outcome:{fault}]]", inbox.url)
    assert ended(upstreams, api, task_id)[field] == value
    assert inbox.wait(1)[0].body["code"] != 200


def test_an_input_picture_that_cannot_be_fetched_fails_the_job(upstreams: Upstreams) -> None:
    missing = {"prompt": "p", "size": "1:1", "filesUrl": [f"{upstreams.url}/files/none.png"]}
    task_id = create(upstreams, IMAGE, missing).json()["data"]["taskId"]
    assert ended(upstreams, IMAGE, task_id)["errorCode"] == 451
