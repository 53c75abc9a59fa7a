"""KIE's APIs end to end: what goes on from a film or a song, whose tasks are whose, and what is charged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from relay.nouns.money import nanos
from tests.axes import table
from tests.functional.harness import Harness, open_account, simulated
from tests.functional.network import CLIENT
from tests.functional.refusals import stored_state

STRANGER = "sk-EXAMPLE-stranger"
SONG = {"prompt": "rain", "customMode": False, "instrumental": False, "model": "V4_5", "callBackUrl": CLIENT}
ON = {"defaultParamFlag": False, "model": "V4_5", "callBackUrl": CLIENT}
FILM = {"prompt": "a cat", "duration": 5, "quality": "720p"}
# Where each API makes, goes on and tells, what is asked, and what names the parent in the second request.
APIS: dict[str, tuple[str, dict[str, Any], str, dict[str, Any], str]] = {
    "suno": ("/api/v1/generate", SONG, "/api/v1/generate/record-info", ON, "audioId"),
    "veo": ("/api/v1/veo/generate", {"prompt": "a cat"}, "/api/v1/veo/record-info", {"prompt": "on"}, "taskId"),
    "runway": (
        "/api/v1/runway/generate",
        FILM,
        "/api/v1/runway/record-detail",
        {"prompt": "on", "quality": "720p"},
        "taskId",
    ),
}


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with simulated() as made:
        made.services.store.accounts.top_up(made.account_id, "more", nanos("1000"), made.now[0])
        open_account(made, "stranger", STRANGER, "99", 3)
        yield made


def made(here: Harness, api: str) -> str:
    """What a client names to go on from a task that has ended."""
    create, body, *_ = APIS[api]
    task_id = str(here.post(create, body)[1]["data"]["taskId"])
    here.run(120)
    return f"{task_id}_2" if api == "suno" else task_id


def extension(create: str) -> str:
    """Where what `create` makes is gone on from."""
    return f"{create if create.endswith('v1/generate') else create.removesuffix('/generate')}/extend"


@table("api", list(APIS))
def test_a_task_is_gone_on_from_as_its_upstream_knows_it(here: Harness, api: str) -> None:
    create, _, record, more, field = APIS[api]
    parent = made(here, api)
    status, document = here.post(extension(create), {**more, field: parent})
    assert status == 200, document
    here.run(120)
    done = here.request("GET", f"{record}?taskId={document['data']['taskId']}")[1]["data"]
    assert done.get("successFlag", 1) == 1
    assert done.get("state", "success") == "success"
    assert here.drift == 0


@table("api", list(APIS))
def test_what_another_account_made_is_not_gone_on_from(here: Harness, api: str) -> None:
    create, _, record, more, field = APIS[api]
    parent = made(here, api)
    extend = extension(create)
    before = stored_state(here)
    status, document = here.post(extend, {**more, field: parent}, key=STRANGER)
    assert (status, document["code"], document["msg"].split()[0]) == (400, 400, field)
    task_id = parent.partition("_")[0]
    assert here.request("GET", f"{record}?taskId={task_id}", key=STRANGER)[1]["code"] == 404
    assert stored_state(here) == before


def test_each_api_tells_its_own_tasks_alone(here: Harness) -> None:
    ids = {api: made(here, api).partition("_")[0] for api in APIS}
    told = {
        (api, asked): here.request("GET", f"{APIS[api][2]}?taskId={ids[asked]}")[0] for api in APIS for asked in APIS
    }
    assert told == {(api, asked): 200 if api == asked else 404 for api in APIS for asked in APIS}


@table(
    "path, body, price",
    [
        (
            "/api/v1/jobs/createTask",
            {"model": "nano-banana-pro", "input": {"prompt": "a", "resolution": "4K"}},
            "1.008",
        ),
        ("/api/v1/jobs/createTask", {"model": "kling-3.0/video", "input": {"prompt": "a", "duration": "5"}}, "3"),
        (
            "/api/v1/jobs/createTask",
            {"model": "kling-3.0/video", "input": {"prompt": "a", "duration": "5", "mode": "pro"}},
            "4.5",
        ),
        ("/api/v1/veo/generate", {"prompt": "a", "resolution": "1080p"}, "3.24"),
        ("/api/v1/runway/generate", {"prompt": "a", "duration": 5, "quality": "1080p"}, "1.44"),
    ],
)
def test_a_value_with_a_price_of_its_own_is_charged_so(
    here: Harness, path: str, body: dict[str, Any], price: str
) -> None:
    balance = here.balance
    status, document = here.post(path, body)
    assert (status, balance - here.balance) == (200, nanos(price)), document


@table(
    "path, body, field",
    [
        ("/api/v1/runway/generate", {"prompt": "a", "duration": 10, "quality": "1080p"}, "duration"),
        (
            "/api/v1/jobs/createTask",
            {"model": "kling-3.0/video", "input": {"prompt": "a", "duration": "20", "mode": "pro"}},
            "input.duration",
        ),
        (
            "/api/v1/jobs/createTask",
            {"model": "nano-banana-pro", "input": {"prompt": "a", "image_input": ["https://files.example/a.png"] * 9}},
            "input.image_input",
        ),
        (
            "/api/v1/flux/kontext/generate",
            {"prompt": "a", "inputImage": "https://files.example/a.png", "safetyTolerance": 5},
            "safetyTolerance",
        ),
    ],
)
def test_what_no_source_carries_is_refused_before_the_charge(
    here: Harness, path: str, body: dict[str, Any], field: str
) -> None:
    before = stored_state(here)
    status, document = here.post(path, body)
    assert (status, document["msg"].split()[0]) == (400, field)
    assert stored_state(here) == before


def test_credits_are_whole_and_two_hundred_to_a_dollar(here: Harness) -> None:
    status, document = here.request("GET", "/api/v1/chat/credit")
    assert (status, document["data"]) == (200, here.balance * 200 * 100 // 720 // nanos("1"))


def test_a_direct_link_is_given_to_whose_result_it_is(here: Harness) -> None:
    task_id = made(here, "veo")
    record = here.request("GET", f"/api/v1/veo/record-info?taskId={task_id}")[1]["data"]
    asked = {"url": record["response"]["resultUrls"][0]}
    assert here.post("/api/v1/common/download-url", asked)[1]["data"] == asked["url"]
    assert here.post("/api/v1/common/download-url", asked, key=STRANGER)[1]["code"] == 404
