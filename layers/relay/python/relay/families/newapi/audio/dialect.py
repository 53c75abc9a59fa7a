"""The audio API as clients speak it to us: its routes.

As with images a client that asks for a task is answered at once, and any other waits for the outcome as long as a
request may take; where that is too short it is told where its task is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from relay.families.dialect import CREATE, CREATE_RECORD, RECORD_FACTS, AnyRoute, Route, Told
from relay.families.newapi.audio import read, write
from relay.families.newapi.audio.words import MOST_INSIDE, PLATFORM, SPEECH, TRANSCRIPTIONS, TRANSLATIONS
from relay.families.newapi.task_documents import WAIT, prefers_async
from relay.families.newapi.words import write_openai_error
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft
from relay.nouns.task import Task
from relay.nouns.wire import Inbound, Reply


def _accept_speech(told: Told[Task]) -> Reply:
    return write.write_accepted(write.of_task(told))


def _prefer_speech(told: Told[Task]) -> Reply:
    return write.write_preferred(write.of_task(told))


def _tell_speech(told: Told[Task]) -> Reply:
    return write.write_status(write.of_task(told))


def _speech() -> Iterator[AnyRoute]:
    asked = Route(
        "POST", SPEECH, CREATE, read.read_speech, _accept_speech, error=write_openai_error, ended=_tell_speech
    )
    yield replace(asked, write=_prefer_speech, when=prefers_async)
    yield replace(asked, when=read.wants_task)
    yield replace(asked, ended=write.write_spoken, wait=WAIT, inline=MOST_INSIDE)
    yield Route(
        "GET", f"{SPEECH}/{{audio_id}}", RECORD_FACTS, read.read_query, write.write_status, error=write_openai_error
    )


def _transcripts(path: str, reader: Callable[[Inbound, Catalog], Draft]) -> Iterator[AnyRoute]:
    accepted, told = write.write_accepted, write.write_status
    asked = Route("POST", path, CREATE_RECORD, reader, accepted, error=write_openai_error, ended=told)
    yield replace(asked, write=write.write_preferred, when=prefers_async)
    yield replace(asked, when=read.wants_task)
    yield replace(asked, ended=write.write_heard, wait=WAIT)
    yield Route("GET", f"{path}/{{audio_id}}", RECORD_FACTS, read.read_query, told, error=write_openai_error)


ROUTES: tuple[AnyRoute, ...] = (
    *_speech(),
    *_transcripts(TRANSCRIPTIONS, read.read_transcription),
    *_transcripts(TRANSLATIONS, read.read_translation),
)
CALLBACKS = {PLATFORM: write.write_callback}
