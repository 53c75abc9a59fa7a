"""A film asked for by new-api's route for videos of any vendor: from the request to the task that tells of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional.harness import Harness, harness, open_account
from tests.functional.refusals import refused

PATH, URL = "/v1/video/generations", "https://img.example/a.png"
CLOUDS = {"model": "hailuo-02", "prompt": "clouds over a field", "duration": 6}


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as made:
        made.switch_on("newapi")
        yield made


def created(here: Harness, **fields: Any) -> str:
    status, document = here.post(PATH, CLOUDS | fields)
    assert (status, document["object"], document["status"]) == (200, "video", "queued"), document
    assert document["id"] == document["task_id"]
    return str(document["id"])


def test_a_film_is_made_and_told_as_new_apis_task(here: Harness) -> None:
    task_id = created(here, image=URL, size="1280x720", metadata={"negative_prompt": "rain", "seed": 7})
    here.pump()
    asked = json.loads(here.network.sent("newapi.submit")[0].body)
    assert asked == CLOUDS | {
        "model": "MiniMax-Hailuo-02",
        "image": URL,
        "size": "1280x720",
        "metadata": {"negative_prompt": "rain", "seed": 7},
    }
    running = here.request("GET", f"{PATH}/{task_id}")[1]
    assert (running["code"], running["message"], running["data"]["status"]) == ("success", "", "QUEUED")
    here.network.finish()
    here.run(60)
    task, told = here.task(task_id), here.request("GET", f"{PATH}/{task_id}")[1]["data"]
    made = told.pop("data")
    assert told == {
        "task_id": task_id,
        "action": "image2video",
        "status": "SUCCESS",
        "fail_reason": "",
        "submit_time": task.created_at // 1000,
        "start_time": task.created_at // 1000,
        "finish_time": (task.completed_at or 0) // 1000,
        "progress": "100%",
    }
    assert (made["url"], made["status"], made["metadata"]) == (
        "https://files.example/a.mp4", "succeeded", {"duration": 6}
    )  # fmt: skip


def test_a_failure_is_told_as_a_reason_and_paid_back(here: Harness) -> None:
    task_id, before = created(here), here.balance
    here.pump()
    here.network.finish("failed")
    here.run(60)
    told = here.request("GET", f"{PATH}/{task_id}")[1]["data"]
    assert (told["status"], told["data"]) == ("FAILURE", None)
    assert told["fail_reason"].startswith("the generation failed")
    assert here.balance > before
    assert here.drift == 0


REFUSED: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"model": None}, "missing_required_parameter", "model "),
    ({"model": "sora-9"}, "invalid_value", "model "),
    ({"prompt": None}, "missing_required_parameter", "prompt "),
    ({"prompt": " "}, "missing_required_parameter", "prompt "),
    ({"duration": 0}, "invalid_value", "duration "),
    ({"duration": 20}, "invalid_value", "duration "),
    ({"duration": "6"}, "invalid_value", "duration "),
    ({"size": "large"}, "invalid_value", "size "),
    ({"image": "no address"}, "invalid_value", "image "),
    ({"image": "http://127.0.0.1/a.png"}, "invalid_value", "image "),
    ({"images": [URL]}, "invalid_value", "images "),
    ({"seconds": "6"}, "invalid_value", "seconds "),
    ({"width": 1280}, "invalid_value", "width "),
    ({"seed": 7}, "invalid_value", "seed "),
    ({"metadata": "style"}, "invalid_value", "metadata "),
    ({"metadata": {"fps": 24}}, "invalid_value", "metadata.fps "),
    ({"metadata": {"seed": True}}, "invalid_value", "metadata.seed "),
    ({"metadata": {"seed": 10**4000}}, "invalid_value", "metadata.seed "),
    ({"metadata": {"negative_prompt": 7}}, "invalid_value", "metadata.negative_prompt "),
    ({"metadata": {"aspect_ratio": "wide"}}, "invalid_value", "metadata.aspect_ratio "),
    ({"metadata": {"aspect_ratio": "16:9"}, "size": "1280x720"}, "invalid_value", "metadata.aspect_ratio "),
    ({"metadata": {"sound": True}}, "invalid_value", "metadata.sound "),
)


def test_each_refusal_names_the_clients_field_and_changes_nothing(here: Harness) -> None:
    wrong = []
    for fields, code, begins in REFUSED:
        refusal = refused(here, "POST", PATH, CLOUDS | fields)
        if (refusal.status, refusal.code, refusal.message.startswith(begins)) != (400, code, True):
            wrong.append((fields, refusal))
    assert wrong == []


def test_a_task_is_found_by_its_account_and_at_its_own_api_alone(here: Harness) -> None:
    task_id = created(here)
    other = here.post("/v1/video/create", {"model": "sora-2", "prompt": "a cat", "duration": 10})[1]["id"]
    open_account(here, "stranger", "sk-EXAMPLE-stranger", "9", 3)
    assert refused(here, "GET", f"{PATH}/{task_id}", key="sk-EXAMPLE-stranger").code == "task_not_exist"
    assert refused(here, "GET", f"{PATH}/{other}").code == "task_not_exist"
    assert refused(here, "PUT", PATH, CLOUDS).status == 404
    assert refused(here, "POST", PATH, raw=b"{").status == 400
    assert refused(here, "POST", PATH, CLOUDS, key="sk-EXAMPLE-nobody").code == "invalid_api_key"
