"""Streams of the shapes that are not OpenAI's chat: what keeps them awake, and how each says that it broke off."""

from __future__ import annotations

import json
from collections.abc import Mapping

from relay.families.inference import Event, EventWriter, named
from relay.families.newapi.inference.usage import message_lacks_usage
from relay.nouns.errors import RelayError
from relay.nouns.inference import Bill, Tokens
from relay.nouns.wire import JSON, Json, compact


class MessageWriter(EventWriter):
    heartbeat = b'event: ping\ndata: {"type": "ping"}\n\n'
    _stopped = False

    def show(self, document: Mapping[str, Json], bill: Bill | None) -> Mapping[str, Json]:
        self._stopped = self._stopped or document.get("type") == "message_stop"
        if bill and message_lacks_usage(document):
            document = _with_usage(document, bill.used)
        return super().show(document, bill)

    def end(self, bill: Bill) -> bytes:
        return b"" if self._stopped else b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

    def broken(self, error: RelayError) -> bytes:
        return b"event: error\ndata: " + self.write_error(error, "").body + b"\n\n"


def _with_usage(document: Mapping[str, Json], used: Tokens) -> Mapping[str, Json]:
    """The event with what was used so far, which its upstream did not say."""
    if "message" not in document:
        return {**document, "usage": {"output_tokens": used.output}}
    usage = {"input_tokens": used.input, "output_tokens": used.output}
    return {**document, "message": {**document["message"], "usage": usage}}


class ResponseWriter(EventWriter):
    """OpenAI's clients raise for no event, so a response that broke off is told as one that has failed."""

    _response: Mapping[str, Json] | None = None
    _number = -1

    def show(self, document: Mapping[str, Json], bill: Bill | None) -> Mapping[str, Json]:
        shown = super().show(document, bill)
        if isinstance(shown.get("response"), dict):
            self._response = shown["response"]
        if isinstance(shown.get("sequence_number"), int):
            self._number = shown["sequence_number"]
        return shown

    def broken(self, error: RelayError) -> bytes:
        told: Mapping[str, Json] = json.loads(self.write_error(error, "").body)["error"]
        place = {"sequence_number": self._number + 1}
        if self._response is None:  # of a document with an `error` they do raise
            event = {"type": "error", "code": told["code"], "message": told["message"], "param": None, "error": told}
            return Event(b"", "error").saying({**event, **place}).raw
        failed = {"status": "failed", "error": {"code": "server_error", "message": told["message"]}}
        event = {"type": "response.failed", "response": {**self._response, **failed}}
        return Event(b"", "response.failed").saying({**event, **place}).raw


class ContentArrayWriter(EventWriter):
    """Google's stream for who does not ask for events: one JSON array, which arrives in pieces."""

    content_type = JSON
    heartbeat = b"\n"
    _begun = False

    def write(self, event: Event, bill: Bill | None) -> bytes:
        return self._next(compact(self.show(named(event.document, self.asked.said), bill)))

    def end(self, bill: Bill) -> bytes:
        return b"]" if self._begun else b"[]"

    def broken(self, error: RelayError) -> bytes:
        return self._next(self.write_error(error, "").body) + b"]"

    def _next(self, document: bytes) -> bytes:
        before, self._begun = b",\r\n" if self._begun else b"[", True
        return before + document
