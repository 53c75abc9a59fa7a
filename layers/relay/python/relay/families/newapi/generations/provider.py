"""The route for videos of any vendor as we call it."""

from __future__ import annotations

from urllib.parse import quote

from relay.families.newapi.generations.words import PATH, RATIO
from relay.families.newapi.image_host import IMAGE_HOST
from relay.families.newapi.jobs import read_accepted, read_stand
from relay.families.provider import Api, Carries, Job, Order
from relay.nouns.draft import Draft, Kind, MediaRole
from relay.nouns.errors import Unfit
from relay.nouns.shapes import nearest
from relay.nouns.task import Observation
from relay.nouns.wire import Answer, Call


def write_submit(order: Order) -> Call:
    draft = order.draft
    body: dict[str, object] = {"model": order.source.model, "prompt": draft.prompt}
    if draft.duration:
        body["duration"] = draft.duration
    if image := _image(draft):
        body["image"] = image
    metadata = dict(draft.options)
    if shape := nearest(order.source.sizes, draft.size, draft.ratio):
        if ":" in shape:
            metadata[RATIO] = shape
        else:
            body["size"] = shape
    return Call.json("POST", PATH, body | ({"metadata": metadata} if metadata else {}), {"accept": "application/json"})


def _image(draft: Draft) -> str | None:
    if len(draft.media) > 1:
        raise Unfit(draft.media[1].role, "takes at most 1 for this model", "该模型最多 1 个")
    if draft.media and draft.action == "text2video":
        raise Unfit(draft.media[0].role, "is for image2video", "仅用于 image2video")
    if draft.action == "image2video" and not draft.media:
        raise Unfit("image", "is needed by this model", "该模型需要")
    return draft.media[0].url if draft.media else None


def read_submit(answer: Answer, _: Order) -> Observation:
    return read_accepted(answer)


def write_query(job: Job) -> Call:
    return Call("GET", f"{PATH}/{quote(job.upstream_task_id, safe='')}", {"accept": "application/json"})


_ROLES = (MediaRole.IMAGE, MediaRole.FIRST_FRAME)
_OPTIONS = ("negative_prompt", "seed", "style", "cfg_scale", "resolution", "watermark", "enhance_prompt")
CARRIES = {Kind.VIDEO: Carries(("text2video", "image2video"), _ROLES, _OPTIONS)}
API = Api(write_submit, read_submit, write_query, read_stand, image_host=IMAGE_HOST, carries=CARRIES)
