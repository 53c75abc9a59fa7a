"""Suno as we call it at an aggregator: how we ask for songs and lyrics, and how we read both styles of its answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from relay.families.newapi.answers import refusal
from relay.families.newapi.jobs import read_progress
from relay.families.newapi.suno.words import ACTIONS, FETCH_PATH, OPTIONS, STATES, SUBMIT_PATH
from relay.families.provider import Api, Carries, Job, Order
from relay.families.reading import (
    MAX_ASSETS,
    MAX_CODE,
    Record,
    as_id,
    as_lines,
    as_object,
    as_objects,
    as_seconds,
    as_text,
    is_url,
)
from relay.families.refusals import POLICY, speaks_of_policy
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import Unfit, Unreadable
from relay.nouns.faults import Fault
from relay.nouns.songs import sung
from relay.nouns.task import FAULTS, Asset, Observation, Role, State
from relay.nouns.wire import Answer, Call, Json

_ACTION = {kind: action for action, kind in ACTIONS.items()}
_YES = ("success", 1, "1", 200)  # new-api's code, and that of other sites


def write_submit(order: Order) -> Call:
    draft = order.draft
    body = {"prompt": draft.prompt} if draft.kind is Kind.TEXT else _music(draft, order.source.model)
    return Call.json("POST", f"{SUBMIT_PATH}/{_ACTION[draft.kind]}", body, {"accept": "application/json"})


def _music(draft: Draft, model: str) -> dict[str, object]:
    """What is sung goes into `prompt`, what the song is about into `gpt_description_prompt`: the wire takes one."""
    song = sung(draft)
    said = {**draft.options, "style": song.style, "title": song.title, "lyrics": song.lyrics}
    body: dict[str, object] = {"mv": model}
    body |= {wire: said[name] for name, wire in OPTIONS.items() if said.get(name) not in (None, "")}
    if not song.lyrics and draft.prompt:
        body["gpt_description_prompt"] = draft.prompt
    if draft.parent:
        body |= {"continue_clip_id": draft.parent.upstream_ref, "task_id": draft.parent.upstream_task_id}
    elif draft.action:
        raise Unfit("action", "must be a song that was made here", "必须是在此生成的歌曲")
    return body


def read_submit(answer: Answer, _: Order) -> Observation:
    document = as_object(answer.body)
    data = document.get("data")
    job = as_id(data) or as_id(as_object(data).get("task_id"))
    if 200 <= answer.status < 300 and document.get("code") in _YES and job:
        return Observation(State.QUEUED, job)
    raise refusal(answer)


def write_query(job: Job) -> Call:
    return Call("GET", f"{FETCH_PATH}/{quote(job.upstream_task_id, safe='')}", {"accept": "application/json"})


def read_query(answer: Answer) -> Observation:
    document = as_object(answer.body) if answer.status == 200 else {}
    task = as_object(document.get("data")) if document.get("code") in _YES else {}
    word = as_text(task.get("status"), MAX_CODE)
    if not word:
        raise Unreadable("the upstream gave no readable status")
    state, job, progress = STATES.get(word.lower()), as_id(task.get("task_id")), read_progress(task)
    if state is None:
        return Observation(State.PROCESSING, job, progress, unknown_word=word)
    if state is State.SUCCEEDED:
        assets = tuple(asset for clip in as_objects(task.get("data")) for asset in _assets(clip))
        return Observation(state, job, 100.0, assets[:MAX_ASSETS], facts=_facts(task))
    return Observation(state, job, progress, fault=_fault(task) if state is State.FAILED else None)


def _assets(clip: Record) -> Iterator[Asset]:
    """The song of a clip, and its picture and film, which are known by the same id."""
    ref, song = as_id(clip.get("id")), clip.get("audio_url")
    if not is_url(song):
        return
    seconds = as_seconds(as_object(clip.get("metadata")).get("duration")) or as_seconds(clip.get("duration"))
    yield Asset(song, seconds, as_text(clip.get("title")) or None, ref=ref)
    for role, names in ((Role.COVER, ("image_large_url", "image_url")), (Role.PREVIEW, ("video_url",))):
        url = next((found for name in names if is_url(found := clip.get(name))), None)
        if url:
            yield Asset(url, role=role, ref=ref)


def _facts(task: Record) -> Mapping[str, Json]:
    """What a success says in words: of each song what is sung and its tags, or lyrics with their title."""
    made = as_objects(task.get("data"))
    songs = [clip for clip in made[:MAX_ASSETS] if is_url(clip.get("audio_url"))]
    if made and not songs:
        return _said(text=as_lines(made[0].get("text")), title=as_text(made[0].get("title")))
    found: list[Json] = [said for clip in songs if len(said := _clip_facts(clip)) > 1]
    return {"clips": found} if found else {}


def _clip_facts(clip: Record) -> dict[str, Json]:
    metadata = as_object(clip.get("metadata"))
    text = as_lines(clip.get("text")) or as_lines(metadata.get("prompt"))
    return {"ref": as_id(clip.get("id")) or "", **_said(text=text, tags=as_text(metadata.get("tags")))}


def _said(**words: str) -> dict[str, Json]:
    return {name: text for name, text in words.items() if text}


def _fault(task: Record) -> Fault:
    """Why it failed: the task says it, or else one of its clips."""
    told = [as_object(clip.get("metadata")) for clip in as_objects(task.get("data"))]
    code = next((found for each in told if (found := as_text(each.get("error_type"), MAX_CODE))), "")
    words = as_text(task.get("fail_reason"))
    words = words or next((found for each in told if (found := as_text(each.get("error_message")))), "")
    return Fault(POLICY if speaks_of_policy(f"{code} {words}") else FAULTS[State.FAILED].code, words, code)


CARRIES = {Kind.MUSIC: Carries(("", "extend"), options=tuple(OPTIONS), parent=True), Kind.TEXT: Carries()}
API = Api(write_submit, read_submit, write_query, read_query, carries=CARRIES)
