"""Songs and lyrics asked for by new-api's Suno API: from the request to the answer, by whichever family makes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from relay.flow.services import UPSTREAMS_ON
from tests.functional.harness import Harness, harness

MUSIC, LYRICS, FETCH = "/suno/submit/music", "/suno/submit/lyrics", "/suno/fetch"
RAIN = {"mv": "chirp-v4", "gpt_description_prompt": "rain on roofs, lofi"}
SUNG = {
    "mv": "chirp-v5",
    "prompt": "[Verse]\nrain on roofs",
    "tags": "lofi",
    "title": "Roofs",
    "negative_tags": "drums",
}


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


def switched_on(here: Harness, *upstreams: str) -> None:
    """From here on we hold keys for these alone."""
    here.secrets.values[UPSTREAMS_ON] = json.dumps(upstreams)
    for name in {"kie", "aistudio", "newapi"} - {*upstreams}:
        del here.secrets.values[f"upstreams/{name}/key"]


def created(here: Harness, path: str = MUSIC, **fields: Any) -> str:
    status, document = here.post(path, fields)
    assert (status, document["code"], document["message"]) == (200, "success", ""), document
    return str(document["data"])


def fetched(here: Harness, task_id: str) -> dict[str, Any]:
    status, document = here.request("GET", f"{FETCH}/{task_id}")
    assert (status, document["code"]) == (200, "success"), document
    task: dict[str, Any] = document["data"]
    return task


def ended(here: Harness, task_id: str, state: str = "succeeded") -> dict[str, Any]:
    here.pump()
    here.network.finish(state)
    here.run(60)
    return fetched(here, task_id)


def sent(here: Harness, upstream: str) -> dict[str, Any]:
    asked: dict[str, Any] = json.loads(here.network.sent(f"{upstream}.submit")[-1].body)
    return asked


def test_a_song_is_made_from_a_description(here: Harness) -> None:
    switched_on(here, "newapi")
    task_id = created(here, **RAIN, make_instrumental=False)
    assert (fetched(here, task_id)["status"], fetched(here, task_id)["data"]) == ("NOT_START", [])
    done = ended(here, task_id)
    assert sent(here, "newapi") == {**RAIN, "make_instrumental": False}
    assert (done["task_id"], done["action"], done["status"], done["progress"]) == (task_id, "MUSIC", "SUCCESS", "100%")
    assert done["submit_time"] == here.task(task_id).created_at // 1000
    assert done["finish_time"] == (here.task(task_id).completed_at or 0) // 1000
    first, second = done["data"]
    assert (first["id"], first["title"], first["status"]) == ("clip-newapi-1-1", "Roofs", "complete")
    assert first["audio_url"] == "https://files.example/newapi-1-1.mp3"
    assert first["image_url"] == first["image_large_url"] == "https://files.example/newapi-1-1-large.jpeg"
    assert (first["text"], first["model_name"], first["metadata"]["duration"]) == ("[Verse]\nrain", "chirp-v4", 128.92)
    assert first["metadata"]["gpt_description_prompt"] == RAIN["gpt_description_prompt"]
    assert second["id"] == "clip-newapi-1-2"
