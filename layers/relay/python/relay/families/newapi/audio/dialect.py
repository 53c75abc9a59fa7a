"""The audio API as clients speak it to us: its routes.

As with images a client that asks for a task is answered at once, and any other waits for the outcome as long as a
request may take; where that is too short it is told where its task is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from relay.families.dialect import AnyRoute, Route, Told
from relay.families.newapi.audio import read, write
from relay.families.newapi.audio.words import MOST_INSIDE, PLATFORM, SPEECH, TRANSCRIPTIONS, TRANSLATIONS
from relay.families.newapi.task_documents import WAIT, prefers_async
from relay.families.newapi.words import write_openai_error
from relay.families.uses import CREATE, CREATE_RECORD, RECORD_FACTS, Record
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft
from relay.nouns.task import Task
from relay.nouns.wire import Inbound, Reply


def _alone(write: Callable[[Told[Record]], Reply]) -> Callable[[Told[Task]], Reply]:
    """Speech is told without its request, of which its document says nothing: so an answer may hold the sound."""

    def written(told: Told[Task]) -> Reply:
        task = told.found
        draft = Draft(task.dialect, task.platform, task.kind, task.model)
        return write(Told(Record(task, draft), told.now, told.base_url, told.trace_id, told.refer))

    return written


def _speech() -> Iterator[AnyRoute]:
    accepted, told, error = _alone(write.write_accepted), _alone(write.write_status), write_openai_error
    asked = Route("POST", SPEECH, CREATE, read.read_speech, accepted, error=error, ended=told)
    yield replace(asked, write=_alone(write.write_preferred), when=prefers_async)
    yield replace(asked, when=read.wants_task)
    yield replace(asked, ended=write.write_spoken, wait=WAIT, inline=MOST_INSIDE, padded=False)
    yield Route("GET", f"{SPEECH}/{{audio_id}}", RECORD_FACTS, read.read_query, write.write_status, error=error)


def _transcripts(path: str, reader: Callable[[Inbound, Catalog], Draft]) -> Iterator[AnyRoute]:
    accepted, told = write.write_accepted, write.write_status
    asked = Route("POST", path, CREATE_RECORD, reader, accepted, error=write_openai_error, ended=told)
    yield replace(asked, write=write.write_preferred, when=prefers_async)
    yield replace(asked, when=read.wants_task)
    yield replace(asked, ended=write.write_heard, wait=WAIT, padded=False)
    yield Route("GET", f"{path}/{{audio_id}}", RECORD_FACTS, read.read_query, told, error=write_openai_error)


ROUTES: tuple[AnyRoute, ...] = (
    *_speech(),
    *_transcripts(TRANSCRIPTIONS, read.read_transcription),
    *_transcripts(TRANSLATIONS, read.read_translation),
)
CALLBACKS = {PLATFORM: write.write_callback}
