"""Writing the answers of the audio API: the sound or the words themselves, or how their task stands."""

from __future__ import annotations

from relay.families.dialect import Told
from relay.families.newapi.audio.words import (
    DETAILS,
    OPUS,
    OTHER_FAULT,
    SPEECH,
    SPEECH_OBJECT,
    SPOKEN,
    SUBTITLES,
    TEXT,
    TRANSCRIPT_OBJECT,
    TRANSCRIPTIONS,
    TRANSLATE,
    TRANSLATIONS,
    VERBOSE,
)
from relay.families.newapi.task_documents import as_accepted, task_headers, write_failure, write_head
from relay.families.uses import Record
from relay.nouns.draft import Kind
from relay.nouns.task import State, Task
from relay.nouns.wire import Json, Reply, compact

PLAIN = "text/plain; charset=utf-8"


def write_accepted(told: Told[Record], *, preferred: bool = False) -> Reply:
    """The task, which is asked for again at `Location`: 202 until it has ended."""
    return as_accepted(write_status(told), told.found.task, preferred=preferred)


def write_preferred(told: Told[Record]) -> Reply:
    return write_accepted(told, preferred=True)


def write_status(told: Told[Record]) -> Reply:
    return Reply.json(_document(told.found), 200, _headers(told))


def write_spoken(told: Told[Task]) -> Reply:
    """What a client that waited for speech gets: the sound, or the way to one that no answer holds."""
    task = told.found
    if task.state is not State.SUCCEEDED:
        return write_failure(task, OTHER_FAULT)
    sound, headers = task.results[0], {"location": f"{told.base_url}{SPEECH}/{task.task_id}"}
    if sound.data is None:
        return Reply(303, headers={"location": sound.url})
    return Reply(200, sound.data, _told_type(sound.content_type), headers)


def write_heard(told: Told[Record]) -> Reply:
    """What a client that waited for a transcript gets: it, in the form it asked for."""
    if told.found.task.state is not State.SUCCEEDED:
        return write_failure(told.found.task, OTHER_FAULT)
    facts, form = told.found.facts, told.found.draft.options.get("output_format")
    if form in (TEXT, *SUBTITLES):
        return Reply(200, f"{facts.get('text', '')}\n".encode(), PLAIN, _headers(told))
    return Reply.json(
        _transcript(told.found) if form == VERBOSE else {"text": facts.get("text", "")}, 200, _headers(told)
    )


def write_callback(told: Told[Record]) -> bytes:
    return compact(_document(told.found))


def _document(found: Record) -> dict[str, Json]:
    task = found.task
    speech = task.kind is Kind.SPEECH
    head = write_head(task, SPEECH_OBJECT if speech else TRANSCRIPT_OBJECT, OTHER_FAULT)
    if task.state is not State.SUCCEEDED:
        return head
    if not speech:
        return head | _transcript(found)
    sound = next(iter(task.results), None)
    if sound is None:
        return head
    told = _told_type(sound.content_type)
    return head | {"url": sound.url} | ({"content_type": told} if told else {})


def _transcript(found: Record) -> dict[str, Json]:
    """The words, and what else is known of them."""
    return {name: found.facts[name] for name in DETAILS if name in found.facts} | {"text": found.facts.get("text", "")}


def _told_type(content_type: str | None) -> str:
    return SPOKEN["opus"] if content_type == OPUS else content_type or ""


def _headers(told: Told[Record]) -> dict[str, str]:
    """Where the task is asked for again."""
    task = told.found.task
    home = SPEECH if task.kind is Kind.SPEECH else TRANSLATIONS if task.action == TRANSLATE else TRANSCRIPTIONS
    return dict(task_headers(Told(task, told.now, told.base_url, told.trace_id), f"{home}/{task.task_id}"))
