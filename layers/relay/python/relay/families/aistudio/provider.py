"""The relay platform family as an upstream: how we ask it for work, and how we read what it says."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from relay.families.aistudio.words import ERRORS, RATIOS, TASK_TYPES
from relay.families.provider import Api, Carries, Job, Order, Provider
from relay.families.reading import (
    MAX_ASSETS,
    MAX_CODE,
    Record,
    as_id,
    as_number,
    as_object,
    as_text,
    is_url,
    parse,
    read_wait,
)
from relay.families.refusals import BAD_VALUE, FULL, LACKING, OTHER, OUR_KEY, Row, refused
from relay.nouns.draft import Kind, MediaRole
from relay.nouns.errors import BadInput, Refused, Unfit, UnknownOutcome, Unreadable
from relay.nouns.faults import Fault
from relay.nouns.shapes import nearest
from relay.nouns.task import FAULTS, TERMINAL, Asset, Observation, State
from relay.nouns.wire import Answer, Call, Inbound

# Platform API reference, platforms and task query: seven status words, each of which is our own word as well.
STATUSES = {state.value: state for state in (State.PENDING, State.QUEUED, State.PROCESSING, *TERMINAL)}

# Codes of a task's error that mean here what they mean there; others are a failed generation by another name.
TASK_CODES = frozenset(
    {
        *("GENERATION_FAILED", "TASK_TIMEOUT", "TASK_CANCELLED"),
        *("API_ERROR", "INVALID_PARAMETER", "CONTENT_POLICY_VIOLATION"),
    }
)


# Platform API reference, errors: by HTTP status and code; the empty code stands for all others of that status.
REFUSALS: Mapping[tuple[int, str], Row] = {
    (400, "INVALID_PARAMETER"): BAD_VALUE,
    (400, "MISSING_REQUIRED_FIELD"): BAD_VALUE,
    (400, "API_NOT_IMPLEMENTED"): LACKING,
    (401, ""): OUR_KEY,
    (402, ""): OUR_KEY,  # our balance there is used up
    (403, "ACCOUNT_FROZEN"): OUR_KEY,
    (403, ""): OUR_KEY._replace(key=False),
    (404, "NOT_FOUND"): LACKING,
    (429, ""): FULL,
}

MAX_SECONDS = 10**6
IMAGES = (MediaRole.IMAGE, MediaRole.FIRST_FRAME)
OPTIONS = ("lyrics", "style")


def _write_submit(order: Order) -> Call:
    draft, source = order.draft, order.source
    if len(draft.media) > 1:
        raise Unfit(draft.media[1].role, "is more than this model takes", "超出该模型的上限")
    fields: dict[str, object] = {"prompt": draft.prompt, "model": source.model}
    if draft.kind is Kind.IMAGE:
        fields |= {"size": nearest(source.sizes, draft.size, draft.ratio), "count": draft.count}
    elif draft.kind is Kind.VIDEO:
        fields |= _video(order)
    elif not draft.prompt:
        raise Unfit("prompt", "is required by this model", "该模型必填")
    else:  # music has no choice of model
        fields |= {"model": None, **{name: draft.options.get(name) for name in OPTIONS}}
    return _post(order.label, TASK_TYPES[draft.kind], {**fields, "callback_url": order.callback_url})


def _video(order: Order) -> dict[str, object]:
    draft = order.draft
    fields: dict[str, object] = {"action": draft.action or "text2video", "duration": draft.duration}
    if draft.action != "extend":  # a continued video keeps the shape it has
        return fields | {
            "aspect_ratio": nearest(order.source.sizes or RATIOS, draft.ratio, draft.size),
            "image_url": next(iter(draft.urls(*IMAGES)), None),
        }
    if draft.parent:
        return fields | {"task_id": draft.parent.upstream_task_id}
    return fields | {"video_url": draft.url(MediaRole.VIDEO)}


def _read_submit(answer: Answer, _: Order) -> Observation:
    document = as_object(answer.body)
    job = as_id(document.get("task_id"))
    if 200 <= answer.status < 300 and job:
        return Observation(State.QUEUED, job)
    code, words = _error(document)
    status = answer.status if answer.status >= 400 else ERRORS.get(code, 0)
    # outside 4xx a no is certain only in the family's own words: a proxy's may hide a job that was started
    if 400 <= answer.status < 500 or (document.get("success") is False and code and status):
        raise _refused(answer, status, code, words)
    raise UnknownOutcome("the upstream gave no readable answer")


def _refused(answer: Answer, status: int, code: str, words: str) -> Refused:
    row = REFUSALS.get((status, code)) or REFUSALS.get((status, "")) or OTHER
    return refused(row, code or str(status), words, read_wait(answer))


def _write_query(job: Job) -> Call:
    return _post(job.label, "tasks", {"task_id": job.upstream_task_id})


def _write_cancel(job: Job) -> Call:
    """Our own addition to the wire: an upstream that is a relay like this one knows it, another answers 404."""
    return _post(job.label, "tasks/cancel", {"task_id": job.upstream_task_id})


def _read_query(answer: Answer) -> Observation:
    document = as_object(answer.body) if answer.status == 200 else {}
    word = document.get("status")
    if not isinstance(word, str) or not word:
        raise Unreadable("the upstream gave no readable status")
    job, state = as_id(document.get("task_id")), STATUSES.get(word)
    if state is None:
        return Observation(State.PROCESSING, job, unknown_word=as_text(word, MAX_CODE) or "?")
    if state is State.SUCCEEDED:
        return Observation(state, job, assets=_assets(document))
    return Observation(state, job, fault=_fault(document, FAULTS[state]) if state in TERMINAL else None)


def _assets(document: Record) -> tuple[Asset, ...]:
    lists = [document.get("images"), [document.get("video")], document.get("music")]
    items = [item for found in lists if isinstance(found, list) for item in found if isinstance(item, dict)]
    return tuple(_asset(item) for item in items if is_url(item.get("url")))[:MAX_ASSETS]


def _asset(item: Record) -> Asset:
    said = item.get("duration")
    seconds = None if isinstance(said, str) else as_number(said)
    known = seconds is not None and 0 <= seconds <= MAX_SECONDS
    return Asset(item["url"], seconds if known else None, as_text(item.get("title")) or None)


def _fault(document: Record, usual: Fault) -> Fault:
    code, words = _error(document)
    if not code or code in TASK_CODES:
        return Fault(code or usual.code, words)
    return Fault(FAULTS[State.FAILED].code, words, code)


def _error(document: Record) -> tuple[str, str]:
    """The code and words of an error; empty where there are none."""
    error = as_object(document.get("error"))
    return as_text(error.get("code"), MAX_CODE), as_text(error.get("message"))


def _post(platform: str, segment: str, fields: Mapping[str, object]) -> Call:
    given = {name: value for name, value in fields.items() if value is not None}
    return Call.json("POST", f"/api/{quote(platform, safe='')}/{segment}", given, {"accept": "application/json"})


class AistudioProvider(Provider):
    family = "aistudio"

    def read_callback(self, inbound: Inbound, now: int, webhook_key: str | None) -> str | None:
        document = parse(inbound.body)
        if document is None:
            raise BadInput("the body holds no JSON", "请求体不是有效的 JSON")
        return as_id(as_object(document).get("task_id"))


CARRIES = {
    Kind.IMAGE: Carries(),
    Kind.VIDEO: Carries(("text2video", "image2video", "extend"), (*IMAGES, MediaRole.VIDEO), parent=True),
    Kind.MUSIC: Carries(options=OPTIONS),
}
_API = Api(_write_submit, _read_submit, _write_query, _read_query, write_cancel=_write_cancel, carries=CARRIES)
PROVIDER = AistudioProvider({"": _API})
