"""The unified video API as we call it: how we ask for a film, and how we read every spelling of what is said of it."""

from __future__ import annotations

from urllib.parse import quote

from relay.families.newapi.answers import read_error, refusal
from relay.families.newapi.image_host import IMAGE_HOST
from relay.families.newapi.video.words import (
    COMPONENTS,
    CREATE_PATH,
    FRAMES,
    MADE,
    ORIENTATIONS,
    QUERY_PATH,
    RATIOS,
    RESOLUTIONS,
    STATES,
    most_images,
)
from relay.families.provider import Api, Carries, Job, Order
from relay.families.reading import MAX_CODE, Record, as_id, as_number, as_object, as_text, is_url
from relay.families.refusals import POLICY, speaks_of_policy
from relay.nouns.draft import Draft, Kind, MediaRole
from relay.nouns.errors import Unfit, Unreadable
from relay.nouns.faults import Fault
from relay.nouns.shapes import nearest
from relay.nouns.task import FAULTS, TERMINAL, Asset, Observation, State
from relay.nouns.wire import Answer, Call

_VEO = "veo"
_SIZES = {resolution: word for word, resolution in RESOLUTIONS.items()}
_ORIENTATION = {ratio: word for word, ratio in ORIENTATIONS.items()}


def write_submit(order: Order) -> Call:
    draft, model = order.draft, order.source.model
    body: dict[str, object] = {"model": model, "prompt": draft.prompt, "images": _images(draft, model)}
    if draft.duration and not model.startswith(_VEO):  # Veo's films are of one length
        body["duration"] = draft.duration
    if ratio := nearest(RATIOS, draft.ratio, draft.size):
        body |= {"aspect_ratio": ratio} if model.startswith(_VEO) else {"orientation": _ORIENTATION[ratio]}
    return Call.json("POST", CREATE_PATH, body | _options(draft, model), {"accept": "application/json"})


def _images(draft: Draft, model: str) -> list[str]:
    """All images in one list, whose order says which is which. Raises Unfit for what the list could not say."""
    taken = {MediaRole.IMAGE, MediaRole.FIRST_FRAME}
    taken |= {MediaRole.LAST_FRAME} if model.endswith(FRAMES) else set()
    taken = {MediaRole.IMAGE, MediaRole.REFERENCE} if model.endswith(COMPONENTS) else taken
    for medium in draft.media:
        if medium.role not in taken:
            raise Unfit(medium.role, "is not taken by this model", "该模型不支持")
    urls = draft.urls(MediaRole.IMAGE, MediaRole.FIRST_FRAME, MediaRole.REFERENCE)
    last = draft.urls(MediaRole.LAST_FRAME)
    if last and not urls:
        raise Unfit(MediaRole.LAST_FRAME, "needs a first frame", "需要首帧")
    if len(urls) + len(last) > most_images(model):
        raise Unfit(
            "image", f"takes at most {most_images(model)} for this model", f"该模型最多 {most_images(model)} 个"
        )
    return [*urls, *last]


def _options(draft: Draft, model: str) -> dict[str, object]:
    said, body = draft.options, dict[str, object]()
    if resolution := said.get("resolution"):
        if resolution not in _SIZES:
            raise Unfit("resolution", f"must be one of: {', '.join(_SIZES)}", f"必须是以下之一：{', '.join(_SIZES)}")
        body["size"] = _SIZES[str(resolution)]
    if "watermark" in said:
        if said["watermark"]:
            raise Unfit("watermark", "cannot be asked for from this model", "该模型不支持")
        body["watermark"] = False  # the wire's true would let a film with one pass
    if said.get("upsample") and not model.startswith(_VEO):
        raise Unfit("upsample", "is not taken by this model", "该模型不支持")
    wire = {"private": "private", "enhance_prompt": "enhance_prompt", "upsample": "enable_upsample"}
    return body | {field: said[name] for name, field in wire.items() if name in said}


def read_submit(answer: Answer, _: Order) -> Observation:
    document = as_object(answer.body)
    holders = (document, as_object(document.get("data")))
    job = next((found for each in holders for name in ("id", "task_id") if (found := as_id(each.get(name)))), None)
    if 200 <= answer.status < 300 and job:
        return Observation(State.QUEUED, job)
    raise refusal(answer)


def write_query(job: Job) -> Call:
    return Call("GET", f"{QUERY_PATH}?id={quote(job.upstream_task_id, safe='')}", {"accept": "application/json"})


def read_query(answer: Answer) -> Observation:
    document = as_object(answer.body) if answer.status == 200 else {}
    data, detail = as_object(document.get("data")), as_object(document.get("detail"))
    said = document.get("status") or data.get("status")
    if not isinstance(said, str) or not said.strip():
        raise Unreadable("the upstream gave no readable status")
    word, job, url = said.strip().lower(), as_id(document.get("id")), _url(document, data, detail)
    state = STATES.get(word)
    if state is None:
        return Observation(State.PROCESSING, job, unknown_word=as_text(said, MAX_CODE) or "?")
    if word in MADE and url and _is_final(detail):
        state = State.SUCCEEDED
    if state is State.SUCCEEDED:
        return Observation(state, job, 100.0, (Asset(url),) if url else ())
    if state in TERMINAL:
        return Observation(state, job, _progress(document, detail), fault=_fault(document, detail, state))
    return Observation(state, job, _progress(document, detail))


def _url(document: Record, data: Record, detail: Record) -> str | None:
    """Where the film is; some gateways put it between spaces or backticks."""
    said = [document.get(name) for name in ("video_url", "url", "result_url")]
    said += [as_object(document.get("metadata")).get("url"), data.get("video_url"), detail.get("video_url")]
    found = (each.strip(" `") for each in said if isinstance(each, str))
    return next((each for each in found if is_url(each)), None)


def _is_final(detail: Record) -> bool:
    """Whether a film that was made is all that was asked for: only the job's own input can say that it is not."""
    asked = as_object(detail.get("input"))
    return bool(asked) and not asked.get("enable_upsample")


def _progress(document: Record, detail: Record) -> float:
    said = document.get("progress")
    percent = as_number(said.strip().removesuffix("%") if isinstance(said, str) else said)
    if percent is None:
        part = as_number(as_object(detail.get("pending_info")).get("progress_pct"))
        percent = None if part is None else part * 100
    return min(max(percent or 0.0, 0.0), 100.0)


def _fault(document: Record, detail: Record, state: State) -> Fault:
    code, words = read_error({"error": document.get("error")})
    words = words or as_text(detail.get("error")) or as_text(document.get("fail_reason"))
    policy = speaks_of_policy(f"{code} {words}")
    return Fault(POLICY if policy else FAULTS[state].code, words, code)


_ROLES = (MediaRole.IMAGE, MediaRole.FIRST_FRAME, MediaRole.LAST_FRAME, MediaRole.REFERENCE)
_OPTIONS = ("resolution", "watermark", "private", "enhance_prompt", "upsample")
CARRIES = {Kind.VIDEO: Carries(("text2video", "image2video"), _ROLES, _OPTIONS)}
API = Api(write_submit, read_submit, write_query, read_query, image_host=IMAGE_HOST, carries=CARRIES)
