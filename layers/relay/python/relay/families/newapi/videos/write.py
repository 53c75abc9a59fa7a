"""Writing the answers of OpenAI's videos API: OpenAI's video object with new-api's additions."""

from __future__ import annotations

from collections.abc import Callable

from relay.families.dialect import Told
from relay.families.newapi.videos.words import (
    COMPLETED,
    EVENT_FAILED,
    OTHER_FAULT,
    VARIANTS,
    WORDS,
)
from relay.families.newapi.words import FAULTS, LANGUAGE
from relay.families.uses import Record
from relay.nouns.draft import Draft
from relay.nouns.errors import NotFound
from relay.nouns.faults import sentence
from relay.nouns.listing import Page
from relay.nouns.task import FAULTS as ENDS
from relay.nouns.task import TERMINAL, State, Task
from relay.nouns.wire import Json, Reply, compact

REDIRECTED = {"cache-control": "private, no-store"}  # the link in it ends


def write_video(told: Told[Record]) -> Reply:
    return Reply.json(_video(told.found.task, told.found.draft))


def write_list(told: Told[Page[Record]]) -> Reply:
    """Clients ask for the next page after `last_id`, which may be further than the last video they were shown."""
    videos, after = [_video(each.task, each.draft) for each in told.found.items], told.found.after
    document = {
        "object": "list",
        "data": videos,
        "first_id": videos[0]["id"] if videos else None,
        "last_id": after or (videos[-1]["id"] if videos else None),
        "has_more": after is not None,
    }
    return Reply.json(document)


def write_deleted(told: Told[Task]) -> Reply:
    return Reply.json({"id": told.found.task_id, "object": "video.deleted", "deleted": True})


def write_content(variant: str) -> Callable[[Told[Task]], Reply]:
    """A redirect to the file, which needs no key: OpenAI's clients follow it, and send theirs nowhere else."""

    def write(told: Told[Task]) -> Reply:
        task = told.found
        if task.state is not State.SUCCEEDED:
            raise NotFound(f"this video has no content: it is {WORDS[task.status]}", "视频尚无内容")
        file = next((asset for asset in task.assets if asset.role is VARIANTS[variant]), None)
        if file is None:
            raise NotFound(f"this video has no {variant}", "该视频没有此类内容")
        return Reply.see(file.url, REDIRECTED)

    return write


def write_character(told: Told[Record]) -> Reply:
    """It can be named from the first answer on; that it could not be made, only a later answer says."""
    task, draft = told.found.task, told.found.draft
    if task.terminal and task.state is not State.SUCCEEDED:
        raise NotFound(_reason(task)[1])
    name = draft.options.get("title")
    return Reply.json({"id": task.task_id, "created_at": _seconds(task.created_at), "name": name})


def write_event(told: Told[Record]) -> bytes:
    """What a project's webhooks say of a task's end: its id alone."""
    task = told.found.task
    done = task.state is State.SUCCEEDED
    event = {
        "id": f"evt_{task.task_id}",
        "object": "event",
        "created_at": _seconds(task.completed_at or task.created_at),
        "type": COMPLETED if done else EVENT_FAILED,
        "data": {"id": task.task_id},
    }
    return compact(event)


def _video(task: Task, draft: Draft) -> dict[str, Json]:
    done = task.results[:1] if task.state is State.SUCCEEDED else ()
    # an extension lasts as long as what it extends and itself, which its upstream knows
    whole = next((asset.duration for asset in done if asset.duration and draft.action == "extend"), None)
    parent = draft.parent.task_id if draft.parent and draft.action == "remix" else None
    code, words = _reason(task)
    document = {
        "id": task.task_id,
        "object": "video",
        "model": draft.model,
        "status": WORDS[task.status],
        "progress": int(task.progress),
        "created_at": _seconds(task.created_at),
        "completed_at": _seconds(task.completed_at) if task.completed_at else None,
        "expires_at": next((_seconds(asset.expires_at) for asset in done if asset.expires_at), None),
        "seconds": str(round(whole or draft.duration or 0)),
        "size": draft.size or "",
        "prompt": draft.prompt,
        "remixed_from_video_id": parent,
        "error": {"code": code, "message": words} if code else None,
        "task_id": task.task_id,
    }
    return document | ({"metadata": {"url": done[0].url}} if done else {})


def _reason(task: Task) -> tuple[str, str]:
    """Why it failed, as a code and a sentence; empty where it did not."""
    if task.state not in TERMINAL - {State.SUCCEEDED}:
        return "", ""
    fault = task.fault or ENDS[task.state]
    return FAULTS.get(fault.code, OTHER_FAULT), sentence(fault.code, LANGUAGE)


def _seconds(instant: int) -> int:
    return instant // 1000
