"""The audio API at an upstream: every answer met, and what is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from relay.families.newapi.provider import PROVIDER
from relay.families.provider import Order
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole, Medium
from relay.nouns.errors import Refused, Unfit, UnknownOutcome
from relay.nouns.task import Observation, State
from relay.nouns.wire import Answer

API = PROVIDER.apis["audio"]
SOURCE = Source("newapi", "tts-1", "audio")
ERROR = b'{"error": {"message": "no such voice", "type": "invalid_request_error", "code": null}}'


def spoken(answer: Answer, form: str = "mp3") -> Observation:
    seen = API.read_submit(
        answer, Order(Draft("n", "audio", Kind.SPEECH, "m", options={"output_format": form}), SOURCE)
    )
    assert isinstance(seen, Observation)
    return seen


def heard(answer: Answer, form: str = "json") -> Observation:
    draft = Draft("n", "audio", Kind.TRANSCRIPT, "m", options={"output_format": form})
    seen = API.read_submit(answer, Order(draft, SOURCE))
    assert isinstance(seen, Observation)
    return seen


def told(content_type: str, body: bytes = b"\0\1", status: int = 200) -> Answer:
    return Answer(status, body, {"content-type": content_type})


@pytest.mark.parametrize("said", ["audio/pcm", "audio/pcm;rate=24000", "application/octet-stream", "audio/L16", ""])
def test_samples_are_known_by_what_the_answer_calls_them_where_they_were_asked_for(said: str) -> None:
    assert [each.content_type for each in spoken(told(said), "pcm").assets] == ["audio/pcm"]
    assert [each.content_type for each in spoken(told(said), "wav").assets] == [None]


def test_another_type_than_samples_is_judged_by_its_bytes() -> None:
    assert [each.content_type for each in spoken(told("audio/mpeg"), "pcm").assets] == [None]


@pytest.mark.parametrize(
    "answer",
    [
        told("application/json", ERROR, 500),
        told("application/json", b'{"id": 1}'),
        told("text/html", b"<html>"),
        told("audio/mpeg", b""),
        told("application/json", b'{"id": "019b"}', 202),
        told("text/html", b"<html>", 504),
    ],
)
def test_what_may_hide_a_sound_is_no_refusal(answer: Answer) -> None:
    for form in ("mp3", "pcm"):
        with pytest.raises(UnknownOutcome):
            spoken(answer, form)


@pytest.mark.parametrize("read", [spoken, heard])
def test_a_refusal_is_certain(read: Any) -> None:
    with pytest.raises(Refused) as caught:
        read(told("application/json", ERROR, 400))
    assert (caught.value.elsewhere, caught.value.task_code) == (False, "INVALID_PARAMETER")


@pytest.mark.parametrize("form", ["text", "srt", "vtt"])
def test_a_transcript_that_is_a_text_is_kept_as_it_came(form: str) -> None:
    seen = heard(told("text/plain", "\ufeff1\n雨\n\n".encode()), form)
    assert (seen.state, seen.facts) == (State.SUCCEEDED, {"text": "1\n雨"})
    for answer in (told("text/plain", b"\xff\xfe\xff"), told("text/html", b"<html>"), told("text/plain", ERROR)):
        with pytest.raises(UnknownOutcome):
            heard(answer, form)


def test_a_very_long_transcript_leaves_out_what_only_the_model_reads() -> None:
    segment = {"id": 1, "text": "rain", "tokens": list(range(1000))}
    short, long = ({"text": "rain", "segments": [segment] * count, "words": []} for count in (1, 100))
    assert heard(told("application/json", json.dumps(short).encode()), "verbose_json").facts == short
    facts = heard(told("application/json", json.dumps(long).encode()), "verbose_json").facts
    assert facts == {**long, "segments": [{"id": 1, "text": "rain"}] * 100}


def test_what_the_api_has_no_word_for_is_unfit() -> None:
    two = (Medium(MediaRole.AUDIO, "data:a/b;base64,YQ=="),) * 2
    for about, draft in {
        "prompt": Draft("n", "audio", Kind.SPEECH, "m", "a" * 4097),
        "instructions": Draft("n", "audio", Kind.SPEECH, "m", "a", options={"instructions": "softly"}),
        "audio": Draft("n", "audio", Kind.TRANSCRIPT, "m", media=two),
    }.items():
        with pytest.raises(Unfit) as caught:
            API.first_step(Order(draft, SOURCE))
        assert caught.value.about == about
