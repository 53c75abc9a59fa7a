"""Kling's API as we call it, at Kling itself or at an aggregator, and what its refusals mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from urllib.parse import quote

from relay.families.newapi.answers import CODES
from relay.families.newapi.image_host import IMAGE_HOST
from relay.families.newapi.jobs import read_accepted, read_stand
from relay.families.newapi.kling.words import ACTIONS, HOME, IMAGE, PATH, PRO, RATIOS, SOUND_FROM, TEXT
from relay.families.provider import Api, Carries, Job, Order
from relay.families.refusals import BAD_VALUE, FULL, LACKING, OTHER, OUR_KEY, REFUSED_BY_POLICY, Row
from relay.nouns.draft import Draft, Kind, MediaRole
from relay.nouns.errors import Unfit
from relay.nouns.shapes import nearest
from relay.nouns.task import Observation
from relay.nouns.wire import Answer, Call

# Kling's general information, by its own codes; what is not here may have been accepted.
REFUSALS: Mapping[str, Row] = {
    **CODES,
    **dict.fromkeys(("1000", "1001", "1002", "1003", "1004", "1304"), OUR_KEY),
    **dict.fromkeys(("1100", "1101", "1102"), OUR_KEY),  # nothing left on our account there
    **dict.fromkeys(("1103", "1202", "1203"), LACKING),
    **dict.fromkeys(("1200", "1201"), BAD_VALUE),
    **dict.fromkeys(("1300", "1301"), REFUSED_BY_POLICY),
    **dict.fromkeys(("1302", "1303"), FULL),
    **dict.fromkeys(("5000", "5001"), OTHER),
}
_VERSION = re.compile(r"kling-v([0-9]+)(?:-([0-9]+))?")
_FIRST = (MediaRole.IMAGE, MediaRole.FIRST_FRAME)


def write_submit(home: str, order: Order) -> Call:
    draft, model = order.draft, order.source.model
    body: dict[str, object] = {
        "model_name": model.removesuffix(PRO),
        "mode": "pro" if model.endswith(PRO) else "std",
        "prompt": draft.prompt,
        "duration": str(draft.duration),
        **_pictures(draft),
        **_options(draft, model),
    }
    if ratio := nearest(order.source.sizes or RATIOS, draft.ratio, draft.size):
        body["aspect_ratio"] = ratio
    if order.callback_url:
        body["callback_url"] = order.callback_url
    return Call.json("POST", f"{home}{PATH}/{draft.action or TEXT}", body, {"accept": "application/json"})


def _pictures(draft: Draft) -> dict[str, object]:
    """Raises Unfit for pictures that the action does not take, and for an action without those it needs."""
    first, last = draft.urls(*_FIRST), draft.urls(MediaRole.LAST_FRAME)
    if draft.media and draft.action != IMAGE:
        raise Unfit(draft.media[0].role, f"is for {IMAGE}", f"仅用于 {IMAGE}")
    if draft.action == IMAGE and not first and not last:
        raise Unfit("image", "is needed by this model", "该模型需要")
    for role, urls in ((MediaRole.IMAGE, first), (MediaRole.LAST_FRAME, last)):
        if len(urls) > 1:
            raise Unfit(role, "takes at most 1 for this model", "该模型最多 1 个")
    named = {"image": first, "image_tail": last}
    return {name: urls[0] for name, urls in named.items() if urls} | _masks(draft)


def _masks(draft: Draft) -> dict[str, object]:
    """The masks are those of the moving parts, in their order; before them there may be one for what stands still."""
    moving, masks = draft.options.get("dynamic_masks", []), draft.urls(MediaRole.MASK)
    if not isinstance(moving, list) or len(masks) not in (len(moving), len(moving) + 1):
        raise Unfit(
            "dynamic_masks" if "dynamic_masks" in draft.options else "mask",
            "must be one for each moving part",
            "须与每个运动部分对应",
        )
    if masks and not draft.urls(*_FIRST):
        raise Unfit("mask", "needs a picture", "需要图片")
    still, parts = masks[: len(masks) - len(moving)], masks[len(masks) - len(moving) :]
    said: dict[str, object] = {"static_mask": still[0]} if still else {}
    if moving:
        said["dynamic_masks"] = [{"mask": url, **each} for url, each in zip(parts, moving, strict=True)]
    return said


def _options(draft: Draft, model: str) -> dict[str, object]:
    said = draft.options
    guides = [each for each in (MediaRole.LAST_FRAME, MediaRole.MASK) if draft.urls(each)]
    if len(guides) + ("camera_control" in said) > 1:
        raise Unfit(guides[-1], "is not taken together with another guide of motion", "不能与其他运动控制同时使用")
    body = {name: said[name] for name in ("negative_prompt", "cfg_scale", "camera_control") if name in said}
    if said.get("sound") and not _has_sound(model):
        raise Unfit("sound", "is not made by this model", "该模型不支持")
    return body | ({"sound": "on" if said["sound"] else "off"} if "sound" in said and _has_sound(model) else {})


def _has_sound(model: str) -> bool:
    version = _VERSION.match(model)
    return version is not None and (int(version[1]), int(version[2] or 0)) >= SOUND_FROM


def read_submit(answer: Answer, _: Order) -> Observation:
    return read_accepted(answer, REFUSALS)


def write_query(home: str, job: Job) -> Call:
    path = f"{home}{PATH}/{job.action or TEXT}/{quote(job.upstream_task_id, safe='')}"
    return Call("GET", path, {"accept": "application/json"})


_ROLES = (*_FIRST, MediaRole.LAST_FRAME, MediaRole.MASK)
_CARRIED = ("negative_prompt", "cfg_scale", "sound", "camera_control", "dynamic_masks")
CARRIES = {Kind.VIDEO: Carries(ACTIONS, _ROLES, _CARRIED)}


def _api(home: str) -> Api:
    calls = (partial(write_submit, home), read_submit, partial(write_query, home), read_stand)
    return Api(*calls, image_host=IMAGE_HOST, carries=CARRIES)


API, DIRECT = _api(HOME), _api("")  # at an aggregator, and at Kling itself
