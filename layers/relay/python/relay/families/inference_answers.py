"""Reading what upstreams answer to model calls, in any shape: documents, events, and what they say was used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from relay.families.bodies import MAX_DEPTH, deeper
from relay.families.inference import Event
from relay.families.inference_requests import BYTES_PER_TOKEN, MOST_OUTPUT
from relay.families.reading import MAX_CODE, as_object, as_text, parse
from relay.nouns.errors import Refused
from relay.nouns.inference import Inference, Tokens
from relay.nouns.wire import Answer, Call, Json

# The fields whose text a model wrote, in any of the shapes.
_WRITTEN = re.compile(
    rb'"(?:content|text|reasoning_content|refusal|arguments|thinking|partial_json|delta)"\s*:\s*"((?:[^"\\]|\\.)*)"'
)


def written(document: bytes) -> int:
    """About how many bytes of text a model wrote, in a JSON document of any shape."""
    found: list[bytes] = _WRITTEN.findall(document)
    return sum(map(len, found)) - 3 * sum(text.count(b"\\u") for text in found)  # six characters stand for three bytes


def read_answer(answer: Answer) -> Mapping[str, Json]:
    """The JSON object of an answer. Raises Refused for what is none, and for an error in it."""
    document = as_object(answer.body)
    if not document or document.get("error") or _too_deep(answer.body, document):
        raise broken_answer(document)
    return document


def _too_deep(text: bytes | str, document: Json) -> bool:
    """Whether it nests deeper than it could be written again."""
    data = text.encode(errors="replace") if isinstance(text, str) else text
    return data.count(b"[") + data.count(b"{") > MAX_DEPTH and deeper(document, MAX_DEPTH)


def named_field(answer: Answer, document: Mapping[str, Json]) -> str | None:
    """The request's own field that a refusal names, in OpenAI's way and that of its many copies."""
    said = as_text(as_object(as_object(answer.body).get("error")).get("param"), MAX_CODE)
    return said if re.fullmatch(r"[\w.\[\]]+", said) and re.split(r"[.\[]", said)[0] in document else None


def broken_answer(document: Mapping[str, Json]) -> Refused:
    error = as_object(document.get("error"))
    code = as_text(error.get("code") or error.get("type"), MAX_CODE)
    return Refused(
        "the answer is not readable", elsewhere=True, upstream_code=code, words=as_text(error.get("message"))
    )


def read_raw_event(raw: bytes) -> Event | None:
    """An event that came, or None for a comment, `[DONE]` and what else says nothing. Raises Refused for one that
    reports an error and for one that is no JSON object."""
    if raw.startswith(b"data: {") and raw.count(b"\n") == 2:  # as nearly all are
        return _event(raw, "", raw[6:])
    name, said = "", list[str]()
    for line in raw.decode(errors="replace").replace("\r\n", "\n").split("\n"):
        field_name, _, value = line.partition(":")
        if field_name == "data":
            said.append(value.removeprefix(" "))
        elif field_name == "event":
            name = value.strip()
    data = "\n".join(said).strip()
    return None if not data or data.startswith("[DONE]") else _event(raw, name, data)


def _event(raw: bytes, name: str, data: str | bytes) -> Event:
    document = parse(data)
    if not isinstance(document, dict) or document.get("error") or name == "error" or _too_deep(data, document):
        raise broken_answer(document if isinstance(document, dict) else {})
    return Event(raw, name, document)


def write_to(path: str, asked: Inference, document: Mapping[str, Json], accept: str = "") -> Call:
    """The call of a request, whose answer is a stream where it asks for one."""
    said = accept or ("text/event-stream" if asked.streamed else "application/json")
    return Call.json("POST", path, dict(document), {"accept": said, **asked.headers})


def estimated(asked: Inference, used: Tokens | None, wrote: int) -> Tokens:
    """What a call used where its upstream did not say at the end: what it said before, at least what came of it."""
    output = -(-wrote // BYTES_PER_TOKEN)
    if used is None:
        return Tokens(asked.estimate.input, output)
    return replace(used, output=max(used.output, output))


def count(usage: Mapping[str, Json], name: str) -> int:
    """A number of tokens; 0 for what cannot be one."""
    said = usage.get(name)
    return min(said, MOST_OUTPUT) if isinstance(said, int) and not isinstance(said, bool) and said > 0 else 0
