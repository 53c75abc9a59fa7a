"""A simulated upstream of a dialect of ours: what it takes, makes, refuses and charges for, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from local.upstreams import Pace, Settings, Stages, Upstreams
from local.upstreams.inbox import Inbox
from local.upstreams.media import Recipe, make

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

SETTINGS = Settings(pace=Pace.every(0.02))


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Upstreams]:
    with Upstreams(SETTINGS) as running:
        yield running


def call(upstreams: Upstreams, path: str, body: object = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {SETTINGS.key('aistudio')}"}
    return requests.post(f"{upstreams.urls['aistudio']}/api/{path}", json=body, headers=headers, timeout=5)


def ended(upstreams: Upstreams, path: str, body: object) -> dict[str, Any]:
    created = call(upstreams, path, body).json()
    assert set(created) == {"task_id"}, created
    platform = path.partition("/")[0]
    for _ in range(300):
        task: dict[str, Any] = call(upstreams, f"{platform}/tasks", created).json()
        if task["status"] in ("succeeded", "failed"):
            return task
        time.sleep(0.01)
    raise AssertionError("the task did not end")


def test_pictures_are_a_list_of_as_many_as_asked(upstreams: Upstreams) -> None:
    task = ended(upstreams, "grok/images", {"prompt": "a tree", "size": "64x128", "count": 3})
    assert set(task) == {"task_id", "status", "created_at", "completed_at", "images"}
    assert datetime.fromisoformat(task["created_at"]).utcoffset() == timedelta(hours=8)
    bodies = {requests.get(image["url"], timeout=5).content for image in task["images"]}
    assert len(bodies) == 3


def test_a_video_is_one_object_and_a_song_a_list(upstreams: Upstreams) -> None:
    video = ended(upstreams, "kling/videos", {"action": "text2video", "prompt": "sea", "duration": 1})["video"]
    assert video["duration"] == 1
    assert requests.head(video["url"], timeout=5).headers["content-type"] == "video/mp4"
    song = ended(upstreams, "suno/music", {"prompt": "rain", "lyrics": "drip\ndrop", "style": "pop"})["music"][0]
    assert set(song) == {"url", "title", "duration"}


def test_a_task_goes_through_every_status_by_the_clock() -> None:
    clock = [1000.0]
    pace = Pace(image=Stages(1.0, 2.0, 3.0))
    with Upstreams(Settings(pace=pace, clock=lambda: clock[0])) as upstreams:
        task = call(upstreams, "lovart/images", {"prompt": "p"}).json()
        seen = []
        for _ in range(4):
            seen.append(call(upstreams, "lovart/tasks", task).json()["status"])
            clock[0] += 1.0
    assert seen == ["pending", "queued", "processing", "succeeded"]


def test_a_video_from_a_picture_fetches_it_and_fails_clearly_when_it_cannot(upstreams: Upstreams) -> None:
    picture = ended(upstreams, "krea/images", {"prompt": "start here"})["images"][0]["url"]
    order = {"action": "image2video", "prompt": "go", "duration": 1}
    video = ended(upstreams, "krea/videos", order | {"image_url": picture})["video"]["url"]
    assert b"moov" in requests.get(video, timeout=5).content[:4096]
    for url in (f"{upstreams.url}/files/none.png", "http://127.0.0.1:9/x.png", video):
        task = ended(upstreams, "krea/videos", order | {"image_url": url})
        assert task["status"] == "failed"
        assert task["error"]["code"] == "GENERATION_FAILED"
        assert "completed_at" not in task


def test_a_video_is_extended_only_from_a_finished_one(upstreams: Upstreams) -> None:
    order = {"action": "text2video", "prompt": "one", "duration": 1}
    parent = ended(upstreams, "hailuo/videos", order)["task_id"]
    extend = {"action": "extend", "prompt": "two", "duration": 1}
    assert ended(upstreams, "hailuo/videos", extend | {"task_id": parent})["status"] == "succeeded"
    assert call(upstreams, "sora/videos", extend | {"task_id": parent}).status_code == 404


REFUSALS = [
    ("grok/images", {}, 400, "MISSING_REQUIRED_FIELD"),
    ("grok/images", {"prompt": "p", "count": 11}, 400, "INVALID_PARAMETER"),
    ("grok/images", ["no object"], 400, "INVALID_PARAMETER"),
    ("grok/videos", {"prompt": "p", "action": "text2video"}, 400, "API_NOT_IMPLEMENTED"),
    ("nobody/images", {"prompt": "p"}, 404, "NOT_FOUND"),
    ("kling/dances", {"prompt": "p"}, 404, "NOT_FOUND"),
    ("kling/tasks", {"task_id": "none"}, 404, "TASK_NOT_FOUND"),
    ("kling/tasks", {}, 400, "MISSING_REQUIRED_FIELD"),
    ("grok/images", {"prompt": "[[submit:no-credits]]"}, 402, "INSUFFICIENT_BALANCE"),
    ("grok/images", {"prompt": "[[submit:rate-limit]]"}, 429, "RATE_LIMIT_EXCEEDED"),
    ("grok/images", {"prompt": "[[submit:server-error]]"}, 500, "API_ERROR"),
    ("grok/images", {"prompt": "[[submit:error-in-200]]"}, 200, "API_ERROR"),
    ("grok/images", {"prompt": "[[submit:refuse]]"}, 400, "INVALID_PARAMETER"),
    ("grok/images", {"prompt": "[[submit:unauthorized]]"}, 401, "INVALID_TOKEN"),
]


@pytest.mark.parametrize(("path", "body", "status", "code"), REFUSALS)
def test_refusals_have_their_status_their_code_and_a_trace(
    upstreams: Upstreams, path: str, body: object, status: int, code: str
) -> None:
    before = upstreams["aistudio"].jobs_created
    answer = call(upstreams, path, body)
    told = answer.json()
    assert (answer.status_code, told["success"], told["error"]["code"]) == (status, False, code)
    assert told["error"]["message"]
    assert told["trace_id"] == answer.headers["x-trace-id"]
    assert upstreams["aistudio"].jobs_created == before


@pytest.mark.parametrize(
    ("header", "code"), [({}, "UNAUTHORIZED"), ({"Authorization": "Bearer sk-EXAMPLE-no"}, "INVALID_TOKEN")]
)
def test_no_key_and_a_wrong_key_are_told_apart(upstreams: Upstreams, header: dict[str, str], code: str) -> None:
    answer = requests.post(f"{upstreams.urls['aistudio']}/api/account/balance", headers=header, timeout=5)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)


def test_the_balance_is_one_element_in_an_envelope_and_pays_for_tasks(upstreams: Upstreams) -> None:
    before = call(upstreams, "account/balance").json()["data"][0]
    assert ended(upstreams, "dreamina/images", {"prompt": "一棵树"})["status"] == "succeeded"
    after = call(upstreams, "account/balance").json()["data"][0]
    assert after["balance_cents"] == before["balance_cents"] - 25
    assert after["balance_display"] == f"¥{after['balance_cents'] / 100:.2f}"
    assert after["usage_today"]["request_count"] == before["usage_today"]["request_count"] + 1


def test_another_platform_cannot_see_the_task(upstreams: Upstreams) -> None:
    task = call(upstreams, "grok/images", {"prompt": "p"}).json()
    assert call(upstreams, "kling/tasks", task).json()["error"]["code"] == "TASK_NOT_FOUND"


@pytest.mark.parametrize("failure", ["refuse", "fail"])
def test_a_failed_task_carries_an_error_and_no_completion(upstreams: Upstreams, failure: str) -> None:
    task = ended(upstreams, "grok/images", {"prompt": f"p [[{failure}]]"})
    assert (task["status"], task["error"]["code"]) == ("failed", "GENERATION_FAILED")
    assert set(task) == {"task_id", "status", "created_at", "error"}


def test_a_strange_status_word_is_all_that_is_said(upstreams: Upstreams) -> None:
    task = call(upstreams, "grok/images", {"prompt": "p [[query:unknown-status=1]]"}).json()
    assert call(upstreams, "grok/tasks", task).json()["status"] == "reviewing"
    assert call(upstreams, "grok/tasks", task).json()["status"] != "reviewing"


def test_a_callback_is_the_task_with_its_platform(upstreams: Upstreams) -> None:
    with Inbox() as inbox:
        task = ended(upstreams, "grok/images", {"prompt": "push", "callback_url": inbox.url})
        post = inbox.wait(1)[0]
    assert post.body == task | {"platform": "grok"}


def test_a_job_is_cancelled_before_work_on_it_began() -> None:
    with Upstreams(Settings(pace=Pace(image=Stages(60.0, 60.0, 60.0)))) as upstreams:
        task = call(upstreams, "grok/images", {"prompt": "p"}).json()
        assert call(upstreams, "grok/tasks/cancel", task).json()["cancelled"] is True
        assert call(upstreams, "grok/tasks", task).json()["status"] == "cancelled"


def test_an_upload_is_a_file_like_any_other(upstreams: Upstreams) -> None:
    picture = make(Recipe("image", "mine", "", "64x64"))
    headers = {"Authorization": f"Bearer {SETTINGS.key('aistudio')}"}
    url = f"{upstreams.urls['aistudio']}/api/upload"
    link = requests.post(url, files={"file": ("a.png", picture)}, headers=headers, timeout=5).json()["url"]
    assert requests.get(link, timeout=5).content == picture


def test_an_answer_that_is_the_outcome_comes_when_the_picture_is_made(upstreams: Upstreams) -> None:
    def asked(prompt: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {SETTINGS.key('newapi')}"}
        body = {"model": "gpt-image-1", "prompt": prompt, "n": 2}
        return requests.post(f"{upstreams.urls['newapi']}/v1/images/generations", json=body, headers=headers, timeout=5)

    (link, _) = asked("a boat").json()["data"]
    assert requests.get(link["url"], timeout=5).headers["content-type"] == "image/png"
    refused = asked("[[outcome:refuse]]")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "moderation_blocked")
