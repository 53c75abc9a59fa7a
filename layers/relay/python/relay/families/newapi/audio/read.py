"""Reading requests of the audio API: speech as JSON, a recording as a form, or as JSON that says where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from relay.families.asked import TaskQuery
from relay.families.bodies import MAX_TEXT, Body, Media, Url, read_body, read_json
from relay.families.forms import as_data_uri, is_form, read_form
from relay.families.newapi.audio.words import (
    FORMS,
    MOST_TEXT,
    PLATFORM,
    SPEECH_OPTIONS,
    SPOKEN,
    TRANSCRIPT_OPTIONS,
    TRANSLATE,
    VOICES,
)
from relay.families.newapi.task_documents import TRUTH, asks_async, check_async
from relay.families.newapi.words import FAMILY
from relay.families.reading import as_number
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Callback, Draft, Kind, MediaRole, media_of, options_of
from relay.nouns.errors import InvalidParameter
from relay.nouns.wire import Inbound

# What is served by no task: an answer in events, and details that only some of a vendor's models know.
_UNSERVED: Mapping[str, tuple[object, ...]] = {
    "stream": (False,),
    "stream_format": ("audio",),
    "include": ([],),
    "timestamp_granularities": ("segment", ["segment"], []),
}  # by the values that ask for nothing of the kind


class _Speech(Body):
    text: Annotated[str, Field(min_length=1, max_length=MOST_TEXT, alias="input")]
    voice: Literal[VOICES]  # type: ignore[valid-type]
    model: str | None = None
    response_format: Literal[tuple(SPOKEN)] = "mp3"  # type: ignore[valid-type]
    speed: Annotated[float, Field(ge=0.25, le=4.0)] | None = None
    instructions: Annotated[str, Field(max_length=MOST_TEXT)] | None = None
    wants_task: bool | None = Field(None, alias="async")
    callback_url: Url | None = None


class _Transcript(Body):
    file: Media
    model: str | None = None
    prompt: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    response_format: Literal[FORMS] = "json"  # type: ignore[valid-type]
    temperature: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    language: Annotated[str, Field(pattern="^[A-Za-z]{2,3}(-[A-Za-z]{2,4})?$")] | None = None
    wants_task: bool | None = Field(None, alias="async")
    callback_url: Url | None = None


def read_speech(inbound: Inbound, catalog: Catalog) -> Draft:
    check_async(inbound)
    document = read_json(inbound)
    _check_served(document)
    body = read_body(_Speech, document)
    if not body.text.strip():
        raise InvalidParameter("input", "must not be blank", "不能为空白")
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.SPEECH,
        model=catalog.offer(FAMILY, PLATFORM, Kind.SPEECH).model(body.model).name,
        prompt=body.text,
        options=options_of(
            output_format=body.response_format, **{name: getattr(body, name) for name in SPEECH_OPTIONS}
        ),
        callback=Callback(body.callback_url) if body.callback_url else None,
        fields={"prompt": "input", "output_format": "response_format"},
    )


def read_transcription(inbound: Inbound, catalog: Catalog, action: str = "") -> Draft:
    check_async(inbound)
    document = _document(inbound)
    _check_served(document)
    body = read_body(_Transcript, document)
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.TRANSCRIPT,
        model=catalog.offer(FAMILY, PLATFORM, Kind.TRANSCRIPT).model(body.model).name,
        prompt=body.prompt,
        action=action,
        media=media_of(MediaRole.AUDIO, "file", body.file),
        options=options_of(
            output_format=body.response_format, **{name: getattr(body, name) for name in TRANSCRIPT_OPTIONS}
        ),
        callback=Callback(body.callback_url) if body.callback_url else None,
        fields={"output_format": "response_format"},
    )


def read_translation(inbound: Inbound, catalog: Catalog) -> Draft:
    return read_transcription(inbound, catalog, TRANSLATE)


def read_query(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    return TaskQuery(inbound.params["audio_id"], PLATFORM)


def wants_task(inbound: Inbound) -> bool:
    return asks_async(inbound, _document)


def _check_served(document: Mapping[str, object]) -> None:
    for name, usual in _UNSERVED.items():
        if name in document and document[name] not in usual:
            raise InvalidParameter(name, "is not served here", "此处不支持")


def _document(inbound: Inbound) -> dict[str, object]:
    """The fields of a request. In a form the file is a data URI, and everything else a text."""
    if not is_form(inbound):
        return read_json(inbound)
    form = read_form(inbound)
    said = {name.partition("[")[0]: _plain(name, value) for name, value in form.document.items()}
    for name, files in form.files.items():
        if len(files) > 1 or name in said:
            raise InvalidParameter(name, "must be one file", "必须是一个文件")
        said[name] = as_data_uri(files[0])
    return said


def _plain(name: str, value: object) -> object:
    if name == "temperature":
        return value if (number := as_number(value)) is None else number
    return TRUTH.get(str(value).lower(), value) if name in ("async", "stream") else value
