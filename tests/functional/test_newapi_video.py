"""A film asked for by new-api's unified video API: from the request to the answer, by whichever family makes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional.harness import Harness, harness, open_account
from tests.functional.refusals import refused

CREATE, QUERY = "/v1/video/create", "/v1/video/query?id="
CLOUDS = {"model": "sora-2", "prompt": "clouds over a field"}
PICTURE = "https://img.example/a.png"


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


def created(here: Harness, **fields: Any) -> str:
    status, document = here.post(CREATE, CLOUDS | fields)
    assert (status, document["status"], document["enhanced_prompt"]) == (200, "pending", ""), document
    return str(document["id"])


@pytest.mark.parametrize("upstream", ["newapi", "aistudio"])
def test_a_film_is_made_by_whichever_family_has_it(here: Harness, upstream: str) -> None:
    here.switch_on(upstream)
    task_id = created(here, duration=10, orientation="portrait")
    here.pump()
    asked = json.loads(here.network.sent(f"{upstream}.submit")[0].body)
    shape = asked["orientation"] if upstream == "newapi" else asked["aspect_ratio"]
    assert (asked["duration"], shape) == (10, "portrait" if upstream == "newapi" else "9:16")

    status, running = here.request("GET", QUERY + task_id)
    assert (status, running["status"], running["video_url"], running["error"]) == (200, "pending", None, None)
    here.network.finish()
    here.run(60)
    _, done = here.request("GET", QUERY + task_id)
    assert (done["status"], done["progress"], done["video_url"]) == ("completed", 100, "https://files.example/a.mp4")
    assert (done["id"], done["status_update_time"]) == (task_id, here.task(task_id).completed_at)


def test_a_failure_is_told_in_words_and_paid_back(here: Harness) -> None:
    here.switch_on("newapi")
    task_id, before = created(here, duration=10), here.balance
    here.pump()
    here.network.finish("failed")
    here.run(60)
    _, told = here.request("GET", QUERY + task_id)
    assert (told["status"], told["video_url"]) == ("failed", None)
    assert told["error"].startswith("the generation failed")
    assert here.balance > before
    assert here.drift == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"model": "sora-9"}, "model"),
        ({"duration": 61}, "duration"),
        ({"duration": 20}, "duration"),
        ({"images": [PICTURE, PICTURE]}, "images"),
        ({"images": ["http://127.0.0.1/a.png"]}, "images"),
        ({"prompt": ""}, "prompt"),
    ],
)
def test_a_refusal_names_the_clients_field_and_changes_nothing(here: Harness, body: dict[str, Any], field: str) -> None:
    here.switch_on("newapi")
    refusal = refused(here, "POST", CREATE, CLOUDS | body)
    assert (refusal.status, refusal.code) == (400, "invalid_value")
    assert field in refusal.message
    status, document = here.post(CREATE, CLOUDS | body)
    assert (status, document["error"]["param"].partition("[")[0]) == (400, field)


def test_a_task_is_found_by_its_account_and_at_its_own_api_alone(here: Harness) -> None:
    here.switch_on("newapi", "aistudio")
    task_id, other = created(here, duration=10), here.submit_image()
    open_account(here, "stranger", "sk-EXAMPLE-stranger", "9", 3)
    assert refused(here, "GET", QUERY + task_id, key="sk-EXAMPLE-stranger").code == "task_not_exist"
    for wrong in (other, "none", f"{task_id}%23request", "sora-2%3Atask_demo"):
        assert refused(here, "GET", QUERY + wrong).status == 404
    assert refused(here, "GET", QUERY).code == "missing_required_parameter"


def test_a_wrong_method_and_a_broken_body_are_told_in_openais_shape(here: Harness) -> None:
    wrong = refused(here, "PUT", CREATE, CLOUDS)
    assert (wrong.code, wrong.headers["allow"]) == ("not_found", "POST")
    assert refused(here, "POST", CREATE, raw=b"{").status == 400
