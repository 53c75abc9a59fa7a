"""Speech and transcripts by OpenAI's audio API: whoever waits gets the sound or the words themselves."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from local.upstreams.newapi.audio import WORDS
from relay.edge.asking import tell
from relay.edge.operations import Ask
from relay.families import dialect
from relay.families.newapi.audio.words import MOST_INSIDE, SPOKEN
from relay.families.uses import Record
from relay.flow import inlining
from relay.flow.uploads import MAX_DIRECT
from relay.nouns.media import sniff
from relay.nouns.money import nanos
from relay.nouns.task import State
from relay.nouns.wire import Answer, Inbound
from tests.functional.aws_fakes import http_event
from tests.functional.harness import KEY, START, Harness, harness
from tests.functional.network import CLIENT, Script
from tests.functional.refusals import refused
from tests.samples import sample

SPEECH, TRANSCRIPTIONS, TRANSLATIONS = (f"/v1/audio/{each}" for each in ("speech", "transcriptions", "translations"))
HELLO: dict[str, Any] = {"model": "tts-1", "input": "Hello, sea.", "voice": "alloy"}
HOST = "https://relay.example.net"
MP3 = sample("mp3")
HEARD = " ".join(WORDS)
LINK = "https://client.example/talk.mp3"


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness(balance="1000", archive=True) as made:
        made.switch_on("newapi")
        yield made


def working(here: Harness) -> None:
    """From here on the workers and upstreams go on while a client waits."""

    def pause(seconds: float) -> None:
        here.run(seconds, step=1)

    here.services = replace(here.services, pause=pause)


def asked(here: Harness, path: str, body: object = None, **how: Any) -> tuple[int, bytes, dict[str, str]]:
    """Status, bytes and headers, whatever was answered."""
    data = how.get("raw") or json.dumps(body).encode()
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json", **how.get("headers", {})}
    reply = here.endpoints["submit"].resolve(http_event("POST", path, headers, data), LambdaContext())
    told = reply["body"]
    got = base64.b64decode(told) if reply["isBase64Encoded"] else told.encode()
    answered = {name.lower(): values[0] for name, values in reply.get("multiValueHeaders", {}).items()}
    return reply["statusCode"], got, answered | {name.lower(): each for name, each in reply.get("headers", {}).items()}


def form(file: bytes = MP3, **fields: str) -> dict[str, Any]:
    part = b'--b\r\ncontent-disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    body = b"".join(part % (name.encode(), b"", text.encode()) for name, text in fields.items())
    body += part % (b"file", b'; filename="talk.mp3"', file)
    return {"raw": body + b"--b--\r\n", "headers": {"content-type": "multipart/form-data; boundary=b"}}


def answering(here: Harness, *answers: Script) -> None:
    here.network.script["newapi.submit"] = list(answers)


# --- Speech


def test_who_waits_for_speech_gets_the_sound_itself_in_each_type_and_pays_by_the_character(here: Harness) -> None:
    working(here)
    told = {}
    for kind, content_type in SPOKEN.items():
        before = here.balance
        status, sound, headers = asked(here, SPEECH, HELLO | {"response_format": kind, "speed": 1.5})
        found = sniff(sound)
        told[kind] = found.extension if found else "nothing"
        assert (status, headers["content-type"], len(sound) > 500) == (200, content_type, True), kind
        task = here.task(headers["location"].rpartition("/")[2])
        assert before - here.balance == task.price == len(HELLO["input"]) * nanos("0.000108")
        assert here.entries(task.task_id) == ["capture", "reserve"]
    assert told == {"mp3": "mp3", "opus": "ogg", "aac": "aac", "flac": "flac", "wav": "wav", "pcm": "nothing"}
    sent = here.network.sent("newapi.submit")
    assert json.loads(sent[-1].body) == {**HELLO, "response_format": "pcm", "speed": 1.5}
    assert (len(sent), here.drift) == (len(SPOKEN), 0)


def test_bare_samples_that_look_like_a_file_stay_samples(here: Harness) -> None:
    working(here)
    samples = sample("wav")
    answering(here, Answer(200, samples, {"content-type": "audio/pcm"}))
    status, sound, headers = asked(here, SPEECH, HELLO | {"response_format": "pcm"})
    assert (status, sound, headers["content-type"]) == (200, samples, "audio/pcm")


def test_an_upstream_that_is_a_relay_like_this_one_makes_speech_as_a_task(here: Harness) -> None:
    sold = here.services.catalog
    model = sold.models["tts-1"]
    as_task = replace(model, sources=(replace(model.sources[0], api="audio-async"),))
    here.services = replace(here.services, catalog=replace(sold, models={**sold.models, "tts-1": as_task}))
    task_id = here.post(SPEECH, HELLO | {"response_format": "pcm", "async": True})[1]["id"]
    here.run(5)
    here.network.script["file"] = [Answer(200, sample("wav"))]
    here.network.finish()
    here.run(120)
    told = here.request("GET", f"{SPEECH}/{task_id}")[1]
    assert (told["status"], told["content_type"]) == ("completed", "audio/pcm")
    assert here.bytes_of(here.task(task_id).assets[0].key or "") == sample("wav")


def test_a_sound_that_no_answer_holds_is_shown_the_way_to(here: Harness) -> None:
    working(here)
    long = MP3 + bytes(MOST_INSIDE)
    answering(here, Answer(200, long, {"content-type": "audio/mpeg"}))
    status, body, headers = asked(here, SPEECH, HELLO)
    assert (status, body, headers["location"].startswith(f"{HOST}/media/results/acc1/")) == (303, b"", True)
    key = headers["location"].partition("?")[0].removeprefix(f"{HOST}/media/")
    assert here.bytes_of(key) == long


@pytest.mark.parametrize(("prefer", "seconds"), [("", 25), ("wait=10", 10)])
def test_who_waits_too_long_is_told_where_to_ask(here: Harness, prefer: str, seconds: int) -> None:
    here.services = replace(here.services, pause=here.wait)
    status, document, headers = here.exchange("POST", SPEECH, HELLO, headers={"prefer": prefer})
    assert (status, document["status"], (here.now[0] - START) // 1000) == (202, "queued", seconds)
    here.run(5)
    told = here.request("GET", headers["location"].removeprefix(HOST))[1]
    assert (told["status"], told["content_type"], told["url"].startswith(f"{HOST}/media/")) == (
        *("completed", "audio/mpeg"),
        True,
    )
    assert here.entries(document["id"]) == ["capture", "reserve"]


@pytest.mark.parametrize(
    ("query", "prefer", "body"),
    [("", "", {"async": True}), ("?async=true", "", {}), ("", "respond-async", {})],
    ids=["body", "query", "header"],
)
def test_a_task_is_answered_at_once_and_its_end_told(
    here: Harness, query: str, prefer: str, body: dict[str, Any]
) -> None:
    status, made, headers = here.exchange(
        "POST", SPEECH + query, HELLO | body | {"callback_url": CLIENT}, headers={"prefer": prefer}
    )
    assert (status, made["object"], made["status"], here.now[0]) == (202, "audio.speech", "queued", START)
    assert headers.get("preference-applied") == (prefer or None)
    here.run(120)
    (told,) = here.told
    assert json.loads(told.body)["id"] == made["id"]


BLOCKED = {"error": {"message": "blocked by our safety system", "code": "moderation_blocked"}}
FAILURES: dict[str, tuple[Answer, int, str]] = {
    "a refusal": (Answer(400, json.dumps(BLOCKED).encode()), 400, "moderation_blocked"),
    "a page that is called a sound": (Answer(200, b"<html>", {"content-type": "audio/mpeg"}), 500, ""),
    "a picture": (Answer(200, sample("png"), {"content-type": "audio/mpeg"}), 500, ""),
}


@pytest.mark.parametrize(("answer", "status", "code"), FAILURES.values(), ids=FAILURES)
def test_who_waits_for_a_failure_gets_openais_error_and_the_money_back(
    here: Harness, answer: Answer, status: int, code: str
) -> None:
    working(here)
    answering(here, answer)
    before = here.balance
    got, document = here.post(SPEECH, HELLO)
    assert (got, document["error"]["code"]) == (status, code or "audio_generation_failed")
    assert (here.balance, here.drift) == (before, 0)


# --- Transcripts

STAMPS = {"srt": "1\n00:00:00,000 --> 00:00:02,000\n", "vtt": "WEBVTT\n\n1\n00:00:00.000 --> 00:00:02.000\n"}


def test_who_waits_for_a_transcript_gets_it_in_each_form_and_pays_once(here: Harness) -> None:
    working(here)
    for number, (kind, file) in enumerate([("json", "mp3"), ("text", "wav"), ("srt", "weba"), ("vtt", "mp4")], 1):
        before = here.balance
        sent = form(sample(file), model="whisper-1", response_format=kind, temperature="0.2", language="en")
        status, body, headers = asked(here, TRANSCRIPTIONS, **sent)
        plain = "application/json" if kind == "json" else "text/plain; charset=utf-8"
        assert (status, headers["content-type"]) == (200, plain)
        said = body.decode()
        assert (json.loads(said) == {"text": HEARD}) if kind == "json" else said.startswith(STAMPS.get(kind, HEARD))
        (*earlier, call) = here.network.sent("newapi.submit")
        assert (len(earlier), call.body.count(sample(file))) == (number - 1, 1)
        assert all(part in call.body for part in (b"\r\n\r\n0.2\r\n", b"\r\n\r\nen\r\n", b"\r\n\r\nwhisper-1\r\n"))
        assert before - here.balance == nanos("0.216")
    assert here.drift == 0


def test_the_verbose_form_says_who_said_what_when_and_is_told_again(here: Harness) -> None:
    working(here)
    _, body, headers = asked(here, TRANSCRIPTIONS, **form(response_format="verbose_json"))
    said = json.loads(body)
    assert (said["language"], said["duration"], said["text"]) == ("english", 4.0, HEARD)
    assert [each["text"] for each in said["segments"]] == list(WORDS)
    told = here.request("GET", headers["location"].removeprefix(HOST))[1]
    assert (told["object"], told["status"], told["segments"]) == ("audio.transcription", "completed", said["segments"])


def test_words_that_were_heard_while_a_line_was_held_open_are_told(here: Harness) -> None:
    """Whatever endpoint waited: it knows the task as it was created, without words."""
    task_id = here.post(TRANSCRIPTIONS, {"file": LINK, "async": True})[1]["id"]
    here.network.script["file"] = [Answer(200, MP3)]
    here.run(60)
    found = here.services.store.tasks.request(here.account_id, task_id)
    assert found is not None
    waiting = next(each for each in dialect("newapi").routes if each.path == TRANSCRIPTIONS and each.wait)
    asked_for: Ask[Any] = Ask(here.services, None, Inbound("POST", TRANSCRIPTIONS), lambda: None, "", HOST)
    reply = tell(asked_for, waiting, Record(here.task(task_id), found), waited=True)
    assert json.loads(reply.body) == {"text": HEARD}


def test_a_recording_is_named_by_an_address_or_by_an_upload(here: Harness) -> None:
    working(here)
    upload = form(sample("flac"))
    link = here.post("/api/upload/file", **upload)[1]["data"][0]["url"]
    here.network.script["file"] = [Answer(200, MP3)]
    for address, held in ((LINK, MP3), (link, sample("flac"))):
        assert asked(here, TRANSCRIPTIONS, {"model": "whisper-1", "file": address})[0] == 200
        assert here.network.sent("newapi.submit")[-1].body.count(held) == 1
    sent = form()["raw"].replace(b'; filename="talk.mp3"', b"").replace(MP3, link.encode())
    assert asked(here, TRANSCRIPTIONS, raw=sent, headers=form()["headers"])[0] == 200


def test_a_long_recording_is_sent_and_one_that_is_too_long_fails_and_costs_nothing(
    here: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    working(here)
    talk = MP3 + bytes(inlining.MOST_EACH)
    here.network.script["file"] = [Answer(200, talk)] * 9
    assert asked(here, TRANSCRIPTIONS, {"file": LINK})[0] == 200
    before = here.balance
    monkeypatch.setattr(inlining, "MOST_SOUND", len(talk) - 1)
    task_id = here.post(TRANSCRIPTIONS, {"file": LINK, "async": True})[1]["id"]
    here.run(300)
    ended = here.request("GET", f"{TRANSCRIPTIONS}/{task_id}")[1]
    assert (ended["status"], ended["error"]["code"]) == ("failed", "input_fetch_failed")
    assert (here.balance, here.drift, len(here.network.sent("newapi.submit"))) == (before, 0, 1)


def test_a_translation_is_asked_for_where_the_upstream_serves_it(here: Harness) -> None:
    working(here)
    status, body, headers = asked(here, TRANSLATIONS, **form())
    assert (status, json.loads(body), here.network.sent("newapi.submit")[0].url.rpartition("/v1")[2]) == (
        *(200, {"text": HEARD}),
        "/audio/translations",
    )
    assert headers["location"].startswith(f"{HOST}{TRANSLATIONS}/")


def test_silence_is_a_transcript_too(here: Harness) -> None:
    working(here)
    answering(here, Answer(200, b'{"text": ""}'))
    assert asked(here, TRANSCRIPTIONS, **form())[:2] == (200, b'{"text":""}')


def test_a_recording_that_no_request_holds_is_refused_with_the_way_to_it(here: Harness) -> None:
    told = refused(here, "POST", TRANSCRIPTIONS, **form(MP3 + bytes(MAX_DIRECT)))
    assert (told.status, "POST /api/upload/presign" in told.message, "URL" in told.message) == (413, True, True)


# --- What goes wrong

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no text": ({"input": None}, "input"),
    "a blank text": ({"input": " \n"}, "input"),
    "a text that is too long": ({"input": "a" * 4097}, "input"),
    "no voice": ({"voice": None}, "voice"),
    "an unknown voice": ({"voice": "elvis"}, "voice"),
    "an unknown model": ({"model": "tts-9"}, "model"),
    "a model that listens": ({"model": "whisper-1"}, "model"),
    "an unknown type": ({"response_format": "midi"}, "response_format"),
    "haste": ({"speed": 4.1}, "speed"),
    "a speed as text": ({"speed": "1"}, "speed"),
    "instructions for a model that takes none": ({"instructions": "whisper"}, "instructions"),
    "events": ({"stream_format": "sse"}, "stream_format"),
    "async that is none": ({"async": "yes"}, "async"),
    "a private callback": ({"callback_url": "http://client.example/"}, "callback_url"),
}
FORMS_REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no file": ({"raw": b"--b--\r\n", "headers": form()["headers"]}, "file"),
    "a text": (form(b"no sound"), "file"),
    "a picture": (form(sample("png")), "file"),
    "half a sound": (form(sample("ogg")[:-9]), "file"),
    "an unknown form": (form(response_format="pdf"), "response_format"),
    "a temperature": (form(temperature="1.5"), "temperature"),
    "a temperature in words": (form(temperature="hot"), "temperature"),
    "a language": (form(language="Klingon"), "language"),
    "words apart": (form(MP3, **{"timestamp_granularities[]": "word"}), "timestamp_granularities"),
    "events": (form(stream="true"), "stream"),
    "a private address": ({"body": {"file": "http://127.0.0.1/a.mp3"}}, "file"),
    "a picture of ours": ({"body": {"file": "upload"}}, "file"),
}


def test_a_refusal_names_the_clients_field_and_changes_nothing(here: Harness) -> None:
    picture = here.post("/api/upload/file", **form(sample("png")))[1]["data"][0]["url"]
    params = {}
    for name, (fields, _) in REFUSED.items():
        refused(here, "POST", SPEECH, HELLO | fields)
        params[name] = here.post(SPEECH, HELLO | fields)[1]["error"]["param"]
    assert params == {name: field for name, (_, field) in REFUSED.items()}
    for name, (how, _) in FORMS_REFUSED.items():
        sent = {"body": {"file": picture}} if how.get("body") == {"file": "upload"} else how
        refused(here, "POST", TRANSCRIPTIONS, **sent)
        params[name] = here.post(TRANSCRIPTIONS, **sent)[1]["error"]["param"]
    assert params == {name: field for name, (_, field) in {**REFUSED, **FORMS_REFUSED}.items()}


UNKNOWN: dict[str, Answer] = {
    "a gateway": Answer(504, b"<html>"),
    "a document instead of a sound": Answer(200, b'{"id": "resp_1"}', {"content-type": "application/json"}),
    "nothing": Answer(200, b"", {"content-type": "audio/mpeg"}),
}


@pytest.mark.parametrize("answer", UNKNOWN.values(), ids=UNKNOWN)
def test_an_answer_that_says_nothing_is_never_asked_for_again(here: Harness, answer: Answer) -> None:
    answering(here, answer)
    before = here.balance
    task_id = here.post(SPEECH, HELLO | {"async": True})[1]["id"]
    here.run(1000, step=60)
    assert here.task(task_id).state is State.TIMEOUT
    assert (here.balance, here.drift, len(here.network.sent("newapi.submit"))) == (before, 0, 1)
