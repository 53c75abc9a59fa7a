"""What we promise to send KIE: exactly what was asked, in each API's own words, or nothing at all."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from relay.families import provider
from relay.families.kie.provider import PROVIDER
from relay.families.provider import Job, Order
from relay.nouns.catalog import Source
from relay.nouns.draft import Callback, Draft, Kind, MediaRole, Medium, Parent
from relay.nouns.errors import Unfit
from relay.nouns.wire import Call
from tests.axes import each_once, table

APIS = PROVIDER.apis
OURS = "https://relay.example/callbacks/kie/ref/token"
IMAGE = Draft("kie", "gpt4o-image", Kind.IMAGE, "gpt4o-image", prompt="a cat")
VIDEO = Draft("aistudio", "kling", Kind.VIDEO, "any", prompt="a cat", action="text2video")
MUSIC = Draft("aistudio", "suno", Kind.MUSIC, "V5", prompt="rain  on\nroofs")
PICTURES = tuple(f"https://files.example/{number}.png" for number in range(20))
SIZES = {"gpt4o-image": ("1:1", "3:2", "2:3"), "veo": ("16:9", "9:16")}
MODELS = {"gpt4o-image": "gpt4o-image", "market": "kling-3.0/video", "veo": "", "suno": "V5"}
MODELS |= {"runway": "runway", "aleph": "runway-aleph", "flux-kontext": "flux-kontext-max"}


FILM = (Medium(MediaRole.VIDEO, "https://files.example/a.mp4"),)
DRAFTS = {**dict.fromkeys(APIS, VIDEO), "suno": MUSIC, "aleph": replace(VIDEO, action="edit", media=FILM)}


def pictures(number: int) -> tuple[Medium, ...]:
    return tuple(Medium(MediaRole.IMAGE, url) for url in PICTURES[:number])


def call(draft: Draft, api: str, model: str | None = None, callback_url: str | None = None) -> Call:
    source = Source("kie", MODELS[api] if model is None else model, api, sizes=SIZES.get(api, ()))
    return APIS[api].write_submit(Order(draft, source, callback_url))


def body(draft: Draft, api: str, model: str | None = None, callback_url: str | None = None) -> dict[str, Any]:
    document = json.loads(call(draft, api, model, callback_url).body)
    assert isinstance(document, dict)
    return document


def test_registry_finds_the_provider() -> None:
    assert provider("kie") is PROVIDER


@pytest.mark.parametrize(
    ("api", "path"),
    [
        ("gpt4o-image", "/api/v1/gpt4o-image/generate"),
        ("market", "/api/v1/jobs/createTask"),
        ("veo", "/api/v1/veo/generate"),
        ("suno", "/api/v1/generate"),
        ("runway", "/api/v1/runway/generate"),
        ("aleph", "/api/v1/aleph/generate"),
        ("flux-kontext", "/api/v1/flux/kontext/generate"),
    ],
)
def test_each_api_has_its_create_path(api: str, path: str) -> None:
    sent = call(DRAFTS[api], api)
    assert (sent.method, sent.url) == ("POST", path)


@pytest.mark.parametrize(
    ("api", "path"),
    [
        ("gpt4o-image", "/api/v1/gpt4o-image/record-info"),
        ("market", "/api/v1/jobs/recordInfo"),
        ("veo", "/api/v1/veo/record-info"),
        ("suno", "/api/v1/generate/record-info"),
        ("runway", "/api/v1/runway/record-detail"),
        ("aleph", "/api/v1/aleph/record-info"),
        ("flux-kontext", "/api/v1/flux/kontext/record-info"),
    ],
)
def test_each_api_has_its_query_path(api: str, path: str) -> None:
    asked = APIS[api].write_query(Job("task_demo"))
    assert (asked.method, asked.url) == ("GET", f"{path}?taskId=task_demo")


def test_query_encodes_opaque_ids() -> None:
    assert APIS["veo"].write_query(Job("sora-2:a/b&c=d 猫")).url.endswith("?taskId=sora-2%3Aa%2Fb%26c%3Dd%20%E7%8C%AB")


def test_submission_may_not_be_repeated() -> None:
    assert not call(IMAGE, "gpt4o-image").repeatable


@pytest.mark.parametrize("api", APIS)
def test_our_callback_url_is_sent_not_the_clients(api: str) -> None:
    draft = replace(DRAFTS[api], callback=Callback("https://client.example/hook"))
    assert body(draft, api, callback_url=OURS)["callBackUrl"] == OURS


@pytest.mark.parametrize("api", APIS)
def test_no_callback_url_is_sent_where_there_is_none(api: str) -> None:
    assert "callBackUrl" not in body(DRAFTS[api], api)


@each_once(
    ("api", APIS),
    ("continued", [{"action": "extend"}, {"parent": Parent("T1")}, {"media": (Medium(MediaRole.VIDEO, PICTURES[0]),)}]),
)
def test_what_an_api_cannot_continue_is_left_to_another_upstream(api: str, continued: dict[str, Any]) -> None:
    kind = next(iter(APIS[api].carries))
    carries = APIS[api].carries[kind]
    if ("parent" in continued and carries.parent) or ("media" in continued and MediaRole.VIDEO in carries.media):
        return
    with pytest.raises(Unfit) as caught:
        APIS[api].first_step(Order(replace(VIDEO, **{"kind": kind, "action": "", **continued}), Source("kie", "", api)))
    assert caught.value.about == next(iter(continued)).replace("media", "video")


JOB = Parent("T1", "2", upstream_task_id="task_demo", upstream_ref="clip_demo")
SAID = {"lyrics": "la", "style": "pop", "title": "Rain", "continue_at": 60}


@table(
    "api, model, changes, path, sent",
    [
        ("veo", "veo3", {}, "/api/v1/veo/extend", {"taskId": "task_demo", "prompt": "on", "model": "quality"}),
        (
            "veo",
            "veo3_fast",
            {"options": {"seed": 12345}},
            "/api/v1/veo/extend",
            {"taskId": "task_demo", "prompt": "on", "seeds": 12345, "model": "fast"},
        ),
        (
            "runway",
            "runway@1080p",
            {},
            "/api/v1/runway/extend",
            {"taskId": "task_demo", "prompt": "on", "quality": "1080p"},
        ),
        (
            "suno",
            "V5",
            {"prompt": ""},
            "/api/v1/generate/extend",
            {"audioId": "clip_demo", "model": "V5", "defaultParamFlag": False},
        ),
        (
            "suno",
            "V5",
            {"prompt": "", "options": SAID},
            "/api/v1/generate/extend",
            {
                "audioId": "clip_demo",
                "model": "V5",
                "defaultParamFlag": True,
                "prompt": "la",
                "style": "pop",
                "title": "Rain",
                "continueAt": 60,
            },
        ),
    ],
)
def test_what_goes_on_from_a_job_names_it_as_its_api_does(
    api: str, model: str, changes: dict[str, Any], path: str, sent: dict[str, Any]
) -> None:
    draft = replace(MUSIC if api == "suno" else VIDEO, **{"prompt": "on", "action": "extend", "parent": JOB, **changes})
    written = call(draft, api, model)
    assert (written.url, json.loads(written.body)) == (path, sent)


@pytest.mark.parametrize("missing", SAID)
def test_a_song_is_extended_as_it_was_or_with_all_that_is_needed(missing: str) -> None:
    said = {name: value for name, value in SAID.items() if name != missing}
    with pytest.raises(Unfit) as caught:
        call(replace(MUSIC, prompt="", action="extend", parent=JOB, options=said), "suno")
    assert caught.value.about == missing


def test_gpt4o_sends_no_optional_field_nobody_set() -> None:
    assert body(IMAGE, "gpt4o-image") == {"prompt": "a cat", "size": "1:1"}


def test_gpt4o_sends_every_field_that_was_set() -> None:
    options = {"enhance_prompt": True, "upload_cn": False, "enable_fallback": True, "fallback_model": "FLUX_MAX"}
    draft = replace(
        IMAGE, media=(*pictures(2), Medium(MediaRole.MASK, PICTURES[2])), count=2, size="3:2", options=options
    )
    assert body(draft, "gpt4o-image") == {
        "prompt": "a cat",
        "filesUrl": list(PICTURES[:2]),
        "maskUrl": PICTURES[2],
        "size": "3:2",
        "nVariants": 2,
        "isEnhance": True,
        "uploadCn": False,
        "enableFallback": True,
        "fallbackModel": "FLUX_MAX",
    }


@each_once(
    (
        "wanted, sent",
        [
            *[(size, size) for size in ("1:1", "3:2", "2:3")],
            *[("16:9", "3:2"), ("4:3", "3:2"), ("9:16", "2:3"), ("3:4", "2:3"), ("21:9", "3:2")],
            *[
                ("1024x1024", "1:1"),
                ("1024x1536", "2:3"),
                ("1536x1024", "3:2"),
                ("1920X1080", "3:2"),
                ("512*768", "2:3"),
            ],
            *[(None, "1:1"), ("", "1:1"), ("large", "1:1"), ("0x0", "1:1"), ("1x0", "1:1"), ("auto", "1:1")],
        ],
    ),
    ("field", ["size", "ratio"]),
)
def test_gpt4o_size_is_the_nearest_of_three(field: str, wanted: str | None, sent: str) -> None:
    assert body(replace(IMAGE, **{field: wanted}), "gpt4o-image")["size"] == sent  # type: ignore[arg-type]


@pytest.mark.parametrize(("count", "sent"), [(1, None), (2, 2), (4, 4)])
def test_gpt4o_variants_are_those_that_were_charged(count: int, sent: int | None) -> None:
    assert body(replace(IMAGE, count=count), "gpt4o-image").get("nVariants") == sent


def test_gpt4o_leaves_more_pictures_than_it_takes_to_another_upstream() -> None:
    with pytest.raises(Unfit, match="takes at most 5") as caught:
        call(replace(IMAGE, media=pictures(6)), "gpt4o-image")
    assert caught.value.about == "image"


@pytest.mark.parametrize(
    ("images", "way"),
    [
        (0, "TEXT_2_VIDEO"),
        (1, "FIRST_AND_LAST_FRAMES_2_VIDEO"),
        (2, "FIRST_AND_LAST_FRAMES_2_VIDEO"),
        (3, "REFERENCE_2_VIDEO"),
    ],
)
def test_veo_way_follows_from_the_images(images: int, way: str) -> None:
    sent = body(replace(VIDEO, media=pictures(images)), "veo")
    assert (sent["generationType"], sent.get("imageUrls", [])) == (way, list(PICTURES[:images]))


@pytest.mark.parametrize(("model", "sent"), [("", "veo3_fast"), ("veo3", "veo3")])
def test_veo_model_has_a_default(model: str, sent: str) -> None:
    assert body(VIDEO, "veo", model)["model"] == sent


@pytest.mark.parametrize(("seconds", "sent"), [(None, None), (4, 4), (8, 8)])
def test_veo_duration_is_the_one_that_was_charged(seconds: int | None, sent: int | None) -> None:
    assert body(replace(VIDEO, duration=seconds), "veo").get("duration") == sent


@pytest.mark.parametrize(("ratio", "sent"), [(None, None), ("16:9", "16:9"), ("9:16", "9:16"), ("4:3", "16:9")])
def test_veo_shape_is_one_of_two(ratio: str | None, sent: str | None) -> None:
    assert body(replace(VIDEO, ratio=ratio), "veo").get("aspect_ratio") == sent


def test_veo_leaves_more_pictures_than_it_takes_to_another_upstream() -> None:
    with pytest.raises(Unfit, match="takes at most 3") as caught:
        call(replace(VIDEO, media=pictures(4)), "veo")
    assert caught.value.about == "image"


def test_suno_without_lyrics_or_style_leaves_all_to_the_model() -> None:
    assert body(MUSIC, "suno", callback_url=OURS) == {
        "model": "V5",
        "prompt": "rain  on\nroofs",
        "customMode": False,
        "instrumental": False,
        "callBackUrl": OURS,
    }


def test_suno_lyrics_are_what_is_sung() -> None:
    assert body(replace(MUSIC, options={"lyrics": "la\nla", "style": "pop"}), "suno") == {
        "model": "V5",
        "prompt": "la\nla",
        "style": "pop",
        "title": "rain on roofs",
        "customMode": True,
        "instrumental": False,
    }


def test_suno_style_alone_is_custom_mode() -> None:
    assert body(replace(MUSIC, options={"style": "pop"}), "suno")["customMode"]


def test_suno_custom_mode_always_has_a_style() -> None:
    assert body(replace(MUSIC, options={"lyrics": "la"}), "suno")["style"] == "rain  on\nroofs"


@pytest.mark.parametrize(("prompt", "title"), [("a" * 200, "a" * 80), ("  ", "Untitled"), ("a" * 79 + " b", "a" * 79)])
def test_suno_title_fits(prompt: str, title: str) -> None:
    assert body(replace(MUSIC, prompt=prompt, options={"lyrics": "la", "style": "pop"}), "suno")["title"] == title


def test_runway_says_its_quality_length_and_picture() -> None:
    asked = replace(VIDEO, media=pictures(1), duration=5, ratio="16:9")
    assert body(asked, "runway", "runway@1080p") == {
        "prompt": "a cat",
        "quality": "1080p",
        "duration": 5,
        "aspectRatio": "16:9",
        "imageUrl": PICTURES[0],
    }


def test_aleph_makes_one_film_over() -> None:
    asked = replace(DRAFTS["aleph"], options={"seed": 7}, ratio="21:9")
    assert body(asked, "aleph") == {"prompt": "a cat", "videoUrl": FILM[0].url, "seed": 7, "aspectRatio": "21:9"}
    with pytest.raises(Unfit, match="has to be one film"):
        call(VIDEO, "aleph")


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({"media": pictures(2)}, "image"),
        ({"options": {"output_format": "webp"}}, "output_format"),
        ({"media": pictures(1), "options": {"safety": 3}}, "safety"),
    ],
)
def test_flux_leaves_what_it_cannot_make_to_another_upstream(changes: dict[str, Any], about: str) -> None:
    with pytest.raises(Unfit) as caught:
        call(replace(IMAGE, **changes), "flux-kontext")
    assert caught.value.about == about
