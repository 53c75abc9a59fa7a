"""How we speak to AI Hub: OpenAI's chat in an envelope, streamed in events that hold little but text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from relay.families.aihub.words import COMPLETIONS, FAMILY, STREAM
from relay.families.chat import CHAT
from relay.families.inference import Event, EventReader, InferenceApi
from relay.families.inference_answers import broken_answer, write_to
from relay.families.provider import Provider
from relay.families.reading import MAX_CODE, as_object, as_objects, as_text, read_wait
from relay.families.refusals import (
    BAD_VALUE,
    FULL,
    LACKING,
    OTHER,
    OUR_KEY,
    REFUSED_BY_POLICY,
    STATUSES,
    Row,
    refused,
    speaks_of_policy,
)
from relay.nouns.errors import Refused
from relay.nouns.inference import Inference
from relay.nouns.wire import Answer, Call, Json

# An error's own code counts before the status, and that before the type, which documents give wrongly for a bad key.
CODES: Mapping[str, Row] = {
    **dict.fromkeys(("missing_api_key", "invalid_api_key", "account_frozen"), OUR_KEY),
    **dict.fromkeys(("quota_exceeded", "insufficient_balance"), OUR_KEY),
    **dict.fromkeys(("model_not_found", "model_not_allowed", "not_found", "not_supported"), LACKING),
    **dict.fromkeys(("rate_limit_exceeded", "concurrency_limit_exceeded"), FULL),
    **dict.fromkeys(("missing_parameter", "invalid_parameter"), BAD_VALUE),
}
_STATUSES = {**STATUSES, 403: LACKING}
TYPES: Mapping[str, Row] = {
    "invalid_request_error": BAD_VALUE,
    "authentication_error": OUR_KEY,
    "permission_error": LACKING,
    "rate_limit_error": FULL,
}
LACKED = (
    "tools",
    "functions",
    "response_format",
    "logprobs",
    "audio",
)  # fields whose answers its events have no place for


def lacks(asked: Inference) -> str:
    document = asked.document
    if document.get("n") not in (None, 1):
        return "n"
    return next((name for name in LACKED if document.get(name)), "")


def write_chat(asked: Inference, model: str) -> Call:
    """The request; OpenAI's newer word for a bound becomes the one that is read here."""
    newer = {"max_completion_tokens": "max_tokens"}
    document = {newer.get(name, name): value for name, value in asked.document.items()}
    document |= {"model": model}
    if not asked.streamed:
        return write_to(COMPLETIONS, asked, document)
    options = {**as_object(document.get("stream_options")), "include_usage": True}
    return write_to(STREAM, asked, {**document, "stream": True, "stream_options": options})


def refuse(answer: Answer) -> Refused:
    """What an answer that is no success means."""
    error = as_object(as_object(answer.body).get("error"))
    code, words = as_text(error.get("code"), MAX_CODE), as_text(error.get("message"))
    said = as_text(error.get("type"), MAX_CODE)
    row = CODES.get(code) or _STATUSES.get(answer.status) or TYPES.get(said, OTHER)
    if row is BAD_VALUE and speaks_of_policy(words):
        row = REFUSED_BY_POLICY
    return refused(row, code or said or str(answer.status), words, read_wait(answer))


def read_chat(answer: Answer) -> Mapping[str, Json]:
    """What is in the envelope, without what the call cost us."""
    document = as_object(answer.body)
    data = as_object(document.get("data"))
    if document.get("error") or document.get("success") is False:
        raise refuse(answer)
    if not as_objects(data.get("choices")):
        raise broken_answer(document)
    return {name: value for name, value in data.items() if name != "cost"}


class ChatReader(EventReader):
    """Makes OpenAI's chunks of its events: with role, model, time, and an end that is told before what was used."""

    _id = ""
    _ended = False

    def __init__(self, asked: Inference, now: int) -> None:
        super().__init__(asked, now)
        self._begun = set[int]()

    def read(self, event: Event) -> Iterable[Event]:
        document, usage = event.document, as_object(event.document.get("usage"))
        self._id = as_text(document.get("id")) or self._id
        choices = [self._choice(each) for each in as_objects(document.get("choices")) if not usage or _says(each)]
        if choices:
            self._ended = self._ended or any(each["finish_reason"] for each in choices)
            yield self._chunk(choices)
        if usage:
            yield from self.finish()
            yield self._chunk([], usage=usage)

    def finish(self) -> Iterable[Event]:
        if not self._ended:
            self._ended = True
            yield self._chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}])

    def _choice(self, said: Mapping[str, Json]) -> dict[str, Json]:
        index = said["index"] if type(said.get("index")) is int else 0
        role = {} if index in self._begun else {"role": "assistant"}
        self._begun.add(index)
        return {
            "index": index,
            "delta": {**role, **as_object(said.get("delta"))},
            "finish_reason": said.get("finish_reason"),
        }

    def _chunk(self, choices: Json, **more: Json) -> Event:
        head = {"id": self._id, "object": "chat.completion.chunk", "created": self.now, "model": self.asked.said}
        return Event(b"").saying({**head, "choices": choices, **more})


def _says(said: Mapping[str, Json]) -> bool:
    return bool(said.get("finish_reason") or as_object(said.get("delta")).get("content"))


class AihubProvider(Provider):
    family = FAMILY


PROVIDER = AihubProvider({}, {CHAT.name: InferenceApi(CHAT, write_chat, refuse, read_chat, ChatReader, lacks)})
