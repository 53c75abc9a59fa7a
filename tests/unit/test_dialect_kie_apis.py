"""What the Market, Veo and Suno promise KIE's clients: the samples' exact shapes, and refusals that name the field."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relay.catalog.file import shipped
from relay.families.dialect import Told
from relay.families.kie.dialect import DIALECT
from relay.families.uses import Record
from relay.nouns.draft import Draft, Kind, MediaRole, Medium, Parent
from relay.nouns.errors import BadInput
from relay.nouns.faults import Fault
from relay.nouns.task import Asset, Role, State, Task
from relay.nouns.wire import Inbound
from tests.axes import table

FIXTURES = Path(__file__).parents[1] / "fixtures" / "kie"
CATALOG = shipped()
URL = "https://files.example/a.png"
HOOK = "https://client.example/hook"
KINDS: dict[str, tuple[Kind, str]] = {
    "market": (Kind.IMAGE, "nano-banana-pro"),
    "veo": (Kind.VIDEO, "veo3_fast"),
    "suno": (Kind.MUSIC, "V5"),
}
QUERIES = {
    "market": "/api/v1/jobs/recordInfo",
    "veo": "/api/v1/veo/record-info",
    "suno": "/api/v1/generate/record-info",
}
ASSETS = (Asset(URL),)
SONG = (Asset("https://files.example/a.mp3", 180.5, "Rain", ref="clip"),)
COVER = (Asset("https://files.example/a.jpeg", role=Role.COVER, ref="clip"),)


def sample(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def record(api: str, state: State = State.SUCCEEDED) -> Record:
    kind, model = KINDS.get(api, (Kind.VIDEO, api))
    created = 1767225600000
    task = Task("acc", "task_demo", "kie", api, kind, model, 1, created, created + 1, upstream_task_id="up_1")
    done = state is State.SUCCEEDED
    made = (SONG + COVER if api == "suno" else ASSETS) if done else ()
    ended = created + 60_000 if done or state is State.FAILED else None
    task = replace(task, state=state, progress=100.0 if done else 0.0, assets=made, completed_at=ended)
    facts = {"clips": [{"ref": "clip", "text": "[Verse]\nrain on roofs", "tags": "lofi"}]}
    return Record(task, Draft("kie", api, kind, model, raw={"model": model}), facts if done else {})


def written(api: str, state: State) -> Any:
    (route,) = [route for route in DIALECT.routes if route.path == QUERIES[api]]
    return json.loads(route.write(Told(record(api, state), 0)).body)["data"]


@table("api, state", [(api, state) for api in KINDS for state in State])
def test_a_record_has_the_samples_keys_in_every_state(api: str, state: State) -> None:
    assert set(written(api, state)) == set(sample(f"{api}-record-success")["data"])


def test_a_track_has_the_samples_keys_and_an_id_that_leads_to_its_task() -> None:
    (track,) = written("suno", State.SUCCEEDED)["response"]["sunoData"]
    assert set(track) == {*sample("suno-record-success")["data"]["response"]["sunoData"][0], "modelName"}
    assert track["id"] == "task_demo_1"


@pytest.mark.parametrize(
    ("api", "state", "name"),
    [
        *((api, State.SUCCEEDED, f"{api}-callback-success") for api in ("market", "veo")),
        *((api, State.FAILED, f"{api}-callback-failure") for api in ("market", "veo")),
        ("suno", State.SUCCEEDED, "suno-callback-complete"),
        ("suno", State.FAILED, "suno-callback-error"),
    ],
)
def test_a_callback_is_the_sample(api: str, state: State, name: str) -> None:
    assert json.loads(DIALECT.write_callback(Told(record(api, state), 0))) == sample(name)


@table(
    "api, code, said",
    [
        ("market", "CONTENT_POLICY_VIOLATION", "400"),
        ("market", "INPUT_FETCH_FAILED", "451"),
        ("veo", "INPUT_FETCH_FAILED", 451),
        ("suno", "INVALID_PARAMETER", 400),
        ("suno", "TASK_TIMEOUT", 531),
    ],
)
def test_a_failure_has_the_number_of_its_reason(api: str, code: str, said: object) -> None:
    found = record(api, State.FAILED)
    (route,) = [route for route in DIALECT.routes if route.path == QUERIES[api]]
    failed = found._replace(task=replace(found.task, fault=Fault(code)))
    told = json.loads(route.write(Told(failed, 0)).body)["data"]
    assert (told.get("errorCode") or told.get("failCode")) == said


CALLBACKS: dict[str, tuple[Any, Any]] = {
    "runway": (
        {"code": 200, "data": {"task_id": "task_demo", "video_id": "task_demo", "video_url": URL, "image_url": ""}},
        {"code": 500, "data": {"task_id": "task_demo"}},
    ),
    "aleph": (
        {"code": 200, "taskId": "task_demo", "data": {"result_video_url": URL, "result_image_url": ""}},
        {"code": 400, "taskId": "task_demo", "data": None},
    ),
    "flux-kontext": (
        {"code": 200, "data": {"taskId": "task_demo", "info": {"originImageUrl": None, "resultImageUrl": URL}}},
        {"code": 501, "data": {"taskId": "task_demo", "info": None}},
    ),
}


@pytest.mark.parametrize("api", CALLBACKS)
def test_each_apis_callback_has_a_shape_of_its_own(api: str) -> None:
    for state, wanted in zip((State.SUCCEEDED, State.FAILED), CALLBACKS[api], strict=True):
        told = json.loads(DIALECT.write_callback(Told(record(api, state), 0)))
        assert isinstance(told.pop("msg"), str)
        assert told == wanted


MARKET, VEO, SUNO = "/api/v1/jobs/createTask", "/api/v1/veo/generate", "/api/v1/generate"
RUNWAY, FLUX = "/api/v1/runway/generate", "/api/v1/flux/kontext/generate"
SUNG = {"model": "V5", "callBackUrl": HOOK, "customMode": True, "instrumental": False}
ON = {"model": "V5", "callBackUrl": HOOK, "audioId": "019b_2", "defaultParamFlag": True}


def read(path: str, body: object) -> Draft:
    (route,) = [route for route in DIALECT.routes if route.path == path]
    draft = route.read(Inbound("POST", path, body=json.dumps(body).encode()), CATALOG)
    assert isinstance(draft, Draft)
    return draft


def market(model: str, **given: object) -> dict[str, object]:
    return {"model": model, "input": {"prompt": "a cat", **given}}


@table(
    "path, body, field",
    [
        (MARKET, {"input": {"prompt": "a cat"}}, "model"),
        (MARKET, market("no-such-model"), "model"),
        (MARKET, market("nano-banana-pro@4K"), "model"),
        (MARKET, {"model": "nano-banana-pro"}, "input"),
        (MARKET, {"model": "nano-banana-pro", "input": "a cat"}, "input"),
        (MARKET, market("nano-banana-pro", prompt=" "), "input.prompt"),
        (MARKET, market("nano-banana-pro", seed=7), "input.seed"),
        (MARKET, market("nano-banana-pro", resolution="8K"), "input.resolution"),
        (MARKET, market("nano-banana-pro", resolution=4), "input.resolution"),
        (MARKET, market("nano-banana-pro", output_format="gif"), "input.output_format"),
        (MARKET, market("nano-banana-pro", aspect_ratio="wide"), "input.aspect_ratio"),
        (MARKET, market("nano-banana-pro", image_input=["a.png"]), "input.image_input[0]"),
        (MARKET, market("nano-banana-pro", image_urls=[URL]), "input.image_urls"),
        (MARKET, market("google/nano-banana-edit"), "input.image_urls"),
        (MARKET, market("kling-3.0/video", sound=True), "input.sound"),
        (MARKET, market("kling-3.0/video", mode="4K"), "input.mode"),
        (MARKET, market("kling-3.0/video", duration="long"), "input.duration"),
        (MARKET, {**market("nano-banana-pro"), "callBackUrl": "hook"}, "callBackUrl"),
        (VEO, {}, "prompt"),
        (VEO, {"prompt": " "}, "prompt"),
        (VEO, {"prompt": "a cat", "model": "veo9"}, "model"),
        (VEO, {"prompt": "a cat", "duration": 5}, "duration"),
        (VEO, {"prompt": "a cat", "resolution": "8k"}, "resolution"),
        (VEO, {"prompt": "a cat", "model": "veo3_lite", "resolution": "4k"}, "resolution"),
        (VEO, {"prompt": "a cat", "aspect_ratio": "1:1"}, "aspect_ratio"),
        (VEO, {"prompt": "a cat", "watermark": "mine"}, "watermark"),
        (VEO, {"prompt": "a cat", "imageUrls": [URL] * 4}, "imageUrls"),
        (VEO, {"prompt": "a cat", "generationType": "REFERENCE_2_VIDEO"}, "imageUrls"),
        (VEO, {"prompt": "a cat", "generationType": "TEXT_2_VIDEO", "imageUrls": [URL]}, "imageUrls"),
        ("/api/v1/veo/extend", {"prompt": "on"}, "taskId"),
        ("/api/v1/veo/extend", {"taskId": "t", "prompt": "on", "seeds": 7}, "seeds"),
        ("/api/v1/veo/extend", {"taskId": "t", "prompt": "on", "model": "veo3"}, "model"),
        (RUNWAY, {"prompt": "a cat", "quality": "720p"}, "duration"),
        (RUNWAY, {"prompt": "a cat", "quality": "720p", "duration": 7}, "duration"),
        (RUNWAY, {"prompt": "a cat", "quality": "4k", "duration": 5}, "quality"),
        (RUNWAY, {"prompt": "x" * 1801, "quality": "720p", "duration": 5}, "prompt"),
        (RUNWAY, {"prompt": "a cat", "quality": "720p", "duration": 5, "waterMark": "mine"}, "waterMark"),
        ("/api/v1/runway/extend", {"prompt": "on", "quality": "720p"}, "taskId"),
        ("/api/v1/aleph/generate", {"prompt": "a drawing"}, "videoUrl"),
        ("/api/v1/aleph/generate", {"prompt": "a drawing", "videoUrl": "a.mp4"}, "videoUrl"),
        (FLUX, {"prompt": "a cat", "model": "flux-2"}, "model"),
        (FLUX, {"prompt": "a cat", "outputFormat": "webp"}, "outputFormat"),
        (FLUX, {"prompt": "a cat", "safetyTolerance": 7}, "safetyTolerance"),
        (FLUX, {"prompt": "a cat", "aspectRatio": "wide"}, "aspectRatio"),
        (SUNO, {**SUNG, "prompt": "la", "title": "Rain"}, "style"),
        (SUNO, {**SUNG, "style": "pop", "title": "Rain"}, "prompt"),
        (SUNO, {**SUNG, "prompt": "la", "style": "pop", "title": "x" * 81}, "title"),
        (SUNO, {**SUNG, "customMode": None}, "customMode"),
        (SUNO, {**SUNG, "customMode": False}, "prompt"),
        (SUNO, {**SUNG, "callBackUrl": None}, "callBackUrl"),
        (SUNO, {**SUNG, "customMode": False, "prompt": "rain", "model": "V1"}, "model"),
        (SUNO, {**SUNG, "customMode": False, "prompt": "rain", "styleWeight": 2}, "styleWeight"),
        (SUNO, {**SUNG, "customMode": False, "prompt": "rain", "personaId": "p"}, "personaId"),
        ("/api/v1/generate/extend", {**ON, "audioId": "clip-of-kie"}, "audioId"),
        ("/api/v1/generate/extend", {**ON, "defaultParamFlag": False, "personaId": "p"}, "personaId"),
        ("/api/v1/generate/extend", {**ON, "prompt": "la", "style": "pop", "title": "Rain"}, "continueAt"),
    ],
)
def test_bad_input_names_the_clients_field(path: str, body: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(path, body)
    assert caught.value.field == field
    assert caught.value.message.startswith(field)


@table(
    "path, body, changes",
    [
        (MARKET, market("nano-banana-pro", resolution="4K"), {"model": "nano-banana-pro-4k"}),
        (MARKET, market("nano-banana-pro", output_format="jpg"), {"options": {"output_format": "jpeg"}}),
        (MARKET, market("nano-banana-pro", aspect_ratio="auto"), {"ratio": None}),
        (MARKET, market("nano-banana-pro", image_input=None), {"media": ()}),
        (MARKET, market("kling-3.0/video", mode="pro", duration=5), {"model": "kling-3.0-pro", "duration": 5}),
        (
            MARKET,
            market("kling-3.0/video", image_urls=[URL], sound=False),
            {"action": "image2video", "media": (Medium(MediaRole.IMAGE, URL),)},
        ),
        (VEO, {"prompt": "a cat", "resolution": "4k"}, {"model": "veo3_fast-4k"}),
        (VEO, {"prompt": "a cat", "imageUrls": [URL] * 3}, {"media": (Medium(MediaRole.REFERENCE, URL),) * 3}),
        (
            "/api/v1/veo/extend",
            {"taskId": "t", "prompt": "on", "model": "quality"},
            {"model": "veo3", "parent": Parent("t")},
        ),
        (
            SUNO,
            {**SUNG, "prompt": "la", "style": "pop", "title": "Rain"},
            {"prompt": "", "options": {"instrumental": False, "lyrics": "la", "style": "pop", "title": "Rain"}},
        ),
        (
            SUNO,
            {**SUNG, "instrumental": True, "style": "pop", "title": "Rain", "prompt": ""},
            {"options": {"instrumental": True, "style": "pop", "title": "Rain"}},
        ),
        ("/api/v1/generate/extend", {**ON, "defaultParamFlag": False, "title": "x"}, {"parent": Parent("019b", "2")}),
    ],
)
def test_a_request_becomes_what_is_asked_for(path: str, body: dict[str, Any], changes: dict[str, Any]) -> None:
    draft = read(path, body)
    assert {name: getattr(draft, name) for name in changes} == changes
