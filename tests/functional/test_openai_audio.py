"""Speech and transcripts as the published OpenAI client asks for them, over HTTP."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from httpx2 import MockTransport, Request, Response
from openai import BadRequestError, DefaultHttpxClient, OpenAI

from local.upstreams.newapi.audio import WORDS
from relay.families.newapi.audio.words import MOST_INSIDE
from relay.nouns.media import sniff
from relay.nouns.wire import Answer
from tests.functional.harness import KEY, Harness, harness
from tests.functional.serving import served
from tests.samples import sample


def _stored(here: Harness, request: Request) -> Response:
    """The bucket, which is asked without our key."""
    assert "authorization" not in request.headers
    return Response(200, content=here.bytes_of(request.url.path[1:]))


def test_speech_is_bytes_and_a_transcript_is_what_its_form_says() -> None:
    with harness(archive=True, balance="1000") as here, served(here) as relay:
        here.switch_on("newapi")
        here.services = replace(here.services, pause=lambda seconds: here.run(seconds, step=1))
        http = DefaultHttpxClient(
            mounts={"all://*.amazonaws.com": MockTransport(lambda request: _stored(here, request))}
        )
        with OpenAI(api_key=KEY, base_url=f"{relay.url}/v1", max_retries=0, http_client=http) as client:
            spoken = client.audio.speech.create(model="tts-1", voice="nova", input="Hello.", response_format="opus")
            found = sniff(spoken.content)
            assert (found and found.extension, spoken.response.headers["content-type"]) == ("ogg", "audio/opus")
            long = sample("wav") + bytes(MOST_INSIDE)
            here.network.script["newapi.submit"] = [Answer(200, long, {"content-type": "audio/wav"})]
            assert client.audio.speech.create(model="tts-1", voice="nova", input="Hello.").content == long
            talk = ("talk.mp3", io.BytesIO(sample("mp3")))
            assert client.audio.transcriptions.create(model="whisper-1", file=talk).text == " ".join(WORDS)
            heard = client.audio.transcriptions.create(
                model="whisper-1", file=("talk.wav", sample("wav")), response_format="verbose_json", language="en"
            )
            assert [each.text for each in heard.segments or ()] == list(WORDS)
            written = client.audio.transcriptions.create(
                model="whisper-1", file=("talk.flac", sample("flac")), response_format="srt", temperature=0.3
            )
            assert str(written).startswith("1\n00:00:00,000 --> ")
            with pytest.raises(BadRequestError) as refused:
                client.audio.speech.create(model="tts-1", voice="alloy", input=" ")
            assert (refused.value.param, refused.value.type) == ("input", "invalid_request_error")
