"""Midjourney on both sides: every answer met, every action both ways, and the ids of its buttons."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.families.newapi.dialect import DIALECT
from relay.families.newapi.midjourney.words import ACTS, read_button
from relay.families.newapi.provider import PROVIDER
from relay.families.provider import Order, Step
from relay.families.uses import CREATE, CREATE_RECORD
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole, Medium, Parent, media_of
from relay.nouns.errors import BadInput, Refused, Unfit, UnknownOutcome, Unreadable
from relay.nouns.task import Asset, Observation, State
from relay.nouns.wire import Answer, Inbound
from tests.speaking import CATALOG, Speaker
from tests.unit.asking import ORDER, submitted

SAID: dict[str, Any] = json.loads((Path(__file__).parents[1] / "fixtures/newapi/midjourney.json").read_text("utf-8"))
API = PROVIDER.apis["midjourney"]
PICTURE, OTHER = "https://img.example/a.png", "https://img.example/b.png"
HASH = "0a1b2c3d-0000-4000-8000-00112233ffee"


def answer(document: object, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(document).encode(), headers)


# --- The provider


def test_a_job_is_accepted_under_its_id_also_where_it_exists_already() -> None:
    found = {name: submitted(API, answer(said["answer"])) for name, said in SAID["submits"].items()}
    assert found == {
        name: Observation(State.SUCCEEDED, said["id"], 100.0, (Asset(said["url"]),))
        if "url" in said
        else Observation(State.QUEUED, said["id"])
        for name, said in SAID["submits"].items()
    }


@pytest.mark.parametrize("name", SAID["refusals"])
def test_each_code_is_the_refusal_it_means(name: str) -> None:
    said = SAID["refusals"][name]
    with pytest.raises(Refused) as caught:
        submitted(API, answer(said["answer"], said.get("status", 200), **{"retry-after": "9"}))
    found = caught.value
    assert (found.elsewhere, found.key, found.task_code) == (
        said["elsewhere"],
        said.get("key", False),
        said["task_code"],
    )
    assert found.wait == (9 if said.get("wait") else None)


def test_what_may_hide_a_job_is_no_refusal() -> None:
    for name, said in SAID["unknown"].items():
        with pytest.raises(UnknownOutcome):
            pytest.fail(f"{name}: {submitted(API, answer(said['answer'], said.get('status', 200)))}")


@pytest.mark.parametrize("name", SAID["queries"])
def test_every_word_for_how_a_job_stands_is_read(name: str) -> None:
    said = SAID["queries"][name]
    seen = API.read_query(answer(said["answer"]))
    assert (seen.state, seen.upstream_task_id, seen.unknown_word) == (said["state"], "1", said.get("unknown"))
    assert [asset.url for asset in seen.assets] == said.get("urls", [])
    assert seen.facts == said.get("facts", {})
    assert [seen.fault.code, seen.fault.words] == said["fault"] if seen.fault else "fault" not in said
    assert seen.progress == said.get("progress", 100 if seen.state is State.SUCCEEDED else 0)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
        ["code", "result", "properties", "status", "imageUrl", "buttons", "customId", "progress", "id", "failReason",
         "action", "videoUrls", "url", "description", "promptEn", "finalPrompt", "type", "style"]), inner, max_size=6),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(
    body=JSON.map(lambda said: json.dumps(said).encode()) | st.binary(max_size=60),
    status=st.sampled_from([200, 400, 429, 500]),
)
def test_hostile_answers_end_in_the_errors_of_the_tree(body: bytes, status: int) -> None:
    for read in (lambda said: API.read_submit(said, ORDER), API.read_query):
        with suppress(Refused, UnknownOutcome, Unreadable):
            assert isinstance(read(Answer(status, body)), Observation | Step)


def test_a_window_is_confirmed_with_what_the_client_said_and_keeps_its_job() -> None:
    draft = follow("inpaint", "MJ::Inpaint::1::x::SOLO", prompt="a hat", media=(Medium(MediaRole.MASK, PICTURE),))
    first = API.first_step(order(draft))
    step = first.read(answer({"code": 21, "description": "Waiting for window confirm", "result": "job-2"}))
    assert isinstance(step, Step)
    assert (step.call.url, json.loads(step.call.body)) == (
        "/mj/submit/modal",
        {"taskId": "job-2", "prompt": "a hat", "maskBase64": PICTURE},
    )
    assert step.read(answer({"code": 1, "result": "job-2"})) == Observation(State.QUEUED, "job-2")
    assert step.read(answer({"code": 22, "result": ""})) == Observation(State.QUEUED, "job-2")
    with pytest.raises(Refused):
        step.read(answer({"code": 24, "description": "sensitive"}))


# --- Both ways


def follow(action: str, button: str, **fields: Any) -> Draft:
    parent = Parent("t1", button, upstream_task_id="job-1", upstream_ref=button)
    act = ACTS[action]
    return Draft("newapi", "mj", act.kind, act.model, action=action, parent=parent, **fields)


def order(draft: Draft) -> Order:
    return Order(draft, Source("midjourney", draft.model, "midjourney"))


def asked(action: str, prompt: str = "a cat", **fields: Any) -> Draft:
    return Draft("newapi", "mj", ACTS[action].kind, ACTS[action].model, prompt, action, **fields)


IMAGES = media_of(MediaRole.IMAGE, "base64Array", [PICTURE, OTHER])
FRAMES = (Medium(MediaRole.FIRST_FRAME, PICTURE), Medium(MediaRole.LAST_FRAME, OTHER))
REQUESTS: dict[str, tuple[Draft, str, dict[str, object]]] = {
    "imagine": (
        asked("imagine", media=IMAGES, options={"bot_type": "NIJI_JOURNEY"}),
        "/mj/submit/imagine",
        {"prompt": "a cat", "base64Array": [PICTURE, OTHER], "botType": "NIJI_JOURNEY"},
    ),
    "imagine in a hurry": (
        asked("imagine", options={"mode": "turbo"}),
        "/mj-turbo/mj/submit/imagine",
        {"prompt": "a cat"},
    ),
    "blend": (
        asked("blend", "", media=IMAGES, ratio="2:3"),
        "/mj/submit/blend",
        {"base64Array": [PICTURE, OTHER], "dimensions": "PORTRAIT"},
    ),
    "describe": (asked("describe", "", media=IMAGES[:1]), "/mj/submit/describe", {"base64": PICTURE}),
    "shorten": (asked("shorten"), "/mj/submit/shorten", {"prompt": "a cat"}),
    "edits": (asked("edits", media=IMAGES[:1]), "/mj/submit/edits", {"prompt": "a cat", "image": PICTURE}),
    "retexture": (asked("retexture", media=IMAGES[:1]), "/mj/submit/retexture", {"prompt": "a cat", "image": PICTURE}),
    "swap": (
        asked("swap_face", "", media=(Medium(MediaRole.SOURCE, PICTURE), Medium(MediaRole.TARGET, OTHER))),
        "/mj/insight-face/swap",
        {"sourceBase64": PICTURE, "targetBase64": OTHER},
    ),
    "video": (
        asked("video", media=FRAMES, count=2, options={"motion": "high", "loop": True, "resolution": "720p"}),
        "/mj/submit/video",
        {
            **{"prompt": "a cat", "batchSize": 2, "image": PICTURE, "endImage": OTHER},
            **{"motion": "high", "loop": True, "videoType": 720},
        },
    ),
    "extend": (
        replace(asked("extend", count=4), parent=Parent("job-1", "3", upstream_task_id="job-1", upstream_ref="3")),
        "/mj/submit/video",
        {"prompt": "a cat", "batchSize": 4, "action": "extend", "taskId": "job-1", "index": 2},
    ),
    "action": (
        replace(follow("upscale", "MJ::JOB::upsample::2::x"), parent=Parent(
            "job-1", "MJ::JOB::upsample::2::x", upstream_task_id="job-1", upstream_ref="MJ::JOB::upsample::2::x")),
        "/mj/submit/action",
        {"taskId": "job-1", "customId": "MJ::JOB::upsample::2::x"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_each_action_is_asked_for_as_the_wire_says_and_read_back_by_our_own_dialect(name: str) -> None:
    draft, path, body = REQUESTS[name]
    call = API.first_step(order(draft)).call
    assert (call.url, json.loads(call.body)) == (path, body)

    speaker = Speaker(DIALECT, paths=(path,))
    read = speaker.read(CREATE, Inbound("POST", path, call.headers, body=call.body))

    bare = draft.parent and Parent(draft.parent.task_id, draft.parent.ref)
    assert read == replace(draft, parent=bare)


def test_another_familys_request_is_asked_for_by_the_models_own_action() -> None:
    plain = Draft("aistudio", "krea", Kind.IMAGE, "mj_imagine", prompt="a cat", ratio="16:9")
    assert json.loads(API.first_step(order(plain)).call.body) == {"prompt": "a cat --ar 16:9"}
    with pytest.raises(Unfit, match="must go on from"):
        API.first_step(order(replace(plain, model="mj_upscale")))


# --- Buttons

BUTTONS = {
    **{f"MJ::JOB::upsample::{n}::{HASH}": ("upscale", f"U{n}") for n in range(1, 5)},
    **{f"MJ::JOB::variation::{n}::{HASH}": ("variation", f"V{n}") for n in range(1, 5)},
    f"MJ::JOB::reroll::0::{HASH}::SOLO": ("reroll", "R"),
    f"MJ::JOB::low_variation::1::{HASH}::SOLO": ("low_variation", ""),
    f"MJ::JOB::high_variation::1::{HASH}::SOLO": ("high_variation", ""),
    f"MJ::JOB::pan_left::1::{HASH}::SOLO": ("pan", ""),
    f"MJ::Outpaint::50::1::{HASH}::SOLO": ("zoom", ""),
    f"MJ::CustomZoom::{HASH}": ("custom_zoom", ""),
    f"MJ::Inpaint::1::{HASH}::SOLO": ("inpaint", ""),
    f"MJ::JOB::upsample_v6_2x_subtle::1::{HASH}::SOLO": ("upscale_hd", ""),
    f"MJ::JOB::animate_high::1::{HASH}::SOLO": ("animate", ""),
    "MJ::BOOKMARK::x": None,
    "MJ::JOB::upsample::5::x": None,
    "": None,
}


def test_each_button_is_the_action_midjourney_means_by_it() -> None:
    assert {custom_id: read_button(custom_id) for custom_id in BUTTONS} == BUTTONS


@given(st.sampled_from([known for known in BUTTONS if BUTTONS[known]]), st.text(max_size=9))
def test_a_button_is_known_by_its_beginning_alone_and_made_by_an_action_we_sell(known: str, more: str) -> None:
    assert read_button(known + more) == read_button(known)
    assert read_button(f"x{more}{known}") is None
    found = read_button(known)
    assert found
    action, short = found
    act = ACTS[action]
    assert act.button
    assert action in CATALOG.models[act.model].follows
    assert bool(short) == (action in ("upscale", "variation", "reroll"))


@given(st.text(max_size=60))
def test_whatever_a_client_sends_as_a_button_is_read_or_is_none(said: str) -> None:
    found = read_button(said)
    assert found is None or found[0] in ACTS


# --- The dialect

PARENT = {"taskId": "019b76da-9a28-7abc-8def-0123456789ab"}
BAD: dict[str, list[tuple[dict[str, Any], str]]] = {
    "imagine": [
        ({}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": "  "}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"prompt": "a", "base64Array": "x"}, "base64Array"),
        ({"prompt": "a", "base64Array": ["iVBORw0KGgo"]}, "base64Array[0]"),
        ({"prompt": "a", "botType": "MIDJOURNEY"}, "botType"),
        ({"prompt": "a", "state": "s" * 256}, "state"),
        ({"prompt": "a", "notifyHook": "ftp://x"}, "notifyHook"),
        ({"prompt": "a", "accountFilter": {"modes": ["SLOW"]}}, "accountFilter.modes[0]"),
        ({"prompt": "a", "accountFilter": {"modes": ["FAST", "RELAX"]}}, "accountFilter.modes"),
    ],
    "blend": [
        ({}, "base64Array"),
        ({"base64Array": [PICTURE]}, "base64Array"),
        ({"base64Array": [PICTURE] * 6}, "base64Array"),
        ({"base64Array": [PICTURE] * 2, "dimensions": "WIDE"}, "dimensions"),
    ],
    "describe": [({}, "base64"), ({"base64": "x"}, "base64")],
    "shorten": [({}, "prompt")],
    "edits": [({"prompt": "a"}, "image"), ({"image": PICTURE}, "prompt")],
    "retexture": [({"prompt": "a"}, "image")],
    "video": [
        ({}, "prompt"),
        ({"prompt": "a", "motion": "fast"}, "motion"),
        ({"prompt": "a", "videoType": 1080}, "videoType"),
        ({"prompt": "a", "batchSize": 3}, "batchSize"),
        ({"prompt": "a", "action": "extend"}, "taskId"),
        ({"prompt": "a", "action": "extend", **PARENT}, "index"),
        ({"prompt": "a", "action": "extend", **PARENT, "index": 4}, "index"),
    ],
    "change": [
        ({"action": "UPSCALE", "index": 1}, "taskId"),
        (PARENT, "action"),
        ({**PARENT, "action": "ZOOM"}, "action"),
        ({**PARENT, "action": "UPSCALE"}, "index"),
        ({**PARENT, "action": "VARIATION", "index": 5}, "index"),
        ({"taskId": "a b", "action": "REROLL"}, "taskId"),
    ],
    "simple-change": [({}, "content"), ({"content": "t1 X1"}, "content"), ({"content": "t1 U5"}, "content")],
    "action": [(PARENT, "customId"), ({"customId": "MJ::x"}, "taskId"), ({**PARENT, "customId": "MJ::x"}, "customId")],
    "modal": [({}, "taskId")],
}


def test_bad_input_is_refused_naming_the_clients_own_field() -> None:
    found, wanted = [], []
    for name, rows in BAD.items():
        path = f"/mj/submit/{name}"
        (route,) = (each for each in DIALECT.routes if each.path == path)
        for body, field in rows:
            inbound = Inbound("POST", path, {}, body=json.dumps(body).encode())
            try:
                found.append((name, body, route.read(inbound, CATALOG)))
            except BadInput as error:
                assert route.error is not None
                said = json.loads(route.error(error, "t").body)
                assert said["code"] == 4
                assert field in said["description"]
                found.append((name, body, error.field))
            wanted.append((name, body, field))
    assert found == wanted


def test_the_path_and_the_filter_may_say_the_same_mode_and_no_other() -> None:
    path = "/mj-fast/mj/submit/imagine"
    (route,) = (each for each in DIALECT.routes if each.path == path)

    def mode(*modes: str) -> object:
        body = json.dumps({"prompt": "a", "accountFilter": {"modes": modes, "instanceId": "7"}}).encode()
        return route.read(Inbound("POST", path, {}, body=body), CATALOG).options["mode"]

    assert (mode(), mode("FAST")) == ("fast", "fast")
    with pytest.raises(BadInput, match="contradicts"):
        mode("RELAX")


@settings(deadline=None, max_examples=150)
@given(body=JSON.map(lambda said: json.dumps(said).encode()) | st.binary(max_size=60))
def test_hostile_bodies_are_refused_or_read(body: bytes) -> None:
    for route in DIALECT.routes:
        if route.path.startswith("/mj/submit") and route.use == CREATE_RECORD:
            with suppress(BadInput):
                assert isinstance(route.read(Inbound("POST", route.path, {}, body=body), CATALOG), Draft)
