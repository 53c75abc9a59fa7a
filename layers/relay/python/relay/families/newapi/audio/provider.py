"""The audio API as we call it: as OpenAI serves it, where the answer to the request is the outcome, and as a task.

In the first form a recording is sent inside a form; in the second, which relays like this one serve, by its address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from relay.families.forms import write_form
from relay.families.newapi.answers import refusal
from relay.families.newapi.audio.words import (
    DETAILS,
    MOST_TEXT,
    SPEECH,
    SPEECH_OPTIONS,
    SPOKEN,
    SUBTITLES,
    TEXT,
    TRANSCRIPT_OPTIONS,
    TRANSCRIPTIONS,
    TRANSLATE,
    TRANSLATIONS,
)
from relay.families.newapi.task_answers import read_accepted_task, read_task_document
from relay.families.provider import Api, Carries, Job, MediaForm, Mode, Order
from relay.families.reading import Record, as_object, is_url
from relay.nouns.draft import Kind, MediaRole
from relay.nouns.errors import Unfit, UnknownOutcome
from relay.nouns.task import Asset, Observation, State
from relay.nouns.wire import Answer, Call, Json

SECONDS = 600.0  # a recording of an hour takes minutes
LARGEST_ANSWER = 32 << 20  # bytes: 4096 characters as WAV are some 15 MB
LONGEST = 250_000  # characters of the JSON of an outcome, which a row has to hold
OLD_VOICES = ("tts-1", "tts-1-hd")  # models that take no instructions
_BARE = ("application/octet-stream", "binary/octet-stream")


def write_submit(order: Order) -> Call:
    """Speech as JSON, a recording as a form."""
    asked = _asked(order)
    if order.draft.kind is Kind.SPEECH:
        return Call.json("POST", SPEECH, asked)
    said = {name: value if isinstance(value, str) else json.dumps(value) for name, value in asked.items()}
    return write_form("POST", _path(order.draft.action), said, {"file": order.draft.urls(MediaRole.AUDIO)})


def write_task(order: Order) -> Call:
    asked: dict[str, Json] = _asked(order) | {"async": True}
    if order.callback_url:
        asked["callback_url"] = order.callback_url
    if order.draft.kind is Kind.SPEECH:
        return Call.json("POST", SPEECH, asked)
    return Call.json("POST", _path(order.draft.action), asked | {"file": order.draft.url(MediaRole.AUDIO)})


def _path(action: str) -> str:
    return TRANSLATIONS if action == TRANSLATE else TRANSCRIPTIONS


def _asked(order: Order) -> dict[str, Json]:
    """Raises Unfit for what the API has no word for."""
    draft, speech = order.draft, order.draft.kind is Kind.SPEECH
    asked: dict[str, Json] = {"model": order.source.model}
    if speech:
        _check_speech(order)
        asked["input"] = draft.prompt
    elif len(draft.urls(MediaRole.AUDIO)) != 1:
        raise Unfit(MediaRole.AUDIO, "must be one recording", "必须是一个音频文件")
    elif draft.prompt:
        asked["prompt"] = draft.prompt
    if form := draft.options.get("output_format"):
        asked["response_format"] = form
    names = SPEECH_OPTIONS if speech else TRANSCRIPT_OPTIONS
    return asked | {name: draft.options[name] for name in names if name in draft.options}


def _check_speech(order: Order) -> None:
    draft = order.draft
    if len(draft.prompt) > MOST_TEXT:
        raise Unfit("prompt", f"has more than {MOST_TEXT} characters", f"超过 {MOST_TEXT} 个字符")
    if "instructions" in draft.options and order.source.model in OLD_VOICES:
        raise Unfit("instructions", "is not taken by this model", "该模型不支持")


def read_submit(answer: Answer, order: Order) -> Observation:
    """The sound, or the words. One that is no answer raises."""
    read = _read_speech if order.draft.kind is Kind.SPEECH else _read_words
    if not 200 <= answer.status < 300 or answer.status == 202:
        raise refusal(answer)
    return read(answer, str(order.draft.options.get("output_format") or ""))


def _read_speech(answer: Answer, form: str) -> Observation:
    """A sound is known by its bytes when it is stored; bare samples alone are what the answer calls them."""
    said = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not answer.body or said.startswith(("application/json", "text/")):
        raise refusal(answer)
    bare = form == "pcm" and (said in ("", *_BARE) or said.startswith((SPOKEN["pcm"], "audio/l16")))
    sound = Asset("", data=answer.body, content_type=SPOKEN["pcm"] if bare else None)
    return Observation(State.SUCCEEDED, progress=100.0, assets=(sound,))


def _read_words(answer: Answer, form: str) -> Observation:
    """The text as it came where its form is a text, else what the document says."""
    document = as_object(answer.body)
    if form in (TEXT, *SUBTITLES):
        text, said = _text(answer), answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if said in ("text/html", "application/json") or "error" in document:
            raise refusal(answer)
        return Observation(State.SUCCEEDED, progress=100.0, facts={"text": text.strip()})
    if not isinstance(document.get("text"), str):
        raise refusal(answer)
    return Observation(State.SUCCEEDED, progress=100.0, facts=_facts(document))


def _text(answer: Answer) -> str:
    try:
        return answer.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnknownOutcome("the upstream gave no readable answer") from error


def _facts(document: Record) -> Mapping[str, Json]:
    """The words and their details; of a very long recording without the numbers of the model's tokens."""
    facts = {"text": document["text"].strip()} | {name: document[name] for name in DETAILS if name in document}
    segments = facts.get("segments")
    if len(json.dumps(facts)) > LONGEST and isinstance(segments, list):
        facts["segments"] = [
            {name: each[name] for name in each if name != "tokens"} for each in map(as_object, segments)
        ]
    return facts


def read_task(answer: Answer, _: Order) -> Observation:
    return read_accepted_task(answer, _complete)


def write_query(job: Job) -> Call:
    return Call("GET", f"{SPEECH}/{quote(job.upstream_task_id, safe='')}")


def read_query(answer: Answer) -> Observation:
    return read_task_document(answer, _complete)


def _complete(seen: Observation, document: Record) -> Observation:
    url = document.get("url")
    if is_url(url):
        bare = document.get("content_type") == SPOKEN["pcm"]
        return replace(seen, assets=(Asset(url, content_type=SPOKEN["pcm"] if bare else None),))
    return replace(seen, facts=_facts(document)) if isinstance(document.get("text"), str) else seen


CARRIES = {
    Kind.SPEECH: Carries(options=("output_format", *SPEECH_OPTIONS)),
    Kind.TRANSCRIPT: Carries(
        actions=("", TRANSLATE), media=(MediaRole.AUDIO,), options=("output_format", *TRANSCRIPT_OPTIONS)
    ),
}
API = Api(
    write_submit,
    read_submit,
    mode=Mode.ANSWER,
    media_form=MediaForm.DATA,
    seconds=SECONDS,
    largest_answer=LARGEST_ANSWER,
    carries=CARRIES,
)
TASKS = Api(write_task, read_task, write_query, read_query, carries=CARRIES)
