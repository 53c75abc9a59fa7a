"""OpenAI's videos API as we call it, at OpenAI or an aggregator: videos, what goes on from them, and characters."""

from __future__ import annotations

from typing import get_args
from urllib.parse import quote

from relay.families.forms import write_form
from relay.families.newapi.answers import read_error, refusal
from relay.families.newapi.videos.words import (
    CHARACTERS,
    COMPLETED,
    EDITS,
    EVENT_FAILED,
    EXTENSIONS,
    PATH,
    STATES,
    VARIANTS,
    Size,
)
from relay.families.newapi.words import FAULTS
from relay.families.provider import Api, Carries, Job, MediaForm, Mode, Order
from relay.families.reading import MAX_CODE, Record, as_id, as_number, as_object, as_text, is_url
from relay.families.refusals import POLICY, speaks_of_policy
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole
from relay.nouns.errors import Unfit, Unreadable
from relay.nouns.faults import Fault
from relay.nouns.shapes import nearest
from relay.nouns.task import FAULTS as ENDS
from relay.nouns.task import TERMINAL, Asset, Observation, Role, State
from relay.nouns.wire import Answer, Call

_CODES = {code: canonical for canonical, code in FAULTS.items()}
_IMAGES = (MediaRole.IMAGE, MediaRole.FIRST_FRAME, MediaRole.REFERENCE)
_NEW = ("", "text2video", "image2video")
_ACTIONS = ("text2video", "image2video", "remix", "edit", "extend")
CARRIES = {Kind.VIDEO: Carries(_ACTIONS, (*_IMAGES, MediaRole.VIDEO), parent=True)}
CHARACTER_CARRIES = {Kind.CHARACTER: Carries(media=(MediaRole.VIDEO,), options=("title",))}


def write_submit(order: Order) -> Call:
    draft = order.draft
    if draft.action in _NEW:
        return _write_new(draft, order.source)
    if draft.parent:
        return _write_follow(draft, draft.parent.upstream_task_id)
    if draft.action != "extend" or not draft.media:  # what is made of a film is as long as it is, which nobody told us
        raise Unfit("action", "must be a video that was made here", "必须是在此生成的视频")
    fields = {"prompt": draft.prompt, "seconds": str(draft.duration)}
    return write_form("POST", EXTENSIONS, fields, _file(draft, "video", (MediaRole.VIDEO,)))


def _write_new(draft: Draft, source: Source) -> Call:
    if draft.parent:
        raise Unfit("parent", "is not taken by this action", "该操作不支持")
    fields = {"model": source.model, "prompt": draft.prompt, "seconds": str(draft.duration)}
    if size := _size(draft, source.sizes):
        fields["size"] = size
    file = _file(draft, "input_reference", _IMAGES)
    return write_form("POST", PATH, fields, file) if file else Call.json("POST", PATH, fields)


def _file(draft: Draft, name: str, roles: tuple[MediaRole, ...]) -> dict[str, str]:
    """The one file the call takes. Raises Unfit for more, or for another medium."""
    for number, medium in enumerate(draft.media):
        if number or medium.role not in roles:
            raise Unfit(medium.role, "is not taken here, or is more than one", "不支持，或多于一个")
    return {name: draft.media[0].url} if draft.media else {}


def _size(draft: Draft, sizes: tuple[str, ...]) -> str | None:
    """Raises Unfit where pixels are asked for that the API has a word for and this model does not make."""
    if sizes and draft.size in get_args(Size) and draft.size not in sizes:
        known = ", ".join(sizes)
        raise Unfit("size", f"must be one of: {known}", f"必须是以下之一：{known}")
    return nearest(sizes, draft.size, draft.ratio)


def _write_follow(draft: Draft, job: str) -> Call:
    """What goes on from a video of theirs. Its shape is kept, and so is its length where it is not extended."""
    if draft.media:
        raise Unfit(draft.media[0].role, "is not taken together with a video to go on from", "不能同时提供")
    said: dict[str, object] = {"prompt": draft.prompt}
    if draft.action == "remix":
        return Call.json("POST", f"{PATH}/{quote(job, safe='')}/remix", said)
    said["video"] = {"id": job}
    if draft.action == "edit":
        return Call.json("POST", EDITS, said)
    return Call.json("POST", EXTENSIONS, said | {"seconds": str(draft.duration)})


def read_submit(answer: Answer, _: Order) -> Observation:
    document = as_object(answer.body)
    job = as_id(document.get("id")) or as_id(document.get("task_id"))
    if not 200 <= answer.status < 300 or job is None:
        raise refusal(answer)
    seen = _read_video(document, job)
    return Observation(State.QUEUED, job) if seen is None or seen.state not in TERMINAL else seen


def write_query(job: Job) -> Call:
    return Call("GET", f"{PATH}/{quote(job.upstream_task_id, safe='')}", {"accept": "application/json"})


def read_query(answer: Answer) -> Observation:
    document = as_object(answer.body)
    job = as_id(document.get("id")) or as_id(document.get("task_id"))
    seen = _read_video(document, job or "") if 200 <= answer.status < 300 else None
    if seen is None:
        raise Unreadable(f"the upstream answered HTTP {answer.status} and no video")
    return seen


def _read_video(document: Record, job: str) -> Observation | None:
    """The video object; None where it holds no status."""
    word = as_text(document.get("status"), MAX_CODE)
    if not word:
        return None
    state, progress = STATES.get(word.lower()), _progress(document)
    if state is None:
        return Observation(State.PROCESSING, job or None, progress, unknown_word=word)
    if state is State.SUCCEEDED:
        return Observation(state, job or None, 100.0, _assets(document, job))
    return Observation(state, job or None, progress, fault=_fault(document) if state is State.FAILED else None)


def _progress(document: Record) -> float:
    return min(max(as_number(document.get("progress")) or 0.0, 0.0), 100.0)


def _assets(document: Record, job: str) -> tuple[Asset, ...]:
    """The film by its public address, where the upstream tells one; else all it keeps, which only our key opens."""
    length = as_number(document.get("seconds")) or None
    for url in (as_object(document.get("metadata")).get("url"), document.get("url"), document.get("video_url")):
        if is_url(url):
            return (Asset(url, length),)
    if not job:
        return ()
    content = f"{PATH}/{quote(job, safe='')}/content"
    kept = (
        (content if role is Role.MAIN else f"{content}?variant={variant}", role) for variant, role in VARIANTS.items()
    )
    return tuple(Asset(url, length if role is Role.MAIN else None, role=role, private=True) for url, role in kept)


def _fault(document: Record) -> Fault:
    code, words = read_error({"error": document.get("error")})
    canonical = _CODES.get(code, ENDS[State.FAILED].code)
    return Fault(POLICY if speaks_of_policy(words) else canonical, words, code)


def read_event(body: bytes) -> str | None:
    """The job an event of a project is about; None for one about something else."""
    event = as_object(body)
    about_video = event.get("type") in (COMPLETED, EVENT_FAILED)
    return as_id(as_object(event.get("data")).get("id")) if about_video else None


def write_character(order: Order) -> Call:
    fields = {"name": str(order.draft.options.get("title", ""))}
    return write_form("POST", CHARACTERS, fields, _file(order.draft, "video", (MediaRole.VIDEO,)))


def read_character(answer: Answer, _: Order) -> Observation:
    """The answer is the character: it can be used at once."""
    document = as_object(answer.body)
    job = as_id(document.get("id"))
    if not 200 <= answer.status < 300 or job is None:
        raise refusal(answer)
    facts = {"character": {"id": job, "name": as_text(document.get("name"))}}
    return Observation(State.SUCCEEDED, job, 100.0, facts=facts)


API = Api(
    *(write_submit, read_submit, write_query, read_query), events=True, media_form=MediaForm.DATA, carries=CARRIES
)
CHARACTER_API = Api(
    write_character, read_character, mode=Mode.ANSWER, media_form=MediaForm.DATA, carries=CHARACTER_CARRIES
)
