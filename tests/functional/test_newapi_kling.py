"""A film asked for by Kling's API: from the request to the answer, by whichever family makes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from relay.flow.services import UPSTREAMS_ON
from relay.nouns.money import nanos
from tests.functional.harness import Harness, harness

TEXT, IMAGE = "/kling/v1/videos/text2video", "/kling/v1/videos/image2video"
CLOUDS = {"model_name": "kling-v2-6", "prompt": "clouds over a field"}


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as made:
        made.secrets.values[UPSTREAMS_ON] = '["newapi"]'
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
        "task_result": {"videos": [{"id": "v1", "url": "https://files.example/a.png", "duration": "5"}]},
    }


def test_each_action_is_asked_about_at_its_own_path(here: Harness) -> None:
    for path, fields in ((TEXT, {}), (IMAGE, {"image": "https://img.example/a.png"})):
        created(here, path, **fields)
        here.pump()
        here.run(15)
        assert here.network.sent("newapi.query")[-1].url.rpartition("/")[0].endswith(path)
